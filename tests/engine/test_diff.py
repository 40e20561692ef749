"""Two profiles on the same rows: every aspect is seen, and what stays is not told."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airoute_cli.core.profile import Profile, UnknownPrice
from airoute_cli.engine.batch import BatchOptions
from airoute_cli.engine.diff import IDS_TOLD, compare
from airoute_cli.engine.open_profile import reopen_profile

FREE = {"input": 0, "output": 0}


def profile(routes: list[dict[str, Any]], rules: list[dict[str, Any]] | None = None) -> Profile:
    eu = "https://eu.api.openai.com/v1"
    document = {
        "providers": {
            "far": {"api": "openai", "base_url": "https://far.example/v1", "api_key_env": "K"},
            "eu": {"api": "openai", "base_url": eu, "api_key_env": "K"},
            "desk": {"api": "openai", "base_url": "http://127.0.0.1:1/v1", "api_key_env": "K"},
        },
        "models": {
            "far": {"provider": "far", "name": "far", "price": {"input": 1, "output": 1}},
            "dear": {"provider": "far", "name": "dear", "price": {"input": 9, "output": 9}},
            "eu": {"provider": "eu", "name": "eu", "price": FREE},
            "desk": {"provider": "desk", "name": "desk", "price": "free", "private": True},
        },
        "policy": {"rules": rules or []},
        "routes": routes,
    }
    return reopen_profile(document, "profile.toml")


def route(*models: str, name: str = "rest", **more: Any) -> dict[str, Any]:
    return {"name": name, "models": list(models), **more}


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    given = [
        {"custom_id": "plain", "prompt": "hello"},
        {"custom_id": "mail", "prompt": "I am anna@example.com", "metadata": {"tier": "free"}},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in given))
    return path


def told(rows: Path, old: Profile, new: Profile) -> dict[str, Any]:
    return compare(BatchOptions(str(rows)), old, new)


def found(told: dict[str, Any]) -> set[tuple[Any, ...]]:
    return {
        (group["aspect"], group["old"], group["new"], group["rows"]) for group in told["groups"]
    }


def rule(**more: Any) -> dict[str, Any]:
    return {"name": "r", **more}


def test_a_profile_does_not_differ_from_itself(rows: Path):
    same = told(rows, profile([route("far")]), profile([route("far")]))
    assert same["groups"] == []
    assert same["rows"] == {"in": 2, "same": 2, "changed": 0, "unusable": 0}
    assert same["cost"]["old"] == same["cost"]["new"] != {}


FAR = [route("far", "dear")]
MASKS = rule(when={"detects": ["pii"]}, redact=["pii.email"], require={"private": True})


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ((FAR,), ([route("far", "dear", name="other")],), ("route", "rest", "other", 2)),
        ((FAR,), ([route("dear", "far")],), ("model", "far", "dear", 2)),
        ((FAR,), ([route("far")],), ("chain", "dear", "nobody", 2)),
        (
            (FAR,),
            ([route("far", "dear", strategy="cheapest")],),
            ("strategy", "fallback", "cheapest", 2),
        ),
        ((FAR,), ([route("desk")],), ("privacy", "not private", "private", 2)),
        ((FAR,), ([route("eu")],), ("regions", "unknown", "eu", 2)),
        ((FAR,), (FAR, [MASKS]), ("redaction", "nothing masked", "pii.email", 1)),
        ((FAR,), (FAR, [rule(require={"regions": ["eu"]})]), ("end", "routed", "refused", 2)),
        ((FAR,), (FAR, [rule(forbid={"models": ["dear"]})]), ("eligible", "dear", None, 2)),
        ((FAR,), ([route("far", "dear", system="Be brief.")],), ("sent", None, "messages", 2)),
        (
            (FAR,),
            ([route("far", "dear", params={"temperature": 0})],),
            ("sent", None, "temperature", 2),
        ),
        ((FAR,), ([route("dear", "far")],), ("cost", None, "dearer", 2)),
        (([route("dear")],), ([route("far")],), ("cost", None, "cheaper", 2)),
    ],
)
def test_each_aspect_is_told(
    rows: Path, old: tuple[Any, ...], new: tuple[Any, ...], wanted: tuple[Any, ...]
):
    result = told(rows, profile(*old), profile(*new))
    assert wanted in found(result)
    assert result["changed"][wanted[0]] == wanted[3]
    assert result["rows"]["changed"] == wanted[3]


def test_a_model_that_goes_or_comes_is_told_with_the_rule_behind_it(rows: Path):
    free = rule(when={"metadata": {"tier": "free"}}, require={"private": True})
    result = told(rows, profile(FAR), profile([*FAR], [free]))
    eligible = [group for group in result["groups"] if group["aspect"] == "eligible"]
    assert {(group["old"], group["why"]) for group in eligible} == {
        (name, 'policy "r"') for name in ("far", "dear", "eu")
    }
    assert all(group["ids"] == ["mail"] for group in eligible)
    back = told(rows, profile([*FAR], [free]), profile(FAR))
    eligible = [group for group in back["groups"] if group["aspect"] == "eligible"]
    assert {(group["new"], group["why"]) for group in eligible} == {
        (name, 'policy "r"') for name in ("far", "dear", "eu")
    }


def test_a_name_that_means_another_model_is_a_change(rows: Path):
    old = profile([route("far")])
    document = {**old.document, "models": {**old.document["models"]}}
    document["models"]["far"] = {**document["models"]["far"], "name": "far-2"}
    new = reopen_profile(document, "new.toml")
    model = next(group for group in told(rows, old, new)["groups"] if group["aspect"] == "model")
    assert (model["old"], model["new"]) == (
        "far (far at https://far.example/v1)",
        "far (far-2 at https://far.example/v1)",
    )


def test_costs_are_summed_over_all_rows_and_an_unknown_one_is_counted(rows: Path):
    old, new = profile([route("far")]), profile([route("dear")])
    cost = told(rows, old, new)["cost"]
    assert cost["new"]["worst_usd"] == pytest.approx(9 * cost["old"]["worst_usd"])
    assert cost["old"]["worst_usd"] > 2 * 1024 / 1e6  # the default cap of both rows
    unpriced = {name: replace(model, price=None) for name, model in new.models.items()}
    new = replace(new, models=unpriced, unknown_price=UnknownPrice.ALLOW)
    result = told(rows, old, new)
    assert result["cost"]["new"] == {"expected_usd": 0.0, "worst_usd": 0.0, "unpriced": 2}
    assert ("cost", None, "unpriced", 2) in found(result)


def test_a_row_that_cannot_be_read_is_counted_and_told(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"custom_id": "a", "prompt": "hi"}\nnot json\n{"custom_id": "a", "prompt": "x"}\n'
    )
    result = told(path, profile(FAR), profile(FAR))
    assert result["rows"] == {"in": 3, "same": 1, "changed": 0, "unusable": 2}
    assert [failure["code"] for failure in result["failures"]] == ["duplicate_id", "invalid_json"]


def test_memory_does_not_grow_with_the_rows(tmp_path: Path):
    old, new = profile(FAR), profile([route("dear", system="Be brief.")])

    def peak(count: int) -> int:
        path = tmp_path / f"{count}.jsonl"
        filler = "x" * 2_000
        path.write_text("".join(f'{{"prompt": "{number} {filler}"}}\n' for number in range(count)))
        tracemalloc.start()
        result = compare(BatchOptions(str(path)), old, new)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert result["rows"]["changed"] == count
        assert max(len(group["ids"]) for group in result["groups"]) == IDS_TOLD
        return most

    few = peak(300)
    assert peak(1_500) < 1.5 * few
