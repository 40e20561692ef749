"""How a label stands in the audit file, and how a resume finds there what was said before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from airoute_cli.core.label import Label
from airoute_cli.edges.run_folder.labels import KnownLabel, LabelIndex


def label_told(label: Label) -> dict[str, Any]:
    """A label as a record tells it; what is absent is left out. The task follows from the rest."""
    told = asdict(label).items()
    stands = {"confidence": label.confidence is not None, "task": False}
    return {key: value for key, value in told if stands.get(key, bool(value))}


def label_in(told: Mapping[str, Any]) -> Label:
    """The label that a record tells, its task still open. Raises KeyError or TypeError."""
    return Label(task="", **told)


def note_label(told: Mapping[str, Any], labels: LabelIndex | None) -> None:
    """Take in what a record tells of a text and its label; only that of a decision does."""
    if labels is None:
        return
    label = told.get("features", {}).get("label", {})
    if "of" in label:
        known = KnownLabel(label["said"], label.get("confidence"), label["by"])
        labels.put(bytes.fromhex(label["of"]), known)
