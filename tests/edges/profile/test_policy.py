from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from airoute_cli.core.errors import ProfileError
from airoute_cli.core.policy import Forbidden, MaxPrice, OnEmpty, PolicyRule, Requirement
from airoute_cli.core.profile import Profile, When
from airoute_cli.core.request import Capability
from airoute_cli.core.scan import classes_of
from airoute_cli.edges.profile.load import load_profile
from airoute_cli.engine.open_profile import apis, strategies

BASE = """
[models.small]
provider = "local"
name = "smollm2-135m-instruct"
[[routes]]
name = "rest"
models = ["small"]
"""
FULL = """
[policy]
require_metadata = ["region"]
[[policy.rules]]
name = "all"
on_empty = "defer"
redact = ["pii.email", "secret"]
when = { detects = ["pii"], metadata.region = "eu" }
[policy.rules.require]
private = true
regions = ["eu", "ch"]
retention = "30d"
providers = ["local"]
models = "small"
capabilities = ["json_schema"]
max_price = { output = 2.5 }
max_latency = 900
[policy.rules.forbid]
regions = ["us"]
[[policy.rules]]
name = "two"
forbid = { models = ["small"], providers = ["local"] }
"""
Load = Callable[[str], Profile]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def read(text: str) -> Profile:
        path = tmp_path / "p.toml"
        path.write_text(text + BASE)
        return load_profile(path, strategies=strategies(), apis=apis(), find_price=lambda *_: None)

    return read


def test_every_key_of_a_rule_is_read(load: Load):
    policy = load(FULL).policy
    assert policy.require_metadata == ("region",)
    assert policy.rules == (
        PolicyRule(
            "all",
            When(detects=("pii",), metadata={"region": ("eu",)}),
            Requirement(
                private=True,
                regions=("eu", "ch"),
                retention="30d",
                providers=("local",),
                models=("small",),
                capabilities=frozenset({Capability.JSON_SCHEMA}),
                max_price=MaxPrice(output=Decimal("2.5")),
                max_latency_ms=900,
            ),
            Forbidden(regions=("us",)),
            classes_of(["pii.email", "secret"]),
            OnEmpty.DEFER,
        ),
        PolicyRule("two", forbid=Forbidden((), ("local",), ("small",))),
    )


def test_the_embedded_model_keeps_nothing(load: Load):
    assert load("").models["small"].retention == "none"


RULE = '[[policy.rules]]\nname = "r"\n'
MISTAKES = [
    (
        f'{RULE}when = {{ detects = ["pii.mail"] }}\nrequire = {{ private = true }}',
        (
            "3: policy.rules[r].when.detects[#1]: nothing is detected under "
            '"pii.mail". Did you mean "pii.email"?'
        ),
    ),
    (
        f"{RULE}",
        ("1: policy.rules[r]: it asks for nothing. Give it a require, a forbid or a redact."),
    ),
    (
        f'{RULE}require = {{ models = ["smal"] }}',
        '3: policy.rules[r].require.models[#1]: there is no model "smal". Did you mean "small"?',
    ),
    (
        f'{RULE}forbid = {{ providers = "home" }}',
        '3: policy.rules[r].forbid.providers[#1]: there is no provider "home". There are: local.',
    ),
    (
        f'{RULE}require = {{ retention = "a month" }}',
        (
            "3: policy.rules[r].require.retention: this is no duration. "
            'Write it as "30d", "24h", "2w", "1y" or "none".'
        ),
    ),
    (
        f"{RULE}require = {{ max_price = {{}} }}",
        (
            "3: policy.rules[r].require.max_price: it is empty. "
            "Write it as { input = 1.0, output = 5.0 }, or one."
        ),
    ),
    (
        f'{RULE}redact = ["pii"]\n{RULE}redact = ["pii"]',
        '5: policy.rules[r].name: another rule is called "r" too. Rename one.',
    ),
    (
        f'{RULE}redact = "pii"\non_empty = "hand-off"',
        (
            '4: policy.rules[r].on_empty: must be "refuse", "handoff" or "defer", not "hand-off". '
            'Did you mean "handoff"?'
        ),
    ),
    (
        '[providers.o]\napi = "openai"\nbase_url = "https://eu.api.openai.com/v1"\nregion = "us"',
        (
            '4: providers.o.region: "us" contradicts the host eu.api.openai.com: that is eu. '
            "Remove the claim, or name the host of that region in base_url."
        ),
    ),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_mistake_in_a_rule_is_told_with_its_line_and_its_remedy(load: Load, text: str, told: str):
    with pytest.raises(ProfileError) as raised:
        load(f"{text}\n")
    assert [str(problem).partition("p.toml:")[2] for problem in raised.value.problems] == [told]
