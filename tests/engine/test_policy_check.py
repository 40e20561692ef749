from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from airoute_cli.core.request import Row
from airoute_cli.edges.profile.load import load_profile
from airoute_cli.edges.rows.parse import read_line
from airoute_cli.engine.finding import Finding, Level
from airoute_cli.engine.open_profile import apis, strategies
from airoute_cli.engine.policy_check import policy_findings
from airoute_cli.routing.planner import Planner

BASE = """
[models.small]
provider = "local"
name = "smollm2-135m-instruct"
[providers.cloud]
api = "openai"
base_url = "https://llm.example/v1"
region = "us"
[models.big]
provider = "cloud"
name = "big"
price = "free"
[models.claimed]
provider = "cloud"
name = "claimed"
price = "free"
private = true
"""
PII = """
[[policy.rules]]
name = "pii"
when = { detects = ["pii"] }
require = { private = true }
"""
EU = """
[[policy.rules]]
name = "eu"
when = { metadata.region = "eu" }
require = { regions = ["eu"] }
"""
REST = '[[routes]]\nname = "rest"\nmodels = ["big"]\n'
Found = Callable[[str], list[Finding]]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    def check(text: str) -> list[Finding]:
        path = tmp_path / "p.toml"
        path.write_text(BASE + text)
        find = lambda *_: None  # noqa: E731 - no price is looked up
        profile = load_profile(path, strategies=strategies(), apis=apis(), find_price=find)
        findings = list(policy_findings(profile))
        for finding in findings:
            if " such as {" in finding.message:
                assert_shown(Planner(profile), finding)
        return findings

    return check


def assert_shown(planner: Planner, finding: Finding) -> None:
    """The row in a finding does what the finding says, when it is fed in."""
    row = read_line(example(finding).encode(), 1)
    assert isinstance(row, Row)
    assert planner.plan(row, {}).calls == ()


def example(finding: Finding) -> str:
    return finding.message[finding.message.index("{") : finding.message.rindex("}") + 1]


def told(findings: list[Finding], level: Level) -> list[str]:
    return [str(finding) for finding in findings if finding.level is level]


def test_without_rules_nothing_is_said(found: Found):
    assert found(REST) == []


def test_a_row_that_a_rule_leaves_to_nobody_is_shown(found: Found):
    (warning,) = told(found(PII + REST), Level.WARNING)
    assert warning == (
        'warning: route "rest": a row of it can end with nobody, and is refused by "pii", such as '
        '{"prompt":"4111 1111 1111 1111"}. Add a model that they allow to its fallback, or leave '
        "it so on purpose."
    )


def test_what_is_meant_to_be_handed_off_is_only_noted(found: Found):
    findings = found(PII + 'on_empty = "handoff"\n' + REST)
    assert told(findings, Level.WARNING) == []
    assert any("is handed off to people by" in note for note in told(findings, Level.NOTE))


def test_a_route_with_somebody_for_every_row_has_no_warning(found: Found):
    assert told(found(PII + REST + 'fallback = ["small"]\n'), Level.WARNING) == []


def test_only_together_two_rules_leave_nobody(found: Found):
    two = PII + '[[policy.rules]]\nname = "no-small"\nwhen = { contains_any = ["x-ray"] }\n'
    route = '[[routes]]\nname = "rest"\nmodels = ["big"]\nfallback = ["small"]\n'
    (warning,) = told(found(f'{two}forbid = {{ models = ["small"] }}\n{route}'), Level.WARNING)
    assert 'is refused by "pii" and "no-small"' in warning
    assert '{"prompt":"4111 1111 1111 1111 x-ray"}' in warning


def test_a_route_that_a_rule_always_empties_is_an_error(found: Found):
    rule = '[[policy.rules]]\nname = "private"\nrequire = { private = true }\n'
    findings = found(rule + REST)
    (error,) = told(findings, Level.ERROR)
    assert error.startswith(
        'error: route "rest": every row of it is refused by "private", such as {"prompt":"hello"}.'
    )
    assert told(findings, Level.WARNING) == [
        (
            'warning: route "rest": the policy "private" always takes "big" away: it is not '
            "private. Take it out of the route, or change the rule."
        )
    ]


def test_redaction_that_frees_the_row_needs_an_image_to_end_with_nobody(found: Found):
    redacts = PII + 'redact = ["pii"]\n'
    (warning,) = told(found(redacts + REST), Level.WARNING)
    assert "image_url" in warning


def test_a_row_without_the_metadata_slips_past(found: Found):
    text = EU + REST + 'fallback = ["small"]\n'
    (warning,) = told(found(text), Level.WARNING)
    assert warning == (
        'warning: policy "eu": a row without metadata.region is not governed by it: '
        '{"prompt":"hello"}. Ask for it: [policy] require_metadata = ["region"].'
    )
    required = '[policy]\nrequire_metadata = ["region"]\n'
    assert told(found(required + text), Level.WARNING) == []


def test_privacy_that_is_only_claimed_is_noted(found: Found):
    notes = told(found(PII + REST + 'fallback = ["small"]\n'), Level.NOTE)
    assert notes[0] == (
        'note: model "claimed": it is private as declared; its calls leave for '
        "https://llm.example/v1."
    )


def test_the_plans_that_were_tried_are_counted(found: Found):
    notes = told(found(PII + REST + 'fallback = ["small"]\n'), Level.NOTE)
    assert notes[-1] == (
        "note: policy: 16 plans for 4 rows made to fall under 1 rule, by every route "
        "and for every model by hand: no call outside."
    )


def test_rows_in_findings_are_rows_of_a_file(found: Found):
    for finding in found(PII + EU + REST):
        if "{" in finding.message:
            assert json.loads(example(finding))


def test_an_extra_that_is_missing_is_an_error(found: Found, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "presidio_analyzer", None)
    names = '[[policy.rules]]\nname = "n"\nwhen = { detects = "pii.name" }\n'
    (error,) = found(f"{names}require = {{ private = true }}\n{REST}")
    assert "pip install 'airoute[pii]'" in error.message
