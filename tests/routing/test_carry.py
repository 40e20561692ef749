from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.elements import CARRIES_ALL, Carrier, Element
from airoute_cli.core.profile import Route, Unsupported
from airoute_cli.core.request import (
    CacheMark,
    Document,
    Image,
    Message,
    Request,
    ResponseSchema,
    Text,
    Thought,
    Tool,
    ToolCall,
)
from airoute_cli.core.settings import Settings
from airoute_cli.providers.registry import format_names, format_spec
from airoute_cli.routing.carry import elements_of, lost, named, without
from airoute_cli.routing.planner import Planner
from airoute_cli.routing.shape import shape
from tests.routing.conftest import Make

HI = Message("user", (Text("hi"),))
CALL = ToolCall("1", "f", "{}", signature="proof")


def _asked(*parts: object, **fields: object) -> Request:
    return Request((Message("user", (Text("hi"), *parts)),), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "elements"),
    [
        (Request((HI,)), set()),
        (_asked(Image("https://x/a.png")), {"image_url"}),
        (_asked(Image("data:image/png;base64,AA", "low")), {"image_data", "image_detail"}),
        (_asked(Document("https://x/a.pdf")), {"document_url"}),
        (_asked(Document("data:application/pdf;base64,AA")), {"document_data"}),
        (_asked(Image("s3://b/a.png"), Document("s3://b/a.pdf")), {"s3_media"}),
        (_asked(Thought("hm", "anthropic")), {"thoughts:anthropic"}),
        (_asked(Image("gs://b/a.png")), {"gcs_media"}),
        (
            _asked(Document("https://generativelanguage.googleapis.com/v1beta/files/x")),
            {"google_file"},
        ),
        (Request((HI, Message("assistant", (), (CALL,)))), {"call_proof"}),
        (_asked(CacheMark()), {"cache_mark"}),
        (_asked(tools=(Tool("f", cache=CacheMark()),)), {"cache_mark"}),
        (
            _asked(settings=Settings(temperature=1.0, top_p=0.5)),
            {"temperature", "top_p", "top_p_with_temperature"},
        ),
        (_asked(settings=Settings(temperature=0.0, seed=0)), {"temperature", "seed"}),
        (_asked(settings=Settings(stop=("a",) * 5)), {"stop", "stops_over_4"}),
        (_asked(settings=Settings(stop=("a",) * 6)), {"stop", "stops_over_4", "stops_over_5"}),
        (_asked(settings=Settings(extra={"logit_bias": {}})), {"extra:logit_bias"}),
        (_asked(settings=Settings(max_output_tokens=15)), {"cap_under_16"}),
        (_asked(settings=Settings(max_output_tokens=16)), set()),
        (_asked(tools=(Tool("f"),), tool_choice="auto"), set()),
        (_asked(tools=(Tool("f"),), tool_choice="=f"), {"tool_choice_named"}),
        (_asked(tools=(Tool("f"),), tool_choice="none"), {"tool_choice_none"}),
        (
            _asked(tools=(Tool("f", strict=True),), schema=ResponseSchema(schema={})),
            {"strict", "schema_with_tools"},
        ),
        (_asked(schema=ResponseSchema()), {"json_object"}),
        (
            Request((HI, Message("tool", (Image("https://x"),), tool_call_id="1", is_error=True))),
            {"image_url", "tool_result_media", "tool_error"},
        ),
        (Request((Message("user", (Text("hi"),), name="Ann"),)), {"turn_name"}),
    ],
)
def test_the_elements_of_a_request(request_: Request, elements: set[str]) -> None:
    assert elements_of(request_) == elements


@given(st.sets(st.sampled_from(sorted(Element))), st.sets(st.sampled_from(sorted(Element))))
def test_what_is_lost_is_what_stands_in_both(asked: set[str], cannot: set[str]) -> None:
    found = lost(frozenset(asked), "openai", Carrier(frozenset(cannot)))
    assert found == tuple(sorted(asked & cannot))


@pytest.mark.parametrize(
    ("carrier", "dialect", "expected"),
    [
        (CARRIES_ALL, "openai", ()),
        (Carrier(extras={"openai": None}), "openai", ()),
        (Carrier(extras={"openai": None}), "anthropic", ("extra:k",)),
        (Carrier(extras={"openai": frozenset({"k"})}), "openai", ()),
        (Carrier(extras={"openai": frozenset({"j"})}), "openai", ("extra:k",)),
        (Carrier(frozenset({"extra:k"}), {"openai": None}), "openai", ("extra:k",)),
        (Carrier(extras={}), "openai", ("extra:k",)),
    ],
)
def test_a_parameter_is_taken_in_the_words_of_its_dialect(
    carrier: Carrier, dialect: str, expected: tuple[str, ...]
) -> None:
    assert lost(frozenset({"extra:k"}), dialect, carrier) == expected


@pytest.mark.parametrize(
    ("carrier", "expected"),
    [
        (CARRIES_ALL, ()),
        (Carrier(thoughts=frozenset({"anthropic", "bedrock"})), ()),
        (Carrier(thoughts=frozenset({"gemini"})), ("thoughts:anthropic",)),
        (Carrier(frozenset({"thoughts"})), ("thoughts:anthropic",)),
    ],
)
def test_reasoning_goes_back_to_those_who_know_it(
    carrier: Carrier, expected: tuple[str, ...]
) -> None:
    assert lost(frozenset({"thoughts:anthropic"}), "openai", carrier) == expected


@pytest.mark.parametrize("name", format_names())
def test_no_format_takes_back_what_it_does_not_know(name: str) -> None:
    spec = format_spec(name)
    assert spec is not None
    carrier = Carrier(spec.cannot, spec.extras, spec.thoughts)
    assert lost(frozenset({"thoughts:made-up"}), name, carrier) == ("thoughts:made-up",)
    words = "the reasoning of an earlier turn (given by the API made-up)"
    assert named(("thoughts:made-up",)) == [words]


RICH = Request(
    (
        Message(
            "user",
            (
                Text("hi"),
                CacheMark("1h"),
                Image("https://x", "high"),
                Thought("hm", "anthropic", "sig"),
            ),
            name="Ann",
        ),
        Message("assistant", (Text("so"), Thought("oh", "gemini")), (CALL,)),
        Message("tool", (Text("no"),), tool_call_id="1", name="f", is_error=True),
    ),
    Settings(
        temperature=0.5, top_p=0.5, top_k=3, stop=("x",), seed=1, reasoning_effort="low",
        extra={"a": 1, "b": 2},
    ),
    tools=(Tool("f", strict=True, cache=CacheMark()),),
    tool_choice="=f",
    schema=ResponseSchema(schema={}, strict=True),
    parallel_tool_calls=False,
)  # fmt: skip
PAIR = str(Element.TOP_P_WITH_TEMPERATURE)
ASKED = frozenset({Element.IMAGE_URL, Element.SCHEMA_WITH_TOOLS})


@given(st.sets(st.sampled_from(sorted(elements_of(RICH) - ASKED | {"parallel_tool_calls"}))))
def test_what_was_dropped_is_gone_and_nothing_else_is(dropped: set[str]) -> None:
    left = elements_of(without(RICH, tuple(sorted(dropped))))
    # Of two that stand beside each other the second one goes.
    gone = dropped | ({"top_p"} if PAIR in dropped else set())
    gone |= {PAIR} if gone & {"temperature", "top_p"} else set()
    assert left == elements_of(RICH) - gone


def test_a_tools_name_is_no_speakers_name() -> None:
    assert without(RICH, ("turn_name",)).messages[2].name == "f"


def test_a_setting_that_is_lost_keeps_a_model_from_answering(make: type[Make]) -> None:
    planner = Planner(make.profile([Route("r", "fallback", ("a", "b"))], _models(make)))
    plan = planner.plan(make.row(settings=Settings(seed=1)), {}, explain=True)
    assert [call.model for call in plan.calls] == ["b"]
    assert plan.candidates[0].reason == "cannot be sent seed"


def test_nobody_left_is_a_refusal_by_name(make: type[Make]) -> None:
    planner = Planner(make.profile([Route("r", "single", ("a",))], _models(make)))
    plan = planner.plan(make.row(settings=Settings(seed=1)), {})
    assert plan.refusal == 'no model of route "r" may answer: a: cannot be sent seed'


def test_it_is_dropped_where_the_profile_says_so_and_the_plan_tells(make: type[Make]) -> None:
    profile = make.profile([Route("r", "single", ("a",))], _models(make))
    planner = Planner(replace(profile, unsupported=Unsupported.DROP))
    row = make.row(settings=Settings(seed=1, temperature=0.5))
    (call,) = planner.plan(row, {}).calls
    assert call.dropped == ("seed",)
    sent = shape(row.request, None, profile.models["a"], call.dropped)
    assert (sent.settings.seed, sent.settings.temperature) == (None, 0.5)


def test_what_is_asked_is_never_dropped(make: type[Make]) -> None:
    image = make.row()
    image = image._replace(request=_asked(Image("https://x")))
    carrier = Carrier(frozenset({Element.IMAGE_URL}))
    model = make.model("a", carrier=carrier, capabilities=frozenset({"vision"}))
    profile = make.profile([Route("r", "single", ("a",))], [model])
    plan = Planner(replace(profile, unsupported=Unsupported.DROP)).plan(image, {})
    assert plan.refusal == 'no model of route "r" may answer: a: cannot be sent an image by its URL'


def test_a_hint_is_dropped_by_itself_and_told(make: type[Make]) -> None:
    row = make.row()._replace(request=_asked(CacheMark()))
    model = make.model("a", carrier=Carrier(frozenset({Element.CACHE_MARK})))
    profile = make.profile([Route("r", "single", ("a",))], [model])
    assert Planner(profile).plan(row, {}).calls[0].dropped == ("cache_mark",)


def test_a_routes_setting_counts_and_a_models_own_does_not(make: type[Make]) -> None:
    seed = Settings(seed=7)
    models = [replace(model, settings=seed) for model in _models(make)]
    routes = [Route("r", "fallback", ("a", "b"))]
    plan = Planner(make.profile(routes, models)).plan(make.row(), {})
    assert [call.model for call in plan.calls] == ["a", "b"]
    plan = Planner(make.profile([replace(routes[0], settings=seed)], models)).plan(make.row(), {})
    assert [call.model for call in plan.calls] == ["b"]


def _models(make: type[Make]) -> list:  # type: ignore[type-arg]
    return [make.model("a", carrier=Carrier(frozenset({Element.SEED}))), make.model("b")]
