from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from airoute_cli.core.errors import RunError
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.engine.stored_profile import (
    NAME,
    ProfileChain,
    accept_profile,
    keep_profile,
    stored_profile,
)

EXAMPLES = Path(__file__).parents[2] / "examples"

PROFILE = """
[providers.google]
api = "openai"
base_url = "https://generativelanguage.googleapis.com/v1beta/openai"
[models.pro]
provider = "google"
name = "{name}"
price_as = "google/gemini-2.5-pro"
[models.odd]
provider = "google"
name = "odd"
price = {{ input = 0.1, output = 0.3, reasoning = 0.7 }}
[models.bare]
provider = "google"
name = "nobody-knows"
[policy]
unknown_price = "allow"
[[routes]]
name = "all"
strategy = "fallback"
models = ["pro", "odd", "bare"]
"""


@pytest.fixture
def folder(tmp_path):
    with RunFolder.create(tmp_path / "run") as opened:
        yield opened


@pytest.fixture
def a_profile(tmp_path):
    def opened(name: str = "gemini-2.5-pro"):
        path = tmp_path / "some.toml"
        path.write_text(PROFILE.format(name=name))
        return open_profile(path, {})

    return opened


def test_prices_come_back_exactly_and_are_not_looked_up(folder, a_profile, monkeypatch):
    profile = a_profile()
    assert profile.models["pro"].price.tiers, "the case has rates for long prompts"
    assert profile.models["bare"].price is None
    keep_profile(folder, profile)
    monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", None)
    assert stored_profile(folder) == ProfileChain(profile)


def test_the_prices_of_the_first_pass_hold_when_the_catalogue_has_changed(folder, a_profile):
    profile = a_profile()
    keep_profile(folder, profile)
    path = folder.path / NAME
    kept = json.loads(path.read_text())
    kept["models"]["pro"]["price"]["output"] = "77.5"
    kept["models"]["pro"]["price"]["tiers"][0]["input"] = "88.5"
    kept["models"]["pro"]["context_window"] = 1234
    path.write_text(json.dumps(kept))
    model = stored_profile(folder).profile.models["pro"]
    assert model.price.rates.output == Decimal("77.5")
    assert model.price.tiers[0][1].input == Decimal("88.5")
    assert model.context_window == 1234


@pytest.mark.parametrize("name", ["starter.toml", "multi.toml"])
def test_an_example_comes_back_the_same(folder, name):
    profile = open_profile(EXAMPLES / name, {})
    keep_profile(folder, profile)
    assert stored_profile(folder).profile == profile


def test_every_profile_that_was_in_force_is_kept(folder, a_profile):
    first, second, third = (a_profile(name) for name in ("one", "two", "three"))
    keep_profile(folder, first)
    folder.write_manifest({"passes": 2})
    accept_profile(folder, second)
    folder.write_manifest({"passes": 3})
    accepted = accept_profile(folder, third)
    assert accepted == stored_profile(folder)
    assert accepted.profile == third
    assert [(one.profile, one.last_pass) for one in accepted.earlier] == [(first, 2), (second, 3)]


def test_accepting_the_profile_in_force_changes_nothing(folder, a_profile):
    keep_profile(folder, a_profile())
    before = (folder.path / NAME).read_bytes()
    assert accept_profile(folder, a_profile()).earlier == ()
    assert (folder.path / NAME).read_bytes() == before


@pytest.mark.parametrize("missing", ["models", "earlier", "document"])
def test_a_damaged_one_is_a_sentence(folder, a_profile, missing):
    keep_profile(folder, a_profile())
    path = folder.path / NAME
    kept = json.loads(path.read_text())
    del kept[missing]
    path.write_text(json.dumps(kept))
    with pytest.raises(RunError, match=f"damaged.*{missing}.*neither go on nor be checked"):
        stored_profile(folder)


def test_one_that_somebody_has_edited_is_named_and_not_the_users_own(folder, a_profile):
    keep_profile(folder, a_profile())
    path = folder.path / NAME
    kept = json.loads(path.read_text())
    kept["document"]["models"] = {}
    path.write_text(json.dumps(kept))
    with pytest.raises(RunError, match=f"{NAME} cannot be used any more, and without it"):
        stored_profile(folder)
