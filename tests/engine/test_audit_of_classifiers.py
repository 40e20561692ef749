"""A task that was found by embeddings is part of the decision, which holds without the weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from airoute_cli.core.errors import SetupError
from airoute_cli.edges.profile import classifiers
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine import open_profile as open_profile_module
from airoute_cli.engine.audit_trail import AuditTrail, end_pass
from airoute_cli.engine.audit_verify import verify
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.engine.stored_profile import keep_profile
from airoute_cli.routing.planner import Planner
from tests.engine.audited import PROFILE, SEAL, carry_out
from tests.routing.classify.meanings import Meanings

CLASSIFIER = """
[profile]
classifier = "intent"
[classifiers.intent]
kind = "examples"
features = "embeddings"
examples = { greeting = ["good morning", "hi there"], money = ["cash please", "my coins"] }
"""


def no_embedder(text: str) -> list[float]:
    raise SetupError("nothing may be embedded again")


def test_the_decisions_are_derived_again_without_an_embedder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    money, greeting = dict.fromkeys(("refund", "cash", "coins"), 0), dict.fromkeys(("h", "g"), 1)
    monkeypatch.setattr(classifiers, "MiniLM", lambda: Meanings(**money, **greeting))
    monkeypatch.setattr(open_profile_module, "missing_embedder", lambda: None)
    source = tmp_path / "airoute.toml"
    source.write_text(CLASSIFIER + PROFILE.replace('contains_any = ["refund"]', 'task = "money"'))
    profile = open_profile(source, {})
    with RunFolder.create(tmp_path / "run") as folder:
        chain = keep_profile(folder, profile)
        folder.write_manifest({"passes": 1, "state": "running"})
        carry_out(folder, AuditTrail(folder.audit, chain, SEAL, 1), Planner(profile))
        end = end_pass(folder.audit, 1, "finished", {"in": 4})
        folder.write_manifest({"passes": 1, "state": "finished", "audit": end})
    assert b'"task":"money"' in (tmp_path / "run" / "audit.jsonl").read_bytes()
    monkeypatch.setattr(classifiers, "MiniLM", lambda: no_embedder)

    verdict = verify(tmp_path / "run", None)

    assert (verdict.faults, verdict.decisions) == ([], 4)
