"""The example's classifier by examples: by words, and by embeddings what no word tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from airoute_cli.core.request import Row
from airoute_cli.edges.rows.source import open_rows
from airoute_cli.engine.check import check_profile
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.routing.planner import Planner

pytest_plugins = ("tests.embedding_fixtures",)

EXAMPLES = Path(__file__).parents[2] / "examples"
BY_WORDS = {
    "ticket-001": "refunds",
    "ticket-008": "parcels",
    "ticket-027": "accounts",
    "ticket-032": "developers",
    "ticket-041": "accounts",
    "ticket-052": "developers",
    "ticket-002": "everything-else",
    "ticket-013": "everything-else",
    "ticket-054": "everything-else",
}
BY_MEANING = {
    "ticket-014": "refunds",  # I want to return the trail shoes
    "ticket-017": "developers",  # gives 401 today
    "ticket-023": "accounts",  # asks me to log in every single morning
    "ticket-042": "developers",  # check this webhook handler
    "ticket-056": "developers",  # HTTP/1.1 422
}


def routes(profile: Path) -> Mapping[str, str]:
    planner = Planner(open_profile(profile, {}))
    with open_rows(str(EXAMPLES / "tickets.jsonl")) as source:
        rows = [row for row in source.read_batch() if isinstance(row, Row)]
    return {row.custom_id: planner.plan(row, {}).route for row in rows}


def test_the_words_of_thirty_prompts_tell_what_tickets_are_about():
    found = routes(EXAMPLES / "intents.toml")
    assert {ticket: found[ticket] for ticket in BY_WORDS} == BY_WORDS
    assert {found[ticket] for ticket in BY_MEANING} == {"everything-else"}


def test_embeddings_know_what_no_example_says(minilm: Path, tmp_path: Path):
    text = (EXAMPLES / "intents.toml").read_text()
    assert text.count('# features = "embeddings"') == 1
    (tmp_path / "intents.toml").write_text(text.replace("# features", "features"))
    (tmp_path / "intents.jsonl").write_bytes((EXAMPLES / "intents.jsonl").read_bytes())
    found = routes(tmp_path / "intents.toml")
    assert {ticket: found[ticket] for ticket in BY_WORDS} == BY_WORDS
    assert {ticket: found[ticket] for ticket in BY_MEANING} == BY_MEANING


def test_the_profile_is_sound_and_has_six_prompts_for_each_label():
    profile = open_profile(EXAMPLES / "intents.toml", {})
    assert check_profile(profile, {}, weights_present=lambda _: None) == ()
    lines = (EXAMPLES / "intents.jsonl").read_text().splitlines()
    labels = [json.loads(line)["label"] for line in lines]
    assert {labels.count(label) for label in labels} == {6}
    assert len(labels) == 30
    assert "thirty for five labels" in (EXAMPLES / "intents.toml").read_text()


@pytest.mark.parametrize("text", ["the box still has not come"])
def test_the_prompt_of_the_page_goes_where_the_page_says(text: str, tmp_path: Path):
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": text}) + "\n")
    with open_rows(str(tmp_path / "rows.jsonl")) as source:
        (row,) = source.read_batch()
    assert isinstance(row, Row)
    assert Planner(open_profile(EXAMPLES / "intents.toml", {})).plan(row, {}).route == "parcels"
