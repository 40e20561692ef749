"""The estimate of a run: rows that cost the same are costed once, and add up as one by one."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from airoute_cli.core.profile import Profile
from airoute_cli.engine import dry_run
from airoute_cli.engine.batch import BatchOptions
from airoute_cli.engine.counts import Counts
from airoute_cli.engine.dry_run import estimate, usable_rows
from airoute_cli.engine.open_profile import reopen_profile
from airoute_cli.routing.planner import Planner

INTENT = {"kind": "model", "model": "dear", "labels": {"code": "a program", "other": "all else"}}
LABELLED = {"classifiers": {"intent": INTENT}, "profile": {"classifier": "intent"}}


def profile(*, labelled: bool) -> Profile:
    models = {
        name: {"provider": "far", "name": name, "price": {"input": price, "output": price}}
        for name, price in (("cheap", 0.15), ("dear", 3))
    }
    code = {"name": "code", "models": ["dear", "cheap"], "strategy": "cheapest"}
    document = {
        "providers": {
            "far": {"api": "openai", "base_url": "https://f.example", "api_key_env": "K"}
        },
        "models": models,
        "routes": [
            {**code, "when": {"task": ["code"]}},
            {"name": "long", "models": ["dear"], "when": {"min_input_tokens": 30}},
            {"name": "rest", "models": ["cheap"], "fallback": ["dear"]},
        ],
    }
    return reopen_profile(document | (LABELLED if labelled else {}), "profile.toml")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Rows of a few sizes that come again and again, some with an id that is taken."""
    path = tmp_path / "rows.jsonl"
    with path.open("w") as file:
        for number in range(300):
            said = ("fix this Python code", "good morning")[number % 2]
            more = number * 4 % 180
            row = {"custom_id": f"row-{number % 290}", "prompt": f"{said} {'x' * more}"}
            if number % 3 == 0:  # as long as each other, with shorter and longer texts of the user
                row["system"] = "y" * (200 - more)
            file.write(json.dumps(row) + "\n")
    return path


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("kept", [2, 1_000])
def test_shares_add_up_as_rows_one_by_one(
    rows: Path, monkeypatch: pytest.MonkeyPatch, *, labelled: bool, kept: int
):
    monkeypatch.setattr(dry_run, "_MOST_ALIKE", kept)
    options, given = BatchOptions(str(rows)), profile(labelled=labelled)
    plans = [Planner(given).plan(row, {}) for row in usable_rows(options, Counts())]
    told = estimate(options, given)
    assert told["rows"] | {"in": 300, "routed": 290, "failed": 10} == told["rows"]
    by_share = Counter((plan.route, plan.calls[0].model) for plan in plans)
    assert {(one["route"], one["model"]): one["rows"] for one in told["shares"]} == by_share
    assert len(by_share) >= (1 if labelled else 3)
    assert told["total"] == {
        "input_tokens": sum(plan.calls[0].input_tokens for plan in plans),
        "expected_usd": float(sum((plan.expected_usd or 0 for plan in plans), Decimal(0))),
        "worst_usd": float(sum((plan.worst_usd or 0 for plan in plans), Decimal(0))),
        "unpriced": 0,
    }


@pytest.mark.parametrize(("limit", "usable"), [(1, 1), (256, 256), (257, 257), (295, 290)])
def test_no_more_rows_than_the_limit_are_taken(rows: Path, limit: int, usable: int):
    counts = Counts()
    assert len(list(usable_rows(BatchOptions(str(rows), limit=limit), counts))) == usable
    assert counts.rows_in == limit
