"""The examples are what the documents say: whole rows, known keys, routes that are all of use."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from airoute_cli.cli.app import app
from airoute_cli.core.plan import Plan
from airoute_cli.core.request import Row
from airoute_cli.edges.rows.source import open_rows
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.routing.planner import Planner

EXAMPLES = Path(__file__).parents[2] / "examples"
STEPS = ("steps.jsonl", "steps.toml", "cases.jsonl", "brief.toml", "shape.toml")
STEPS += ("tasks.toml", "intents.toml")
LEARNED = ("learned.toml", "graded.jsonl")
PROFILES = ("starter.toml", "multi.toml", "policy.toml", "policy-next.toml", "budget.toml")

# The contract of the profile: the keys of each table. None stands for free names.
LIMITS = {"requests_per_minute", "tokens_per_minute"}
WHEN = {
    "contains_any",
    "regex",
    "starts_with",
    "min_input_tokens",
    "max_input_tokens",
    "min_complexity",
    "max_complexity",
    "task",
    "requires",
    "metadata",
    "all",
    "any",
    "not",
    "detects",
}
KEYS = {
    "profile": {"name"},
    "policy": {"rules", "budget", "tiers", "on_budget"},
    "providers": LIMITS
    | {
        "api",
        "base_url",
        "api_key_env",
        "api_key_cmd",
        "headers",
        "region",
        "max_concurrency",
        "timeout",
    },
    "models": LIMITS
    | {
        "provider",
        "name",
        "price",
        "price_as",
        "context_window",
        "max_output_tokens",
        "capabilities",
        "retention",
        "private",
        "params",
        "budget",
    },
    "routes": {
        "name",
        "when",
        "strategy",
        "models",
        "fallback",
        "weights",
        "system",
        "params",
        "on_truncated",
        "budget",
        "on_budget",
    },
}
PRICE = {"input", "output", "cached_input", "cache_write", "reasoning"}
METADATA = {
    "tier": {"free", "pro", "enterprise"},
    "region": {"eu", "us", "apac"},
    "channel": {"email", "chat", "app", "api"},
}


def tickets() -> list[dict[str, Any]]:
    # Not splitlines(), which also splits on U+2028 inside a string.
    lines = (EXAMPLES / "tickets.jsonl").read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1]]


def turns(row: dict[str, Any]) -> list[dict[str, str]]:
    if "prompt" in row:
        return [{"role": "user", "content": row["prompt"]}]
    return row["body"]["messages"] if "body" in row else row["messages"]


def profile(name: str) -> dict[str, Any]:
    return tomllib.loads((EXAMPLES / name).read_text(encoding="utf-8"))


def conditions(when: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A ``when`` and every one within it."""
    yield when
    inner = [*when.get("all", ()), *when.get("any", ())]
    for part in [*inner, when["not"]] if "not" in when else inner:
        yield from conditions(part)


def test_there_are_many_tickets_and_each_has_its_own_id() -> None:
    ids = [row["custom_id"] for row in tickets()]
    assert ids == [f"ticket-{number:03d}" for number in range(1, len(ids) + 1)]
    assert len(ids) >= 60


def test_every_line_is_one_compact_object_and_the_file_ends_with_a_newline() -> None:
    data = (EXAMPLES / "tickets.jsonl").read_bytes()
    assert data.endswith(b"}\n")
    assert b"\r" not in data
    assert not data.startswith(b"\xef\xbb\xbf")
    assert all(line.startswith(b'{"custom_id": ') for line in data.split(b"\n")[:-1])


def test_every_ticket_has_one_of_three_shapes() -> None:
    shapes = Counter(frozenset(row.keys() - {"custom_id", "metadata"}) for row in tickets())
    assert shapes.keys() == {
        frozenset({"prompt"}),
        frozenset({"messages"}),
        frozenset({"method", "url", "body"}),
    }
    assert shapes[frozenset({"prompt"})] > shapes[frozenset({"messages"})] >= 8


@pytest.mark.parametrize("row", tickets(), ids=lambda row: row["custom_id"])
def test_every_ticket_asks_something_short_enough_for_a_small_model(row: dict[str, Any]) -> None:
    said = turns(row)
    assert {turn["role"] for turn in said} <= {"system", "user", "assistant"}
    assert said[-1]["role"] == "user"
    assert all(turn["content"].strip() == turn["content"] != "" for turn in said)
    assert sum(len(turn["content"]) for turn in said) < 2_100  # under 700 tokens, with room


def test_lines_of_openai_batches_allow_an_answer_of_some_length() -> None:
    bodies = [row["body"] for row in tickets() if "body" in row]
    assert len(bodies) == 3
    assert all(body["model"] and body["max_tokens"] >= 64 for body in bodies)
    assert all(row["url"] == "/v1/chat/completions" for row in tickets() if "body" in row)


def test_metadata_is_spread_over_tiers_regions_and_channels() -> None:
    given = [row["metadata"] for row in tickets() if "metadata" in row]
    assert 0.5 < len(given) / len(tickets()) < 0.8
    for key, values in METADATA.items():
        counts = Counter(each[key] for each in given if key in each)
        assert counts.keys() == values
        assert min(counts.values()) >= 5
    assert all(each.keys() <= METADATA.keys() for each in given)


def test_the_tickets_vary_in_length_and_alphabet() -> None:
    texts = ["\n".join(turn["content"] for turn in turns(row)) for row in tickets()]
    words = [len(text.split()) for text in texts]
    assert min(words) < 15
    assert sum(count >= 200 for count in words) >= 3
    assert sum(not text.isascii() for text in texts) >= 10
    assert sum("\n" in text for text in texts) >= 10
    assert len(set(texts)) == len(texts)


def test_addresses_in_the_tickets_are_of_reserved_domains() -> None:
    text = (EXAMPLES / "tickets.jsonl").read_text(encoding="utf-8")
    mails = re.findall(r"[\w.]+@([\w.-]+\w)", text)
    hosts = re.findall(r"https?://([\w.-]+)", text)
    assert mails
    assert all(host == "example.com" or host.endswith(".example") for host in (*mails, *hosts))


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_use_only_the_keys_of_the_contract(name: str) -> None:
    given = profile(name)
    assert given.keys() <= KEYS.keys()
    assert given["profile"].keys() <= KEYS["profile"]
    for table in ("providers", "models"):
        for entry in given[table].values():
            assert entry.keys() <= KEYS[table]
    for route in given["routes"]:
        assert route.keys() <= KEYS["routes"]
        for when in conditions(route.get("when", {})):
            assert when.keys() <= WHEN
    prices = [model["price"] for model in given["models"].values() if "price" in model]
    assert all(price == "free" or price.keys() <= PRICE for price in prices)


@pytest.mark.parametrize("name", PROFILES)
def test_every_name_in_a_profile_leads_somewhere_and_is_used(name: str) -> None:
    given = profile(name)
    models = given["models"]
    assert {model["provider"] for model in models.values()} == given["providers"].keys()
    named = [
        *given["routes"],
        *({"models": route.get("fallback", ())} for route in given["routes"]),
    ]
    assert {model for route in named for model in route["models"]} == models.keys()
    names = [route["name"] for route in given["routes"]]
    assert len(set(names)) == len(names)
    assert [route["name"] for route in given["routes"] if "when" not in route] == names[-1:]


@pytest.mark.parametrize("name", PROFILES)
def test_no_key_stands_in_a_profile(name: str) -> None:
    for provider in profile(name)["providers"].values():
        assert re.fullmatch(r"[A-Z_]+", provider.get("api_key_env", "NONE"))
        assert "authorization" not in {key.lower() for key in provider.get("headers", {})}


def test_the_starter_needs_no_network_and_gives_every_route_room_to_answer() -> None:
    given = profile("starter.toml")
    assert {provider["api"] for provider in given["providers"].values()} == {"llama-cpp"}
    assert {model["name"] for model in given["models"].values()} == {"smollm2-135m-instruct"}
    params = [entry.get("params", {}) for entry in (*given["models"].values(), *given["routes"])]
    caps = [each["max_output_tokens"] for each in params if "max_output_tokens" in each]
    assert min(caps) >= 64


def test_the_multi_profile_shows_each_strategy_once_and_each_kind_of_price() -> None:
    given = profile("multi.toml")
    strategies = sorted(route["strategy"] for route in given["routes"])
    assert strategies == ["cheapest", "fallback", "fastest", "single", "weighted"]
    models = given["models"].values()
    assert sum(model.get("price") == "free" for model in models) == 1
    assert sum(isinstance(model.get("price"), dict) for model in models) == 1
    assert sum("price_as" in model for model in models) == 1


def test_the_page_names_every_example_every_route_and_the_true_numbers() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in EXAMPLES.iterdir()} - {"README.md"}
    assert files == set(re.findall(r"^\| \[`([\w.-]+)`\]", page, re.MULTILINE))
    for name in PROFILES:
        assert all(f"`{route['name']}`" in page for route in profile(name)["routes"])
    with_metadata = sum("metadata" in row for row in tickets())
    assert f"{len(tickets())} support tickets" in page
    assert f"{with_metadata} rows have" in " ".join(page.split())


def plans(name: str) -> dict[str, Plan]:
    """The plan of every ticket, by its id."""
    planner = Planner(open_profile(EXAMPLES / name, {}))
    rows: list[Row] = []
    with open_rows(str(EXAMPLES / "tickets.jsonl")) as source:
        while batch := source.read_batch():
            rows.extend(row for row in batch if isinstance(row, Row))
    assert len(rows) == len(tickets())
    return {row.custom_id: planner.plan(row, {}) for row in rows}


def test_the_starter_answers_every_ticket_and_every_route_of_it_is_taken() -> None:
    made = plans("starter.toml").values()
    assert [plan.refusal for plan in made if not plan.calls] == []
    taken = Counter(plan.route for plan in made)
    assert taken.keys() == {route["name"] for route in profile("starter.toml")["routes"]}
    assert min(taken.values()) >= 3
    assert {plan.calls[0].model for plan in made} == {"quick", "careful", "lively"}
    assert all(64 <= plan.calls[0].max_output_tokens <= 160 for plan in made)
    assert all(plan.worst_usd == 0 for plan in made)


@pytest.mark.parametrize(
    ("ticket", "route", "because"),
    [
        ("ticket-006", "code", "matches /"),
        ("ticket-053", "long-threads", "input tokens"),
        ("ticket-004", "enterprise", 'metadata.tier is "enterprise"'),
        ("ticket-028", "translate", "task is translate"),
        ("ticket-009", "extract", "task is extract"),
        ("ticket-001", "refunds", 'contains "refund"'),
        ("ticket-007", "writing", 'starts with "Write "'),
        ("ticket-010", "everything-else", "the default"),
    ],
)
def test_each_route_of_the_starter_is_taken_for_its_own_reason(
    ticket: str, route: str, because: str
) -> None:
    plan = plans("starter.toml")[ticket]
    assert plan.route == route
    assert because in plan.reason


def test_the_multi_profile_has_a_priced_plan_for_every_ticket() -> None:
    made = plans("multi.toml").values()
    assert [plan.refusal for plan in made if not plan.calls] == []
    assert {plan.strategy for plan in made} >= {"single", "cheapest", "fastest", "weighted"}
    assert all(plan.worst_usd is not None for plan in made)
    assert len({plan.calls[0].model for plan in made}) >= 3


def command_lines() -> list[list[str]]:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line[0] == "airoute"]


@pytest.mark.parametrize("line", command_lines(), ids=" ".join)
def test_the_command_line_takes_every_command_of_the_page(
    line: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    # The parser refuses unknown commands and flags before it comes to --help.
    told = CliRunner().invoke(app, [*line[1:], "--help"])
    assert told.exit_code == 0, told.output


def test_every_file_that_a_command_of_the_page_reads_is_there() -> None:
    named = {word for line in command_lines() for word in line if word.startswith("examples/")}
    assert named == {f"examples/{name}" for name in ("tickets.jsonl", *STEPS, *PROFILES, *LEARNED)}
    assert all((EXAMPLES.parent / name).is_file() for name in named)
