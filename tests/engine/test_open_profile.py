from __future__ import annotations

from pathlib import Path

import pytest

from airoute_cli.engine.open_profile import open_profile, reopen_profile

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["starter.toml", "multi.toml"])
def test_an_example_opens_and_reopens_the_same(name: str):
    profile = open_profile(EXAMPLES / name, {})
    again = reopen_profile(profile.document, profile.path)
    assert again.digest == profile.digest
    assert again.routes == profile.routes
    assert list(again.models) == list(profile.models)


def test_it_is_found_by_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    environ = {"AIROUTE_PROFILE": str(EXAMPLES / "starter.toml")}
    assert open_profile(None, environ).name == "starter"
