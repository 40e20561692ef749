from __future__ import annotations

from pathlib import Path

import pytest

from airoute_cli.core.profile import Profile
from airoute_cli.edges.profile.load import load_profile
from airoute_cli.edges.profile.starter import starter
from airoute_cli.engine.check import check_profile
from airoute_cli.engine.finding import Level
from airoute_cli.engine.open_profile import apis, strategies

VARIABLES = [
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "GROQ_API_KEY",
    "DEEPSEEK_API_KEY",
    "MISTRAL_API_KEY",
    "XAI_API_KEY",
    "TOGETHER_API_KEY",
]
KEY = "made-up-0123456789"


def load(text: str, folder: Path) -> Profile:
    path = folder / "airoute.toml"
    path.write_text(text, "utf-8")
    return load_profile(path, strategies=strategies(), apis=apis())


@pytest.mark.parametrize("variables", [[], *[[one] for one in VARIABLES], VARIABLES])
def test_it_loads_and_every_live_model_has_a_price(tmp_path: Path, variables: list[str]):
    environ = dict.fromkeys(variables, KEY)
    text = starter(environ)
    profile = load(text, tmp_path)
    assert {name for p in profile.providers.values() for name in p.api_key_env} == {*variables}
    assert len(profile.models) == 1 + len(variables)
    assert all(model.price for model in profile.models.values())
    assert KEY not in text
    findings = check_profile(profile, environ, weights_present=lambda _: None)
    assert [f for f in findings if f.level is Level.ERROR or "no route uses" in f.message] == []


def test_without_a_key_everything_stays_on_this_machine(tmp_path: Path):
    profile = load(starter({}), tmp_path)
    assert [(r.name, r.strategy, r.models, r.fallback) for r in profile.routes] == [
        ("private", "single", ("small",), ()),
        ("demanding", "single", ("small",), ()),
        ("everything-else", "single", ("small",), ()),
    ]
    assert check_profile(profile, {}, weights_present=lambda _: None) == ()


def test_with_keys_the_demanding_route_asks_the_services_and_falls_back(tmp_path: Path):
    profile = load(starter({"OPENAI_API_KEY": KEY, "GROQ_API_KEY": KEY}), tmp_path)
    demanding = profile.routes[1]
    assert (demanding.strategy, demanding.models) == ("cheapest", ("gpt", "swift"))
    assert demanding.fallback == ("small",)


def test_an_empty_variable_is_no_key():
    assert starter({"OPENAI_API_KEY": " "}) == starter({})


def test_its_comments_can_be_uncommented(tmp_path: Path):
    lines = starter({}).splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("# [providers.openai]"))
    block = [line[2:] for line in lines[first : first + 8]]
    text = "\n".join([*lines[:first], *block, *lines[first + 8 :]])
    assert load(text, tmp_path).models.keys() == {"small", "gpt"}
