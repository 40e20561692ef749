from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.errors import ProfileError
from airoute_cli.core.money import Price, Rates
from airoute_cli.core.profile import Limits, OnTruncated, OnUnavailable, Profile, UnknownPrice, When
from airoute_cli.core.request import Capability
from airoute_cli.edges.prices import CatalogueEntry
from airoute_cli.edges.profile.load import (
    digest,
    find_profile,
    load_profile,
    profile_from_document,
)
from airoute_cli.engine.open_profile import apis, strategies

FULL = """
[profile]
name = "support"
[policy]
unknown_price = "allow"
[providers.openai]
api = "openai"
region = "us"
requests_per_minute = 5000
tokens_per_minute = 2_000_000
max_concurrency = 8
timeout = 30
headers = { X-Team = "support" }
[providers.house]
api = "openai"
base_url = "http://127.0.0.1:8000/v1/"
[models.small]
provider = "local"
name = "smollm2-135m-instruct"
[models."gpt-4.1"]
provider = "openai"
name = "gpt-4.1"
retention = "30d"
capabilities = ["tools"]
requests_per_minute = 10
params = { temperature = 0.5, max_tokens = 100, echo = 4 }
[models.stated]
provider = "house"
name = "q"
price = { input = 0.1, output = 2, cached_input = 0.025, cache_write = 0.2, reasoning = 3 }
context_window = 1000
max_output_tokens = 500
private = true
[models.free]
provider = "house"
name = "f"
price = "free"
[models.alias]
provider = "house"
name = "deployment-7"
price_as = "openai/gpt-4o"
[models.unknown]
provider = "house"
name = "u"
[[routes]]
name = "first"
models = "small"
system = "Be brief."
on_truncated = "fail"
params = { seed = 1 }
[routes.when]
contains_any = ["a", "b"]
regex = 'x+'
starts_with = "Translate"
min_input_tokens = 1
max_input_tokens = 9
task = "code"
requires = ["vision"]
metadata.region = "eu*"
metadata.tier = ["pro", 3, true]
all = [{ task = "a" }]
any = [{ task = ["b", "c"] }, { not = { regex = "y" } }]
not = { metadata = { a = "b" } }
[[routes]]
name = "second"
strategy = "weighted"
models = ["gpt-4.1", "stated"]
weights = { "gpt-4.1" = 90, stated = 10.5 }
fallback = "small"
[[routes]]
name = "third"
models = ["stated", "free"]
"""

KNOWN = {
    ("openai", "gpt-4.1", "https://api.openai.com/v1"): CatalogueEntry(
        Price(Rates(Decimal(2), Decimal(8)), "catalogue"), 1_000_000
    ),
    ("openai", "gpt-4o", None): CatalogueEntry(Price(Rates(Decimal(3), Decimal(9)), "other"), 128),
    ("house", "q", "http://127.0.0.1:8000/v1"): CatalogueEntry(None, 77),
}


def catalogue(hint: str, model: str, base_url: str | None = None) -> CatalogueEntry | None:
    return KNOWN.get((hint, model, base_url))


A_ROUTE = """
[models.m]
provider = "local"
name = "m"
[[routes]]
name = "r"
models = ["m"]
"""

Load = Callable[[str], Profile]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def from_text(text: str) -> Profile:
        path = tmp_path / "p.toml"
        path.write_text(text, "utf-8")
        return load_profile(path, strategies=strategies(), apis=apis(), find_price=catalogue)

    return from_text


@pytest.fixture
def problems(load: Load) -> Callable[[str], list[str]]:
    """The problems of a text as ``line: key: sentence``, without the path."""

    def told(text: str) -> list[str]:
        with pytest.raises(ProfileError) as caught:
            load(text)
        return [str(problem).split("p.toml:", 1)[1] for problem in caught.value.problems]

    return told


Told = Callable[[str], list[str]]


@pytest.mark.parametrize(
    ("run", "route", "found"),
    [
        ("", "", OnUnavailable.PENDING),
        ('on_unavailable = "defer"', "", OnUnavailable.DEFER),
        ('on_unavailable = "defer"', 'on_unavailable = "degrade"', OnUnavailable.DEGRADE),
    ],
)
def test_a_route_wants_what_the_run_wants_unless_it_says_so_itself(
    load: Load, run: str, route: str, found: OnUnavailable
):
    profile = load(f"{A_ROUTE}{route}\n[run]\nrow_timeout = 9\nmax_attempts = 2\n{run}")
    assert profile.routes[0].on_unavailable is found
    assert (profile.run.row_timeout, profile.run.max_attempts) == (9.0, 2)


def test_providers_have_their_defaults_filled_in(load: Load):
    profile = load(FULL)
    openai, house, local = (profile.providers[name] for name in ("openai", "house", "local"))
    assert (profile.name, profile.unknown_price) == ("support", UnknownPrice.ALLOW)
    assert openai.base_url == "https://api.openai.com/v1"
    assert openai.api_key_env == ("OPENAI_API_KEY",)
    assert openai.limits == Limits(5000, 2_000_000, 8)
    assert (openai.timeout, openai.region, dict(openai.headers)) == (
        30,
        "us",
        {"X-Team": "support"},
    )
    assert (house.base_url, house.api_key_env) == ("http://127.0.0.1:8000/v1", ())
    assert (local.api, local.base_url, local.api_key_env) == ("llama-cpp", None, ())


def test_models_are_resolved(load: Load):
    models = load(FULL).models
    small, gpt = models["small"], models["gpt-4.1"]
    assert small.private
    assert small.capabilities == {Capability.JSON_SCHEMA}
    assert small.context_window is None
    assert not gpt.private
    assert gpt.capabilities == {Capability.TOOLS}
    assert gpt.context_window == 1_000_000
    assert gpt.settings.max_output_tokens == 100
    assert gpt.settings.extra == {"echo": 4}
    assert models["stated"].context_window == 1000
    assert models["free"].capabilities == {
        Capability.VISION,
        Capability.TOOLS,
        Capability.JSON_SCHEMA,
    }


@pytest.mark.parametrize(
    ("name", "source", "rates"),
    [
        ("small", "embedded", ("0", "0")),
        ("gpt-4.1", "catalogue", ("2", "8")),
        ("stated", "profile", ("0.1", "2", "0.025", "0.2", "3")),
        ("free", "profile: free", ("0", "0")),
        ("alias", "other", ("3", "9")),
    ],
)
def test_a_price_says_where_it_is_from(load: Load, name: str, source: str, rates: tuple[str, ...]):
    assert load(FULL).models[name].price == Price(Rates(*map(Decimal, rates)), source)


def test_an_unknown_price_is_none_and_never_zero(load: Load):
    assert load(FULL).models["unknown"].price is None


def test_routes_keep_their_order_and_get_a_strategy(load: Load):
    first, second, third = load(FULL).routes
    assert (first.name, first.strategy, first.models) == ("first", "single", ("small",))
    assert (first.on_truncated, first.system, first.settings.seed) == (
        OnTruncated.FAIL,
        "Be brief.",
        1,
    )
    assert second.options == {"weights": {"gpt-4.1": 90, "stated": 10.5}}
    assert (second.fallback, second.when) == (("small",), None)
    assert (third.strategy, third.options) == ("fallback", {})


def test_when_is_read_whole(load: Load):
    assert load(FULL).routes[0].when == When(
        contains_any=("a", "b"),
        regex="x+",
        starts_with=("Translate",),
        min_input_tokens=1,
        max_input_tokens=9,
        task=("code",),
        requires=frozenset({Capability.VISION}),
        metadata={"region": ("eu*",), "tier": ("pro", "3", "true")},
        all=(When(task=("a",)),),
        any=(When(task=("b", "c")), When(not_=When(regex="y"))),
        not_=When(metadata={"a": ("b",)}),
    )


def test_a_stored_document_gives_the_same_profile(load: Load):
    profile = load(FULL)
    stored = json.loads(json.dumps(profile.document))
    again = profile_from_document(
        stored, profile.path, strategies=strategies(), apis=apis(), find_price=catalogue
    )
    assert again == profile
    assert len(profile.digest) == 32


@given(st.decimals(0, 10_000, places=6))
def test_a_price_is_exactly_what_stands_in_the_file(tmp_path_factory, rate: Decimal):
    path = tmp_path_factory.mktemp("p") / "p.toml"
    path.write_text(
        '[providers.a]\napi = "openai"\n[models.m]\nprovider = "a"\nname = "m"\n'
        f"price = {{ input = {rate:f}, output = 1 }}\n"
    )
    profile = load_profile(path, strategies=strategies(), apis=apis(), find_price=catalogue)
    price = profile.models["m"].price
    assert price is not None
    assert price.rates.input == rate
    again = profile_from_document(
        json.loads(json.dumps(profile.document)),
        "",
        strategies=strategies(),
        apis=apis(),
        find_price=catalogue,
    )
    assert again.models["m"].price == price


def test_the_digest_is_of_the_content_and_not_of_the_order():
    assert digest({"a": 1, "b": {"c": [1, 2], "d": "é"}}) == digest(
        {"b": {"d": "é", "c": [1, 2]}, "a": 1}
    )
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})


PROVIDER = '[providers.a]\napi = "openai"\n'
MODEL = '[providers.a]\napi = "openai"\n[models.fast]\nprovider = "a"\nname = "m"\n'
ROUTE = MODEL + '[models.slow]\nprovider = "a"\nname = "n"\n[[routes]]\nname = "r"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[profil]\nname = "x"', '1: profil: unknown key "profil". Did you mean "profile"?'),
        (
            "[policy]\nzeal = 1",
            (
                '2: policy.zeal: unknown key "zeal". '
                "There are: audit, budget, on_budget, require_metadata, rules, tiers, "
                "unknown_price, unsupported."
            ),
        ),
        ("[policy]\nbudget = 1", "2: policy.budget: must be a table, not a whole number."),
        (
            "[policy]\nbudget = { }",
            "2: policy.budget: it is empty. Write it as { per_run = 20.0, per_day = 100.0 }.",
        ),
        (
            "[policy]\nbudget = { per_week = 1 }",
            ('2: policy.budget.per_week: unknown key "per_week". Did you mean "per_request"?'),
        ),
        ("[policy]\nbudget = { per_day = -1 }", "2: policy.budget.per_day: must be at least 0."),
        ("[policy.tiers.free]\n", "1: policy.tiers.free.budget: is missing."),
        (
            PROVIDER + "requests_per_minutes = 5",
            (
                '3: providers.a.requests_per_minutes: unknown key "requests_per_minutes". '
                'Did you mean "requests_per_minute"?'
            ),
        ),
        (
            PROVIDER + 'requests_per_minute = "5"',
            "3: providers.a.requests_per_minute: must be a whole number, not a string.",
        ),
        (PROVIDER + "timeout = 0", "3: providers.a.timeout: must be more than 0.0."),
        (PROVIDER + "timeout = true", "3: providers.a.timeout: must be a number, not a boolean."),
        (PROVIDER + "timeout = inf", "3: providers.a.timeout: must be a finite number."),
        (
            PROVIDER + "region = 2020-01-01",
            (
                "3: providers.a.region: must not be a date or a time. "
                "If it is meant as text, quote it."
            ),
        ),
        (
            '[providers.a]\napi = "opnai"',
            (
                '2: providers.a.api: there is no API "opnai"; `airoute providers` lists them. '
                'Did you mean "openai"?'
            ),
        ),
        ("[providers.a]", "1: providers.a.api: is missing."),
        (
            '[providers]\napi = "openai"',
            (
                "2: providers.api: stands in no table of [providers]. "
                "A header with a name of your choice is missing, as in [providers.mine]."
            ),
        ),
        ('[providers.""]\napi = "openai"', '1: providers."": its name is empty.'),
        (
            PROVIDER + 'base_url = "https://u:made-up@h/v1"',
            (
                "3: providers.a.base_url: it holds a user name or a password, and "
                "secrets never stand "
                "in a profile. Use api_key_env or api_key_cmd."
            ),
        ),
        (
            PROVIDER + 'base_url = "h/v1"',
            (
                "3: providers.a.base_url: this is not an http or https URL. Write it as "
                "https://host/v1."
            ),
        ),
        (
            PROVIDER + 'base_url = "https://h:x/v1"',
            "3: providers.a.base_url: this is not a URL. Write it as https://host/v1.",
        ),
        (
            PROVIDER + 'base_url = "https://h/v1?key=made-up"',
            (
                "3: providers.a.base_url: it goes on after its path. Remove everything "
                "from the ? or "
                "# on."
            ),
        ),
        (
            PROVIDER + 'api_key_env = "A KEY"',
            (
                "3: providers.a.api_key_env: this is no name of an environment variable. Write the "
                'name, never the key, as in api_key_env = "OPENAI_API_KEY".'
            ),
        ),
        (
            PROVIDER + 'api_key_env = "A"\napi_key_cmd = ["b"]',
            "1: providers.a: api_key_env and api_key_cmd are both set. Keep one of them.",
        ),
        (
            PROVIDER + 'api_key_keyring = "openai"',
            (
                "3: providers.a.api_key_keyring: this is no entry of a keyring. Write its service "
                'and its user name, as in api_key_keyring = "airoute/openai".'
            ),
        ),
        (
            PROVIDER + 'api_key_keyring = "sk-made-up/0123456789"',
            (
                "3: providers.a.api_key_keyring: this looks like a key itself, and keys never "
                "stand in a profile. Put it into the keyring (keyring set airoute openai), and "
                'name the entry here, as in api_key_keyring = "airoute/openai".'
            ),
        ),
        (
            PROVIDER + 'headers = { Authorization = "made-up" }',
            (
                "3: providers.a.headers: the header Authorization carries a key, and "
                "keys never stand "
                "in a profile. Use api_key_env or api_key_cmd."
            ),
        ),
        (
            '[providers.a]\napi = "llama-cpp"\nbase_url = "https://h/v1"',
            (
                '1: providers.a: base_url has no meaning for api = "llama-cpp", which '
                "runs inside this "
                "process. Remove it."
            ),
        ),
        (
            PROVIDER + 'api_key = "made-up"',
            (
                '3: providers.a.api_key: unknown key "api_key". Keys and secrets never stand in a '
                "profile. Name the environment variable that holds it in api_key_env."
            ),
        ),
        (
            '[models.m]\nprovider = "opnai"\nname = "x"\n[providers.openai]\napi = "openai"',
            '2: models.m.provider: there is no provider "opnai". Did you mean "openai"?',
        ),
        (
            (
                '[models.gpt-4.1]\nprovider = "local"\nname = "x"\n'
                '[[routes]]\nname = "r"\nmodels = ["gpt-4.1"]'
            ),
            '1: models.gpt-4.1: a name with a dot stands in quotes: [models."gpt-4.1"].',
        ),
        (
            '[providers.eu.west.1]\napi = "openai"\n[models.m]\nprovider="eu.west.1"\nname="m"',
            '1: providers.eu.west.1: a name with a dot stands in quotes: [providers."eu.west.1"].',
        ),
        (MODEL + "price = { input = 1 }", "6: models.fast.price.output: is missing."),
        (
            MODEL + 'price = { input = "1", output = 1 }',
            "6: models.fast.price.input: must be a number, not a string.",
        ),
        (
            MODEL + "price = { input = -1, output = 1 }",
            "6: models.fast.price.input: must be at least 0.",
        ),
        (
            MODEL + 'price = "fre"',
            '6: models.fast.price: must be "free", not "fre". Did you mean "free"?',
        ),
        (
            MODEL + 'price = "free"\nprice_as = "a/b"',
            "3: models.fast: price and price_as are both set. Keep one of them.",
        ),
        (
            MODEL + 'price_as = "openai/gpt-99"',
            (
                "6: models.fast.price_as: the catalogue has no price for "
                '"openai/gpt-99". State the '
                "price itself, as in price = { input = 0.25, output = 2.0 }."
            ),
        ),
        (
            MODEL + 'price_as = "gpt-4o"',
            (
                "6: models.fast.price_as: is not written as it should be; `airoute "
                "profile keys` says "
                "how."
            ),
        ),
        (
            MODEL + 'params = { temperature = "hot" }',
            "6: models.fast.params: temperature must be a number, not 'hot'.",
        ),
        (
            MODEL + 'capabilities = ["visoin"]',
            (
                '6: models.fast.capabilities[#1]: must be "vision", "tools", "json_schema", '
                '"reasoning" or "documents", not "visoin". Did you mean "vision"?'
            ),
        ),
        (
            "[routes]\nname = 1",
            "1: routes: must be a list of tables. Write each route under [[routes]].",
        ),
        (MODEL + '[[routes]]\nmodels = ["fast"]', "6: routes[#1].name: is missing."),
        (
            MODEL + '[[routes]]\nname = " "\nmodels = ["fast"]',
            "7: routes[ ].name: is not written as it should be; `airoute profile keys` says how.",
        ),
        (ROUTE + "models = []", "11: routes[r].models: is empty. Name at least one."),
        (
            ROUTE + 'models = ["fast",\n"fats"]',
            '12: routes[r].models[#2]: there is no model "fats". Did you mean "fast"?',
        ),
        (
            ROUTE + 'models = ["fast", "fast"]',
            '11: routes[r].models[#2]: the model "fast" stands here twice. Remove one.',
        ),
        (
            ROUTE + 'models = ["fast"]\nfallback = ["slwo"]',
            '12: routes[r].fallback[#1]: there is no model "slwo". Did you mean "slow"?',
        ),
        (
            ROUTE + 'models = ["fast"]\n[[routes]]\nname = "r"\nmodels = ["slow"]',
            '13: routes[r].name: another route is called "r" too. Rename one.',
        ),
        (
            ROUTE + 'models = ["fast"]\nstrategy = "sinlge"',
            '12: routes[r].strategy: there is no strategy "sinlge". Did you mean "single"?',
        ),
        (
            ROUTE + 'models = ["fast"]\nstrategy = "best"',
            (
                '12: routes[r].strategy: there is no strategy "best". '
                "There are: cascade, cheapest, ensemble, fallback, fastest, learned, "
                "single, weighted."
            ),
        ),
        (
            ROUTE + 'models = ["fast", "slow"]\nstrategy = "single"',
            (
                "11: routes[r].models: single takes exactly one model and here are 2. Keep one, or "
                'say strategy = "fallback" to try them in order.'
            ),
        ),
        (
            ROUTE + 'models = ["fast"]\nweights = { fast = 1 }',
            (
                '12: routes[r].weights: has no meaning for the strategy "single". '
                'It belongs to "weighted".'
            ),
        ),
        (
            ROUTE + 'models = ["fast"]\nstrategy = "weighted"\nweights = { fats = 1, fast = 2 }',
            '13: routes[r].weights: weights names "fats", which models does not. Add it to models.',
        ),
        (
            ROUTE + 'models = ["fast"]\nstrategy = "weighted"\nweights = { gpt-4.1 = 1 }',
            (
                "13: routes[r].weights.gpt-4: must be a number, not a table. "
                "A name with a dot in it stands in quotes."
            ),
        ),
        (
            ROUTE + 'models = ["fast"]\nfallbak = "slow"',
            '12: routes[r].fallbak: unknown key "fallbak". Did you mean "fallback"?',
        ),
        (
            ROUTE + "models = [\"fast\"]\n[routes.when]\nregex = '('",
            (
                "13: routes[r].when.regex: this is not a regular expression: missing "
                "), unterminated "
                "subpattern at position 0."
            ),
        ),
        (
            ROUTE + 'models = ["fast"]\nwhen = { any = [{ tasks = "a" }] }',
            '12: routes[r].when.any[#1].tasks: unknown key "tasks". Did you mean "task"?',
        ),
        (
            ROUTE + 'models = ["fast"]\nwhen = { min_input_tokens = 9, max_input_tokens = 1 }',
            (
                "12: routes[r].when: min_input_tokens (9) is more than max_input_tokens (1), so "
                "nothing ever matches."
            ),
        ),
        (
            ROUTE + 'models = ["fast"]\nwhen = { metadata.a = { b = 1 } }',
            "12: routes[r].when.metadata.a: must be a string or a list of strings, not a table.",
        ),
        (
            'a = "x',
            (
                "1: this is not valid TOML: Illegal character '\\n'. Look at that line for a "
                "missing quote, bracket or equals sign."
            ),
        ),
        (
            "[models.a]\nprice = { input = 1,\n output = 2 }",
            (
                "2: this is not valid TOML: Invalid initial character for a key part. "
                "An inline table "
                "{ … } takes one line; write longer ones under a [header]."
            ),
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_its_remedy(problems: Told, text: str, told: str):
    assert problems(text + "\n") == [told]


@pytest.mark.parametrize(
    "text",
    [
        'api_key_env = "sk-made-up-0123456789"',
        'api_key_env = "gsk_madeup0123456789"',
        'api_key_cmd = ["echo", "sk-made-up-0123456789"]',
        'headers = { X-Thing = "sk-made-up-0123456789" }',
        'headers = { x-api-key = "made-up-0123456789" }',
        'base_url = "https://user:made-up-0123456789@h/v1"',
        'api_key = "sk-made-up-0123456789"',
        'region = ["sk-made-up-0123456789"]',
        'timeout = "sk-made-up-0123456789"',
        'max_concurrency = "made-up-0123456789"',
    ],
)
def test_a_key_in_a_profile_is_refused_and_not_repeated(problems: Told, text: str):
    told = problems(PROVIDER + text)
    assert len(told) == 1
    assert "0123456789" not in told[0]


def test_all_problems_are_told_at_once_in_the_order_of_their_lines(problems: Told):
    text = ROUTE.replace('"n"', "1") + 'models = ["fats"]\nstrategy = "x"\n[proflie]\n'
    assert [told.split(":")[0] for told in problems(text)] == ["8", "11", "12", "13"]


def test_params_may_hold_tables_of_the_provider(load: Load):
    model = load(MODEL + 'params = { provider = { order = ["x"], price = 1 } }').models["fast"]
    assert model.settings.extra == {"provider": {"order": ["x"], "price": 1}}


def test_a_bom_and_windows_line_ends_are_fine(tmp_path: Path):
    path = tmp_path / "p.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MODEL.replace("\n", "\r\n").encode())
    assert load_profile(
        path, strategies=strategies(), apis=apis(), find_price=catalogue
    ).models.keys() == {"fast"}


def test_what_is_not_text_is_told(tmp_path: Path):
    path = tmp_path / "p.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError) as caught:
        load_profile(path, strategies=strategies(), apis=apis())
    assert str(caught.value) == f"{path}: this is not UTF-8 text. Save it as UTF-8."


@pytest.mark.parametrize(
    ("host", "variable"),
    [
        ("https://api.openai.com/v1", "OPENAI_API_KEY"),
        ("https://eu.api.openai.com/v1", "OPENAI_API_KEY"),
        ("https://api.openai.com.evil.example/v1", None),
        ("https://openai.com/v1", None),
    ],
)
def test_openais_key_goes_to_openai_alone(load: Load, host: str, variable: str | None):
    profile = load(PROVIDER + f'base_url = "{host}"\n')
    assert profile.providers["a"].api_key_env == ((variable,) if variable else ())


def test_a_profile_is_looked_for_in_this_order(tmp_path: Path, home: Path):
    here, mine = tmp_path / "airoute.toml", home / ".config" / "airoute" / "airoute.toml"
    named, exported = tmp_path / "named.toml", tmp_path / "exported.toml"
    mine.parent.mkdir(parents=True)
    for path in (here, mine, named, exported):
        path.write_text("")
    environ = {"AIROUTE_PROFILE": str(exported)}
    assert find_profile(named, environ, tmp_path) == named
    assert find_profile(Path("named.toml"), environ, tmp_path) == named
    assert find_profile(None, environ, tmp_path) == exported
    assert find_profile(None, {}, tmp_path) == here
    here.unlink()
    assert find_profile(None, {}, tmp_path) == mine


def test_without_a_profile_the_remedy_is_named(tmp_path: Path, home: Path):
    with pytest.raises(ProfileError) as caught:
        find_profile(None, {}, tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'airoute.toml'}: there is no profile here, and none at "
        f"{home / '.config/airoute/airoute.toml'}. "
        "`airoute profile init` writes one that works without a key."
    )


@pytest.mark.parametrize(
    ("explicit", "environ", "why"),
    [
        (Path("no.toml"), {}, "there is no such file; it was named on the command line."),
        (
            None,
            {"AIROUTE_PROFILE": "no.toml"},
            "there is no such file; it was named by $AIROUTE_PROFILE.",
        ),
        (Path(), {}, "this is a folder; it was named on the command line."),
    ],
)
def test_a_named_profile_must_be_there(
    tmp_path: Path, explicit: Path | None, environ: dict[str, str], why: str
):
    with pytest.raises(ProfileError) as caught:
        find_profile(explicit, environ, tmp_path)
    assert str(caught.value).endswith(
        f": {why} `airoute profile init --path FILE` writes a new one."
    )


BEDROCK = """
[providers.aws]
api = "bedrock"
{more}
[models.claude]
provider = "aws"
name = "anthropic.claude-v1:0"
[models.nova]
provider = "aws"
name = "amazon.nova-v1:0"
[[routes]]
name = "all"
models = ["claude", "nova"]
"""


def test_bedrock_is_where_its_region_is_and_needs_no_key(load: Load):
    given = load(BEDROCK.format(more='region = "eu-west-1"\naws_profile = "work"'))
    provider = given.providers["aws"]
    assert provider.base_url == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert (provider.api_key_env, provider.key_optional) == (("AWS_BEARER_TOKEN_BEDROCK",), True)
    assert provider.options == {"aws_profile": "work"}
    refused = {name: model.carrier.cannot for name, model in given.models.items()}
    assert "top_k" in refused["nova"]
    assert "top_k" not in refused["claude"]
    assert "s3_media" not in refused["claude"]


def test_a_key_that_the_profile_names_is_needed(load: Load):
    given = load(BEDROCK.format(more='region = "eu-west-1"\napi_key_env = "MINE"'))
    assert not given.providers["aws"].key_optional


def test_bedrock_without_a_region_or_an_address_is_told(problems: Told):
    (told,) = problems(BEDROCK.format(more=""))
    assert 'the address of "bedrock" depends on it' in told
    assert 'region = "us-east-1"' in told


def test_what_is_in_s3_is_for_bedrock_alone(load: Load):
    given = load(BEDROCK.format(more='region = "eu-west-1"').replace('"bedrock"', '"openai"'))
    assert all("s3_media" in model.carrier.cannot for model in given.models.values())


VERTEX = BEDROCK.replace("bedrock", "vertex").replace("anthropic.claude-v1:0", "gemini-2.5-pro")


@pytest.mark.parametrize(
    ("region", "url", "proved"),
    [
        ("europe-west4", "https://europe-west4-aiplatform.googleapis.com", "europe-west4"),
        ("global", "https://aiplatform.googleapis.com", "global"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com", "eu"),
        ("us", "https://aiplatform.us.rep.googleapis.com", "us"),
    ],
)
def test_vertex_is_where_its_region_is(load: Load, region: str, url: str, proved: str):
    given = load(VERTEX.format(more=f'project = "p"\nregion = "{region}"'))
    provider, model = given.providers["aws"], given.models["claude"]
    assert (provider.base_url, model.region) == (url, proved)
    assert provider.api_key_env == ("GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN")
    assert not provider.key_optional
    assert {"schema_with_tools", "s3_media", "google_file"} <= model.carrier.cannot
    assert model.carrier.knows("gemini")
    assert not model.carrier.knows("bedrock")


def test_vertex_needs_a_project_and_a_region(problems: Told):
    (project,) = problems(VERTEX.format(more=""))
    assert "providers.aws.project: is missing" in project
    (region,) = problems(VERTEX.format(more='project = "p"'))
    assert 'the address of "vertex" depends on it. Write it as region = "global".' in region


def test_a_region_that_the_host_of_vertex_denies(problems: Told):
    host = "https://europe-west4-aiplatform.googleapis.com"
    more = f'project = "p"\nregion = "us"\nbase_url = "{host}"'
    (told,) = problems(VERTEX.format(more=more))
    assert "that is europe-west4" in told
