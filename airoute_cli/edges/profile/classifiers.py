"""The classifier that the profile names, with all its examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airoute_cli.core.profile import Classifier
from airoute_cli.edges.profile.files import LINES, OpenFile
from airoute_cli.edges.profile.problems import Problems, nearest
from airoute_cli.edges.profile.tables.conditions import WhenTable
from airoute_cli.edges.profile.tables.document import Document
from airoute_cli.edges.profile.tables.run import ClassifierTable

# Examples times labels: to learn from so many takes about 40 seconds and 300 MB.
MOST_TARGETS = 5_000_000


def resolve_classifier(
    tables: Document, open_file: OpenFile, problems: Problems
) -> Classifier | None:
    """The one of ``[profile] classifier``, None without it.

    What is wrong with any of them is noted.
    """
    found = {
        name: _classifier(name, table, open_file, problems)
        for name, table in tables.classifiers.items()
    }
    wanted = tables.profile.classifier
    if wanted is None:
        return None
    if wanted not in found:
        message = f'there is no classifier "{wanted}".'
        problems.add(("profile", "classifier"), message, nearest(wanted, found))
        return None
    _refuse_in_rules(tables, problems)
    return found[wanted]


def _refuse_in_rules(tables: Document, problems: Problems) -> None:
    """Labels choose routes; who may answer is decided by facts."""
    for number, rule in enumerate(tables.policy.rules):
        if rule.when is not None and _reads_task(rule.when):
            problems.add(
                ("policy", "rules", number, "when"),
                "a rule cannot go by the task of a classifier: a label may be wrong.",
                "Say it by what stands in the row (contains_any, regex, metadata, detects), or "
                "remove [profile] classifier.",
            )


def _reads_task(when: WhenTable) -> bool:
    inner = (*when.all, *when.any, *([when.not_] if when.not_ else []))
    return bool(when.task) or any(map(_reads_task, inner))


def _classifier(
    name: str, table: ClassifierTable, open_file: OpenFile, problems: Problems
) -> Classifier | None:
    examples = [(text, label) for label, texts in table.examples.items() for text in texts]
    if table.examples_file is not None:
        try:
            examples += _from_file(table.examples_file, open_file)
        except ValueError as error:
            problems.add(("classifiers", name, "examples_file"), str(error))
            return None
    labels = len({label for _, label in examples})
    if labels < 2:  # noqa: PLR2004 - one from another
        message = "it needs examples of at least two labels."
        problems.add(("classifiers", name), message, 'Write examples = { refund = ["…"], … }.')
        return None
    if len(examples) * labels > MOST_TARGETS:
        most = MOST_TARGETS // labels
        message = (
            f"it has {len(examples):,} examples; at most {most:,} of {labels:,} labels can be used."
        )
        problems.add(("classifiers", name), message, "Keep those that differ most.")
        return None
    return Classifier(name, tuple(examples), table.default, table.min_confidence)


def _from_file(name: str, open_file: OpenFile) -> Iterator[tuple[str, str]]:
    if not name.endswith(LINES):
        raise ValueError(f"{name} does not end in {LINES}.")
    for number, line in enumerate(open_file(name), 1):
        yield _example(line, f"{name}, example {number}")


def _example(line: Any, where: str) -> tuple[str, str]:
    text, label = (line.get(key) if isinstance(line, dict) else None for key in ("text", "label"))
    if not (isinstance(text, str) and text and isinstance(label, str) and label):
        raise ValueError(f'{where} is not {{"text": "…", "label": "…"}}.')
    return text, label
