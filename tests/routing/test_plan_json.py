from __future__ import annotations

import json
from typing import Any

from airoute_cli.core.profile import Route, UnknownPrice
from airoute_cli.core.settings import Settings
from airoute_cli.routing.plan_json import plan_to_dict
from airoute_cli.routing.planner import Planner


def test_a_plan_as_json(make: Any):
    planner = Planner(make.profile([Route("r", "single", ("a",))]))
    row = make.row("x" * 24, settings=Settings(max_output_tokens=90))
    assert json.loads(json.dumps(plan_to_dict(planner.plan(row, {}, explain=True)))) == {
        "route": "r",
        "strategy": "single",
        "reason": 'route "r": the default; single: the only model',
        "refusal": None,
        "expected_usd": 0.0001,
        "worst_usd": 0.0001,
        "calls": [
            {
                "model": "a",
                "role": "answer",
                "input_tokens": 10,
                "max_output_tokens": 90,
                "expected_usd": 0.0001,
                "worst_usd": 0.0001,
                "dropped": [],
            }
        ],
        "instead": [],
        "candidates": [
            {"model": "a", "eligible": True, "taken": True, "reason": "single: the only model"}
        ],
        "rules": [{"route": "r", "matched": True, "reason": "the default"}],
        "policy": {
            "rules": [],
            "eligible": ["a", "b", "c"],
            "scanned": None,
            "findings": {},
            "unread": [],
            "redacted": [],
            "verdicts": [],
            "excluded": {},
            "on_empty": None,
        },
    }


def test_an_unknown_price_is_null(make: Any):
    models = [make.model("a", None)]
    profile = make.profile([Route("r", "single", ("a",))], models, UnknownPrice.ALLOW)
    found = plan_to_dict(Planner(profile).plan(make.row(), {}))
    assert (found["expected_usd"], found["worst_usd"]) == (None, None)
    assert found["calls"][0]["worst_usd"] is None
