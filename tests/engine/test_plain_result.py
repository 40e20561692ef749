from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import ErrorKind
from airoute_cli.core.label import Label
from airoute_cli.core.money import Price, Rates, Usage
from airoute_cli.core.outcome import Attempt, Outcome, Output, OutputState, RowState, Step
from airoute_cli.core.outcome import StepVerdict as Verdict
from airoute_cli.core.plan import Basis, Call, CallRole, Features, Plan
from airoute_cli.core.policy import Ruling
from airoute_cli.core.profile import Model, Profile, Provider
from airoute_cli.core.request import Request, Row, ToolCall
from airoute_cli.core.scan import Scan
from airoute_cli.core.templates import TemplateUse
from airoute_cli.engine.plain_result import PlainResults
from airoute_cli.engine.result_line import result_line
from airoute_cli.engine.tally import Tally

HERE = Provider("here %s", "openai")
PRICE = Price(Rates(Decimal("0.25"), Decimal(2)), "profile", date(2026, 1, 2))
MODELS = {"m": Model("m", HERE, "m-1", price=PRICE), "n%d": Model("n%d", HERE, 'n"2')}
PROFILE = Profile("t", "t.toml", {"here": HERE}, MODELS, ())
NAMES = st.sampled_from(sorted(MODELS))
WORDS = st.sampled_from(["", "a", "50 %s", '"q"\n', "ä\u2028\0"]) | st.text(max_size=5)
USD = st.none() | st.decimals(0, 9, places=9)
COUNTS = st.integers(0, 10**9)
SECONDS = st.floats(0, 4e9) | st.sampled_from([0.0, 0.0005, 0.0995, 1.5, 1_795_612_777.5])
MS = st.floats(-1, 1e8)
CALLS = st.builds(
    Call,
    st.sampled_from(sorted(MODELS)),
    st.just(CallRole.ANSWER),
    COUNTS,
    COUNTS,
    USD,
    USD,
    st.sampled_from([(), ("top_k",)]),
)
ASKED = Call("m", CallRole.ANSWER, 1, 2, Decimal(1), None, ("top_k",))
TWO_CALLS = st.permutations([ASKED, ASKED._replace(model="n%d")]).map(tuple)
LABELLED = Basis(Features("", 1, "t", frozenset(), label=Label("t", "n%d")))
STEP = Step("m", Verdict.ACCEPTED)
# What may be otherwise than in the plainest row, by what it is told of.
CHANGES: dict[str, dict[str, st.SearchStrategy]] = {
    "row": {
        "custom_id": WORDS,
        "line": COUNTS,
        "digest": st.binary(min_size=16, max_size=16),
        "metadata": st.sampled_from([{"tier": "%s", "n": [1.5, None]}, {"ä": True}]),
        "extra": st.sampled_from([{"more": 1}, {"id": 2}]),
    },
    "plan": {
        "route": WORDS,
        "strategy": st.sampled_from(["cascade", "50 %"]),
        "reason": WORDS,
        "calls": st.lists(CALLS, min_size=1, max_size=2).map(tuple) | TWO_CALLS,
        "tier": st.sampled_from(["gold", "50 %"]),
        "degraded": st.just(True),
        "basis": st.just(LABELLED),
        "template": st.just(TemplateUse("t", 1, "d", {"m": "v"})),
    },
    "ruling": {
        "eligible": st.sampled_from([frozenset(), frozenset(MODELS)]),
        "rules": st.just(("rule %s",)),
        "redact": st.just(frozenset({"pii.email"})),
        "scan": st.just(Scan(frozenset(), {"pii.email": 2})),
        "declared": st.just(frozenset({"m"})),
    },
    "attempt": {
        "model": st.just("n%d"),
        "started": SECONDS,
        "latency_ms": MS,
        "error": st.just(ErrorKind.TIMEOUT),
        "usd": USD,
        "reported_usd": st.just(Decimal("0.1")),
        "waited_s": st.sampled_from([0.0009, 0.001, 0.02, 12.3456]) | SECONDS,
        "role": st.sampled_from([CallRole.FALLBACK, CallRole.CLASSIFIER]),
    },
    "completion": {
        "text": WORDS,
        "finish_reason": st.sampled_from(FinishReason),
        "raw_finish_reason": st.none() | WORDS,
        "tool_calls": st.just((ToolCall("c", "f", "{}"),)),
        "reasoning": WORDS,
        "refusal": WORDS,
        "served_model": st.none() | WORDS,
        "request_id": st.none() | WORDS,
    },
    "usage": {
        "input_tokens": COUNTS,
        "output_tokens": COUNTS,
        "cached_input_tokens": COUNTS,
        "cache_write_tokens": COUNTS,
        "reasoning_tokens": COUNTS,
        "estimated": st.just(True),
    },
    "outcome": {
        "model": st.just("n%d"),
        "usd": USD,
        "elapsed_ms": MS,
        "steps": st.sampled_from([(STEP,), (STEP, STEP)]),
        "accepted": st.booleans(),
        "output": st.just(Output(OutputState.VALID)),
    },
}
PLACES = [(one, name) for one, fields in CHANGES.items() for name in fields]


class Ended(NamedTuple):
    row: Row
    outcome: Outcome


def _ended(changes: dict[tuple[str, str], object], *, twice: bool = False) -> Ended:
    """The plainest row, with those changes; asked ``twice``, it has two attempts."""
    given = {one: {} for one in CHANGES}
    for (one, name), value in changes.items():
        given[one][name] = value
    usage = Usage(**{"input_tokens": 70, "output_tokens": 6} | given["usage"])
    ruling = Ruling(**{"eligible": frozenset({"m"})} | given["ruling"])
    call = Call("m", CallRole.ANSWER, 70, 100, Decimal("0.0001"), Decimal("0.002"))
    plan = {"route": "r", "strategy": "single", "reason": "why", "calls": (call,)}
    attempt = {"model": "m", "started": 1_795_612_777.6472, "latency_ms": 12.34, "usage": usage}
    attempt |= {"usd": Decimal("0.0000295")} | given["attempt"]
    completion = {"text": "ü %s", "finish_reason": FinishReason.STOP, "usage": usage}
    outcome = {"model": "m", "usd": attempt["usd"], "elapsed_ms": 20.05} | given["outcome"]
    return Ended(
        Row(**{"custom_id": "a", "line": 1, "digest": b"\1" * 16} | FIXED | given["row"]),
        Outcome(
            RowState.COMPLETED,
            Plan(candidates=(), ruling=ruling, **plan | given["plan"]),
            Completion(**completion | given["completion"]),
            attempts=(Attempt(**attempt),) * (1 + twice),
            **outcome,
        ),
    )


FIXED = {"request": Request(()), "raw": b"{}"}


@st.composite
def ended(draw: st.DrawFn) -> Ended:
    changed = draw(st.lists(st.sampled_from(PLACES), max_size=3, unique=True))
    changes = {(one, name): draw(CHANGES[one][name]) for one, name in changed}
    return _ended(changes, twice=draw(st.integers(0, 9)) == 9)


def test_most_rows_are_plain():
    results = PlainResults(PROFILE, 1)
    row, outcome = _ended({})
    for metadata in ({}, {"tier": "gold"}):
        line, _ = results.line(row._replace(metadata=metadata), outcome)
        assert orjson.loads(line)["airoute"]["attempts"][0]["latency_ms"] == 12.3
        assert orjson.loads(line).get("metadata", {}) == metadata


@pytest.mark.parametrize("place", PLACES, ids=".".join)
@settings(max_examples=25)
@given(data=st.data())
def test_one_thing_that_is_otherwise_is_told(place: tuple[str, str], data: st.DataObject):
    one, name = place
    _check([_ended({place: data.draw(CHANGES[one][name])})], 1)


@given(st.lists(ended(), min_size=1, max_size=4), st.integers(1, 3))
def test_a_plain_line_is_as_any_other_and_counts_alike(rows: list[Ended], number: int):
    _check(rows, number)


def _check(rows: list[Ended], number: int):
    results = PlainResults(PROFILE, number)
    plain, general, read_back = Tally(), Tally(), Tally()
    for row, outcome in (_ended({}), *rows):
        line, told = result_line(row, outcome, PROFILE, number)
        made = results.line(row, outcome)
        if made is None:
            continue
        assert made[0] == line
        plain.add_answer(made[1])
        general.add(told)
        read_back.add(orjson.loads(line)["airoute"])
    assert _counted(plain) == _counted(general) == _counted(read_back)


def _counted(tally: Tally) -> str:
    """Everything in it, whatever the Decimals are written like."""
    shares = {of: _values(share) for of, share in tally.shares.items()}
    return repr(_values(tally) | {"shares": shares})


def _values(one: object) -> dict[str, object]:
    told = {name: getattr(one, name) for name in type(one).__slots__}
    return {name: _bare(value) for name, value in told.items()}


def _bare(value: object) -> object:
    if isinstance(value, Decimal):
        return value.normalize()
    if isinstance(value, dict):
        return {key: _bare(each) for key, each in value.items()}
    return getattr(value, "_counts", value)
