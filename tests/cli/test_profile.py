from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Airoute

PROFILE = """
[providers.a]
api = "openai"
api_key_env = "A_KEY"
base_url = "https://a.example/v1"
headers = { X-Team = "made-up-value" }
[models."m.1"]
provider = "a"
name = "m"
price = { input = 0.1, output = 2 }
context_window = 4096
[[routes]]
name = "rest"
models = ["m.1"]
"""


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "airoute.toml"
    path.write_text(PROFILE)
    return path


def test_init_writes_a_profile_that_loads(airoute: Airoute, tmp_path: Path):
    ran = airoute("profile", "init")
    assert (ran.returncode, ran.stdout) == (0, "airoute.toml\n")
    assert ran.stderr == (
        "Next: airoute models pull smollm2\n"
        "      airoute profile check\n"
        '      airoute ask "What is a spoke?"\n'
    )
    shown = airoute("profile", "show", "--json")
    assert json.loads(shown.stdout)["models"].keys() == {"small"}
    assert (tmp_path / "airoute.toml").is_file()


def test_init_never_overwrites_unless_forced(airoute: Airoute, tmp_path: Path):
    (tmp_path / "airoute.toml").write_text("mine")
    ran = airoute("profile", "init")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "airoute: airoute.toml is there already and stays as it is. "
        "Replace it with --force, or write elsewhere with --path FILE.\n"
    )
    assert (tmp_path / "airoute.toml").read_text() == "mine"
    assert airoute("profile", "init", "--force").returncode == 0
    assert (tmp_path / "airoute.toml").read_text() != "mine"


def test_init_writes_elsewhere(airoute: Airoute, tmp_path: Path, home: Path):
    assert airoute("profile", "init", "--path", "new/p.toml").stdout == "new/p.toml\n"
    assert (tmp_path / "new" / "p.toml").is_file()
    assert airoute("profile", "init", "--user").returncode == 0
    assert (home / ".config" / "airoute" / "airoute.toml").is_file()


def test_init_into_a_folder_that_is_a_file(airoute: Airoute, profile: Path):
    ran = airoute("profile", "init", "--path", f"{profile}/p.toml")
    assert ran.returncode == 2
    assert "cannot be written" in ran.stderr or "is there already" in ran.stderr


def test_check_fails_with_6_on_errors(airoute: Airoute, profile: Path):
    ran = airoute("profile", "check")
    assert ran.returncode == 6
    assert ran.stdout.startswith('error: provider "a": The provider "a" needs a key')
    assert ran.stderr == f"{profile}: 1 error, 0 remarks.\n"


def test_check_reads_keys_from_a_file(airoute: Airoute, profile: Path, tmp_path: Path):
    (tmp_path / "keys.env").write_text("A_KEY=made-up\n")
    ran = airoute("profile", "check", "--env-file", "keys.env", "--json")
    assert (ran.returncode, json.loads(ran.stdout)) == (0, [])
    assert profile.name in ran.stderr


def test_check_tells_every_problem_and_exits_2(airoute: Airoute, profile: Path):
    profile.write_text('[providers.a]\napi = "opnai"\nregoin = "eu"\n')
    ran = airoute("profile", "check")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        f'airoute: {profile}:2: providers.a.api: there is no API "opnai"; `airoute providers` '
        'lists them. Did you mean "openai"?\n'
        f'airoute: {profile}:3: providers.a.regoin: unknown key "regoin". '
        'Did you mean "region"?\n'
    )


def test_show_tells_prices_with_their_source(airoute: Airoute, profile: Path):
    ran = airoute("profile", "show", "--profile", str(profile))
    assert ran.returncode == 0
    assert (
        "m.1: m at a; $0.1/$2 per million in/out (profile); 4,096 tokens; "
        "json_schema tools vision\n" in ran.stdout
    )
    assert (
        "1 rest: the default; single of m.1; on_truncated keep; on_unavailable pending\n"
        in ran.stdout
    )


def test_show_gives_data_and_no_values_of_headers(
    airoute: Airoute, profile: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("A_KEY", "made-up-key")
    ran = airoute("profile", "show", "--json", "--profile", str(profile))
    shown = json.loads(ran.stdout)
    assert shown["models"]["m.1"]["price"]["input"] == "0.1"
    assert shown["providers"]["a"]["api_key_env"] == ["A_KEY"]
    assert "made-up" not in ran.stdout


def test_show_names_the_demands_of_rules_as_the_profile_does(airoute: Airoute, profile: Path):
    rule = '[[policy.rules]]\nname = "quick"\nrequire = {{ {} = {} }}\n'
    profile.write_text(PROFILE + rule.format("max_latency", 900))
    assert 'require {"max_latency": 900' in airoute("profile", "show").stdout


def test_path_says_which_file_is_read(airoute: Airoute, profile: Path):
    assert airoute("profile", "path").stdout == f"{profile}\n"


def test_without_a_profile_the_remedy_is_told(airoute: Airoute):
    ran = airoute("profile", "path")
    assert ran.returncode == 2
    assert "`airoute profile init` writes one that works without a key." in ran.stderr


def test_keys_prints_the_reference(airoute: Airoute):
    page = Path(__file__).parents[2] / "docs" / "profile.md"
    assert airoute("profile", "keys").stdout == page.read_text("utf-8")
