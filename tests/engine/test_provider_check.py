from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from airoute_cli.core.budget import By
from airoute_cli.core.profile import Profile
from airoute_cli.edges import catalogue
from airoute_cli.edges.ledger_reading import read_costs
from airoute_cli.edges.profile.load import load_profile
from airoute_cli.engine import provider_check
from airoute_cli.engine.open_profile import apis, strategies
from airoute_cli.engine.provider_check import KeyState, check_providers
from tests.servers.scripted import ScriptedServer, models, ok, status

PROFILE = """
[providers.here]
api = "openai"
base_url = "{url}"
api_key_env = ["OLD_K", "K"]
[models.small]
provider = "here"
name = "scripted"
price = "free"
[[routes]]
name = "all"
models = ["small"]
"""
KEY = "sk-never-shown"


@pytest.fixture
def profile(provider_server: ScriptedServer, tmp_path: Path) -> Profile:
    path = tmp_path / "p.toml"
    path.write_text(PROFILE.format(url=provider_server.base_url))
    return load_profile(path, strategies=strategies(), apis=apis())


@pytest.fixture
def at_home(provider_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted server is the service's own host."""
    known = dict(catalogue.services())
    known["openai"] = replace(known["openai"], hosts=("127.0.0.1",))
    monkeypatch.setattr(provider_check, "services", lambda: known)


async def _check(profile: Profile, *, call: bool = False):
    (report,) = await check_providers(profile, {"K": KEY}, ["here"], call=call)
    assert KEY not in repr(report)
    return report


async def test_the_services_own_list_proves_the_key(profile: Profile, at_home: None):
    report = await _check(profile)
    assert (report.ok, report.reachable, report.key) == (True, True, KeyState.ACCEPTED)
    assert report.listed == ("scripted",)


async def test_anybody_elses_list_does_not(profile: Profile):
    assert (await _check(profile)).key is KeyState.UNPROVED


async def test_a_call_proves_it(profile: Profile, provider_server: ScriptedServer):
    provider_server.list_models = lambda _: models("other")
    report = await _check(profile, call=True)
    assert (report.ok, report.key) == (True, KeyState.ACCEPTED)
    assert report.models[0].known
    assert provider_server.requests[0].body["max_tokens"] == 16
    spent = read_costs(By.RUN).spent[profile.name, "providers check"]
    assert (spent.attempts, spent.output_tokens) == (1, 4), "what it used is in the ledger"


async def test_a_key_may_be_good_for_prompts_and_not_for_the_list(
    profile: Profile, provider_server: ScriptedServer
):
    provider_server.list_models = lambda _: status(403)
    refused = await _check(profile)
    assert (refused.ok, refused.key) == (False, KeyState.REFUSED)
    report = await _check(profile, call=True)
    assert (report.ok, report.key) == (True, KeyState.ACCEPTED)


async def test_a_server_without_a_list_is_no_failure(
    profile: Profile, provider_server: ScriptedServer
):
    provider_server.list_models = lambda _: status(404)
    report = await _check(profile)
    assert (report.ok, report.reachable, report.listed) == (True, True, None)


async def test_a_model_that_is_called_and_not_found_is_told_with_its_nearest(
    profile: Profile, provider_server: ScriptedServer
):
    provider_server.list_models = lambda _: models("scripted-2")
    provider_server.script([status(404)])
    report = await _check(profile, call=True)
    assert report.models[0].known is False
    assert "Nearest: scripted-2." in str(report.models[0].problem)


async def test_the_key_is_echoed_by_nobody(profile: Profile, provider_server: ScriptedServer):
    provider_server.list_models = lambda _: status(401, {"error": {"message": f"bad {KEY}"}})
    report = await _check(profile)
    assert "bad *****" in str(report.problem)
    assert "Check the key in K" in str(report.problem)


async def test_limits_come_from_the_list_and_from_calls(
    profile: Profile, provider_server: ScriptedServer
):
    seen = {"x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499"}
    provider_server.list_models = lambda _: models("scripted", headers=seen)
    report = await _check(profile)
    assert report.limits
    assert report.limits.requests
    assert report.limits.requests.limit == 500
    provider_server.script([ok(headers={"x-ratelimit-limit-requests": "7"})])
    called = await _check(profile, call=True)
    assert called.limits
    assert called.limits.requests
    assert called.limits.requests.limit == 7


_GOOGLES = {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}
_NO_TOKEN = {"code": 401, "message": "Invalid credentials.", "status": "UNAUTHENTICATED"}
_CLAUDES = {"type": "error", "error": {"type": "authentication_error", "message": "no"}}


@pytest.mark.parametrize(
    ("api", "code", "body", "more"),
    [
        ("openai", 401, {"error": {"message": "no", "code": "invalid_api_key"}}, ""),
        ("openai-responses", 401, {"error": {"message": "no"}}, ""),
        ("anthropic", 401, _CLAUDES, ""),
        ("azure", 401, {"error": {"code": "401", "message": "no"}}, ""),
        ("mistral", 401, {"detail": "Unauthorized"}, ""),
        ("cohere", 498, {"message": "invalid token"}, ""),
        ("gemini", 400, {"error": _GOOGLES}, ""),
        ("vertex", 401, {"error": _NO_TOKEN}, 'project = "p"'),
        ("litellm", 400, {"error": {"message": "no", "type": "no_db_connection"}}, ""),
        ("bedrock", 403, {"__type": "UnrecognizedClientException", "message": "no"}, ""),
    ],
)
async def test_a_wrong_key_is_told_by_its_variable(
    provider_server: ScriptedServer, tmp_path: Path, api: str, code: int, body: object, more: str
):
    provider_server.lists = provider_server.paths = re.compile(".*")
    provider_server.list_models = lambda _: status(code, body)
    provider_server.respond = lambda *_: status(code, body)
    text = PROFILE.replace('"openai"', f'"{api}"').replace("[models.", f"{more}\n[models.")
    path = tmp_path / "p.toml"
    path.write_text(text.format(url=provider_server.base_url))
    profile = load_profile(path, strategies=strategies(), apis=apis())
    report = await _check(profile, call=True)
    (told,) = report.models
    assert report.key is KeyState.REFUSED
    # What has no list is found out by the call alone.
    for problem in (told.problem, *([report.problem] if api != "bedrock" else [])):
        assert "Check the key in K, and what it is allowed to do." in str(problem)


async def test_what_cannot_be_asked_for_is_no_missing_list(
    profile: Profile, provider_server: ScriptedServer
):
    odd = {"X-Odd": "b\u00e4d"}
    provider = replace(profile.providers["here"], headers=odd)
    report = await _check(replace(profile, providers={"here": provider}))
    assert not report.ok
    assert "a header holds a character that is not allowed" in str(report.problem)
