from __future__ import annotations

from pathlib import Path

import pytest

from airoute_cli.edges.profile.load import load_profile
from airoute_cli.engine.budget_check import budget_findings
from airoute_cli.engine.open_profile import apis, strategies

TEXT = """
{policy}
[providers.p]
api = "openai"
base_url = "https://p.example/v1"
[models.small]
provider = "p"
name = "small"
price = {{ input = 1.0, output = 1.0 }}
[models.large]
provider = "p"
name = "large"
price = {{ input = 10.0, output = 10.0 }}
[[routes]]
name = "rest"
models = ["small"]
fallback = ["large"]
params = {{ max_output_tokens = 1000 }}
{route}
"""
# At worst a thousand tokens out and a few in, at 1 and at 10 USD per million: some 0.011.


@pytest.mark.parametrize(
    ("policy", "route", "told"),
    [
        ("[policy]\nbudget = { per_request = 0.02 }", "", []),
        (
            "[policy]\nbudget = { per_request = 0.005 }",
            "",
            ['error: route "rest": even its smallest row may cost $0.0110'],
        ),
        ("", "budget = { per_day = 0.005 }", ['the budget of route "rest" per_day = $0.005']),
        (
            "[policy.tiers.free]\nbudget = { per_month = 0.005 }",
            "",
            [
                'warning: route "rest": even its',
            ],
        ),
        (
            '[policy]\nbudget = { per_request = 0.005 }\non_budget = "degrade"',
            "",
            ["so that every row of it is degraded"],
        ),
        (
            '[policy]\nbudget = { per_request = 0.0005 }\non_budget = "degrade"',
            "",
            ["error: route"],
        ),
        (
            "[policy]\nbudget = { per_run = 0.005 }",
            'strategy = "weighted"\nweights = { small = 1 }',
            ["error: route"],
        ),
    ],
)
def test_a_budget_that_admits_no_row_of_a_route_is_told(
    tmp_path: Path, policy: str, route: str, told: list[str]
):
    path = tmp_path / "p.toml"
    path.write_text(TEXT.format(policy=policy, route=route))
    profile = load_profile(path, strategies=strategies(), apis=apis())
    found = [str(finding) for finding in budget_findings(profile)]
    assert len(found) == len(told)
    assert all(part in sentence for part, sentence in zip(told, found, strict=True))


def test_a_model_for_which_no_budget_can_hold_is_told(tmp_path: Path):
    path = tmp_path / "p.toml"
    policy = '[policy]\nunknown_price = "allow"\nbudget = { per_run = 1 }'
    text = TEXT.format(policy=policy, route="").replace("price = { input = 1.0, output = 1.0 }", "")
    path.write_text(text)
    profile = load_profile(path, strategies=strategies(), apis=apis(), find_price=lambda *_: None)
    (found,) = budget_findings(profile)
    assert str(found) == (
        'warning: model "small": no budget holds for it, as nobody knows its price.'
    )
