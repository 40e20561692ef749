from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from airoute_cli.core.money import FREE_RATES, Price
from airoute_cli.core.profile import Model
from airoute_cli.edges.prices import CatalogueEntry
from airoute_cli.edges.profile.load import load_profile
from airoute_cli.engine.check import STALE_AFTER, check_profile, missing_weights
from airoute_cli.engine.finding import Finding
from airoute_cli.engine.open_profile import apis, strategies

TODAY = date(2026, 11, 23)
BASE = """
[providers.a]
api = "openai"
base_url = "https://a.example/v1"
[models.one]
provider = "a"
name = "one"
price = "free"
[models.two]
provider = "a"
name = "two"
price = "free"
"""
DEFAULT = '[[routes]]\nname = "rest"\nmodels = ["one"]\nfallback = ["two"]\n'
CLASSIFIER = '[classifiers.c]\nkind = "examples"\nexamples = { a = ["x"], b = ["y"] }\n'
Told = Callable[..., list[str]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """The findings of a profile's text, as sentences."""

    def check(
        text: str,
        *,
        environ: dict[str, str] | None = None,
        as_of: date = TODAY,
        weights: Callable[[Model], str | None] = lambda _: None,
    ) -> list[str]:
        path = tmp_path / "p.toml"
        path.write_text(text)
        entry = CatalogueEntry(Price(FREE_RATES, "catalogue", as_of), None)
        find = {"known": entry}
        profile = load_profile(
            path,
            strategies=strategies(),
            apis=apis(),
            find_price=lambda _hint, model, _url=None: find.get(model),
        )
        findings = check_profile(profile, environ or {}, weights_present=weights, today=TODAY)
        return [str(finding) for finding in findings]

    return check


def test_nothing_is_found_where_nothing_is_wrong(told: Told):
    assert told(BASE + DEFAULT) == []


@pytest.mark.parametrize(
    ("routes", "sentence"),
    [
        (
            DEFAULT + '[[routes]]\nname = "late"\nmodels = ["one"]\nwhen = { task = "code" }\n',
            (
                'error: route "late": it is never reached: the route "rest" before it takes '
                "everything. Move it up, or remove it."
            ),
        ),
        (
            '[[routes]]\nname = "all"\nwhen = {}\nmodels = "one"\n' + DEFAULT,
            (
                'error: route "rest": it is never reached: the route "all" before it takes '
                "everything. Move it up, or remove it."
            ),
        ),
        (
            '[[routes]]\nname = "x"\nmodels = ["one"]\nwhen = { metadata.a = "b" }\n'
            '[[routes]]\nname = "y"\nmodels = ["two"]\nwhen = { metadata.a = ["b"] }\n' + DEFAULT,
            (
                'error: route "y": it is never reached: the route "x" before it has '
                "the same `when`. "
                "Move it up, or remove it."
            ),
        ),
        (
            DEFAULT + 'when = { task = "code" }\n',
            (
                "warning: routes: no route is the default, so rows that match none of them are "
                "refused. Add a last one without `when`."
            ),
        ),
        (
            '[[routes]]\nname = "x"\nmodels = ["one"]\nwhen = { any = [{ task = "cod" }] }\n'
            + DEFAULT,
            'error: route "x": the task "cod" is none that is recognised. Did you mean "code"?',
        ),
        (DEFAULT.replace('fallback = ["two"]', ""), 'warning: model "two": no route uses it.'),
        (
            '[providers.b]\napi = "openai"\nbase_url = "https://b.example/v1"\n' + DEFAULT,
            'warning: provider "b": no model uses it.',
        ),
        (
            '[templates.t]\ntext = "{{ prompt }}"\n' + DEFAULT,
            'warning: template "t": no route uses it.',
        ),
        (
            CLASSIFIER + DEFAULT,
            (
                'warning: classifier "c": [profile] does not name it. Write classifier = "c" under '
                "[profile], or remove it."
            ),
        ),
        (
            '[profile]\nclassifier = "c"\n' + CLASSIFIER + DEFAULT,
            (
                'warning: classifier "c": no route and no template goes by a task, so it is never '
                "asked."
            ),
        ),
    ],
)
def test_what_the_routes_prove(told: Told, routes: str, sentence: str):
    assert told(BASE + routes) == [sentence]


def test_a_profile_without_routes_is_an_error(told: Told):
    assert told(BASE)[0] == "error: routes: there are none. Add one under [[routes]]."


@pytest.mark.parametrize(
    ("one", "two", "sentences"),
    [
        (
            'capabilities = ["tools", "vision"]',
            'capabilities = ["json_schema"]',
            [
                (
                    'warning: route "rest": the fallback "two" lacks tools, vision, which '
                    '"one" has. '
                    "Requests that need it will not fall back to it."
                )
            ],
        ),
        (
            "context_window = 128000",
            "context_window = 8192",
            [
                (
                    'warning: route "rest": the fallback "two" holds 8,192 tokens, fewer than the '
                    '128,000 of "one". Requests that need it will not fall back to it.'
                )
            ],
        ),
        ("context_window = 100", "context_window = 200", []),
        ("", "context_window = 200", []),
    ],
)
@pytest.mark.parametrize(
    "route", ['models = ["one"]\nfallback = ["two"]\n', 'models = ["one", "two"]\n']
)
def test_fallbacks_that_can_do_less(
    told: Told, one: str, two: str, sentences: list[str], route: str
):
    text = BASE.replace('name = "one"', f'name = "one"\n{one}')
    text = text.replace('name = "two"', f'name = "two"\n{two}')
    assert told(f'{text}[[routes]]\nname = "rest"\n{route}') == sentences


def test_strategies_that_choose_have_no_order_to_compare(told: Told):
    text = BASE.replace('name = "one"', 'name = "one"\ncontext_window = 9')
    text = text.replace('name = "two"', 'name = "two"\ncontext_window = 8')
    route = '[[routes]]\nname = "r"\nmodels = ["one", "two"]\nstrategy = "cheapest"\n'
    assert told(text + route) == []


def test_missing_keys_are_errors_where_they_are_used(told: Told):
    text = BASE.replace("api =", 'api_key_env = "A_KEY"\napi =') + DEFAULT
    missing = (
        'error: provider "a": The provider "a" needs a key, and the variable A_KEY is not set. '
        "Export it (export A_KEY=…), or load it from a file with --env-file FILE."
    )
    assert told(text) == [missing]
    assert told(text, environ={"A_KEY": "made-up"}) == []


def test_missing_keys_are_warnings_where_nobody_uses_them(told: Told):
    unused = '[providers.b]\napi = "openai"\n'
    assert [line.split(":")[0] for line in told(BASE + unused + DEFAULT)] == ["warning"] * 2


@pytest.mark.parametrize(
    ("policy", "level", "end"),
    [
        ("", "error", 'or price_as, or allow it: [policy] unknown_price = "allow".'),
        (
            '[policy]\nunknown_price = "allow"\n',
            "note",
            "or price_as, and its rows are counted in money too.",
        ),
    ],
)
def test_unknown_prices(told: Told, policy: str, level: str, end: str):
    text = BASE.replace('name = "two"\nprice = "free"', 'name = "two"') + DEFAULT + policy
    assert told(text) == [
        (
            f'{level}: model "two": nobody knows the price of two. State it, as in '
            f"price = {{ input = 0.25, output = 2.0 }}, {end}"
        )
    ]


@pytest.mark.parametrize(("age", "count"), [(STALE_AFTER, 0), (STALE_AFTER + timedelta(1), 1)])
def test_old_prices_are_told_once(told: Told, age: timedelta, count: int):
    text = BASE.replace('name = "two"\nprice = "free"', 'name = "known"')
    text = text.replace('name = "one"\nprice = "free"', 'name = "known"') + DEFAULT
    stale = (
        "warning: prices: the catalogue's newest price is 181 days old (2026-05-26). "
        "Update it: pip install --upgrade genai-prices."
    )
    assert told(text, as_of=TODAY - age) == [stale] * count


def test_missing_weights_are_told_once_for_all_models_that_share_them(told: Told):
    small = '[models.{}]\nprovider = "local"\nname = "w"\n'
    text = small.format("a") + small.format("b") + '[[routes]]\nname="r"\nmodels=["a", "b"]\n'
    assert told(text, weights=lambda model: f"There is no {model.wire_name}.") == [
        'error: model "a", "b": There is no w.'
    ]


def test_the_gravest_come_first(told: Told):
    text = BASE.replace("api =", 'api_key_env = "A_KEY"\napi =') + DEFAULT + "when = {regex='x'}"
    assert [line.split(":")[0] for line in told(text)] == ["error", "warning"]


def test_weights_that_are_not_here_are_told_with_the_command(tmp_path: Path):
    model = Model("m", None, "smollm2-135m-instruct")  # type: ignore[arg-type]
    sentence = missing_weights(model)
    assert sentence is None or "airoute models pull smollm2" in sentence
    assert missing_weights(Model("m", None, str(tmp_path / "no.gguf"))) is not None  # type: ignore[arg-type]


def test_a_finding_without_a_remedy_ends_with_its_message():
    assert str(Finding("note", "x", "y.")) == "note: x: y."  # type: ignore[arg-type]


def test_a_signer_that_is_not_installed_is_told(told: Told, monkeypatch: pytest.MonkeyPatch):
    text = BASE.replace('api = "openai"\nbase_url = "https://a.example/v1"',
                        'api = "bedrock"\nregion = "eu-west-1"') + DEFAULT  # fmt: skip
    assert not any("botocore" in finding for finding in told(text))
    monkeypatch.setitem(sys.modules, "botocore", None)
    (finding,) = [finding for finding in told(text) if "botocore" in finding]
    assert finding.startswith('error: provider "a": ')
    assert "pip install 'airoute[bedrock]'" in finding
    with_key = told(text, environ={"AWS_BEARER_TOKEN_BEDROCK": "k"})
    assert not any("botocore" in finding for finding in with_key)
