from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.request import BadRow, Row
from airoute_cli.edges.rows.parse import made_id, read_line, read_plain_line

CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXT = st.text(CHARACTERS, min_size=1).filter(str.strip)


def row(line: bytes, number: int = 1) -> Row:
    read = read_line(line, number)
    assert isinstance(read, Row), read
    return read


def bad(line: bytes, number: int = 1) -> BadRow:
    read = read_line(line, number)
    assert isinstance(read, BadRow), read
    return read


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (
            b'{"prompt": "caf\xe9"}',
            "invalid_utf8",
            "not valid UTF-8 at column 16 (byte 0xe9); save the file as UTF-8",
        ),
        (
            '{"é": "'.encode() + b'\xff"}',
            "invalid_utf8",
            "not valid UTF-8 at column 8 (byte 0xff); save the file as UTF-8",
        ),
        (
            b'{"prompt": NaN}',
            "invalid_json",
            "not valid JSON at column 12: NaN and None are not JSON; write null",
        ),
        (
            b"{'prompt': 'x'}",
            "invalid_json",
            "not valid JSON at column 2: strings take double quotes",
        ),
        (
            b'{"prompt": "x"',
            "invalid_json",
            "not valid JSON at column 15: the line ends in the middle of a value",
        ),
        (
            b'{"prompt": "a\tb"}',
            "invalid_json",
            "not valid JSON at column 14: a tab or control character in a string must be escaped",
        ),
        (
            b'{"prompt": "\\ud83d"}',
            "invalid_json",
            (
                "not valid JSON at column 13: a \\ud800 to \\udfff escape stands alone; "
                "such a text cannot be sent"
            ),
        ),
        (
            b'{"prompt": "x",}',
            "invalid_json",
            "not valid JSON at column 15: trailing comma is not allowed",
        ),
        (
            b'{"prompt": "x"} x',
            "invalid_json",
            "not valid JSON at column 17: unexpected content after document",
        ),
        (b'["x"]', "invalid_row", "a row must be a JSON object: {…}"),
        (b'"x"', "invalid_row", "a row must be a JSON object: {…}"),
        (
            b"{}",
            "invalid_row",
            (
                "the row has none of the keys 'prompt', 'messages', 'body', 'params', 'request' "
                "or 'modelInput'"
            ),
        ),
        (
            b'{"raw": "hello"}',
            "invalid_row",
            (
                "this line could not be read as a row in an earlier run; "
                "mend the text under 'raw' and write it as a row of its own"
            ),
        ),
        (
            b'{"prompt": "x", "custom_id": 1.5}',
            "invalid_row",
            "custom_id must be a string or a whole number below 2^64; put it in quotes",
        ),
        (
            b'{"prompt": "x", "custom_id": 18446744073709551616}',
            "invalid_row",
            "custom_id must be a string or a whole number below 2^64; put it in quotes",
        ),
        (
            b'{"prompt": "x", "id": true}',
            "invalid_row",
            "id must be a string or a whole number below 2^64; put it in quotes",
        ),
        (
            b'{"prompt": "x", "custom_id": ""}',
            "invalid_row",
            "custom_id is empty; leave it out or give the row a name",
        ),
        (
            b'{"prompt": "x", "deep": ' + b"[" * 300 + b"]" * 300 + b"}",
            "invalid_row",
            "the row is nested more than 250 levels deep",
        ),
    ],
)
def test_a_line_that_is_no_row_says_what_is_wrong_and_where(line, code, message):
    read = bad(line, 7)
    assert (read.custom_id, read.line, read.code, read.message) == ("line-7", 7, code, message)
    assert read.raw == line


def test_a_line_nested_beyond_the_parser_fails_alone():
    assert bad(b"[" * 5000 + b"]" * 5000).message.endswith("it is nested too deeply")


def test_a_bad_row_keeps_its_own_id():
    read = bad(b'{"custom_id": "t-1", "prompt": ""}')
    assert (read.custom_id, read.code) == ("t-1", "empty_prompt")


@pytest.mark.parametrize(
    ("line", "custom_id"),
    [
        (b'{"custom_id": "a", "prompt": "x"}', "a"),
        (b'{"id": "a", "prompt": "x"}', "a"),
        (b'{"id": 12, "prompt": "x"}', "12"),
        (b'{"id": 18446744073709551615, "prompt": "x"}', "18446744073709551615"),
        (b'{"custom_id": "a", "messages": [{"role": "user", "content": "x"}]}', "a"),
        (b'{"custom_id": "a", "body": {"messages": [{"role": "user", "content": "x"}]}}', "a"),
        (b'{"custom_id": "a", "params": {"messages": [{"role": "user", "content": "x"}]}}', "a"),
        (b'{"key": "a", "request": {"contents": [{"parts": [{"text": "x"}]}]}}', "a"),
        (
            (
                b'{"recordId": "a", "modelInput": '
                b'{"messages": [{"role": "user", "content": [{"text": "x"}]}]}}'
            ),
            "a",
        ),
    ],
)
def test_each_shape_has_its_own_key_for_the_id(line, custom_id):
    read = row(line)
    assert read.custom_id == custom_id
    assert read.has_id
    assert read.extra == {}
    assert [message.text for message in read.request.messages] == ["x"]


def test_a_row_without_an_id_gets_one_from_its_content():
    read = row(b'{"prompt": "x"}')
    assert not read.has_id
    assert read.custom_id == f"row-{read.digest.hex()[:16]}" == made_id(read.digest)
    assert made_id(read.digest, 2) == f"{read.custom_id}-2"
    assert row(b'{"custom_id": null, "prompt": "x"}').custom_id == read.custom_id


def test_the_digest_is_of_the_content_and_not_of_its_form():
    plain = row(b'{"prompt": "x", "temperature": 0.5}').digest
    assert len(plain) == 16
    assert row(b'{ "temperature":0.5,"prompt":"\\u0078"}').digest == plain
    assert row(b'{"custom_id": "q", "prompt": "x", "temperature": 0.5}').digest == plain
    marked = b'{"prompt": "x", "temperature": 0.5, "airoute": {"state": "failed"}}'
    assert row(marked).digest == plain
    assert "airoute" not in row(marked).extra
    assert row(b'{"prompt": "x", "temperature": 0.6}').digest != plain


def test_a_bad_row_has_the_digest_of_its_content_too():
    left = bad(b'{"custom_id": "a", "prompt": ""}')
    right = bad(b'{"prompt":"", "custom_id": "b"}')
    assert left.digest == right.digest


def test_with_both_ids_the_one_called_custom_id_counts():
    read = row(b'{"id": 5, "custom_id": "a", "prompt": "x"}')
    assert read.custom_id == "a"
    assert read.extra == {"id": 5}


@given(own=TEXT | st.sampled_from(["", None, 5, 1.5, True]), prompt=TEXT | st.just(" \n"))
def test_a_row_of_an_id_and_a_prompt_reads_as_one_with_more(own, prompt):
    usual, more = {"custom_id": own, "prompt": prompt}, {"prompt": prompt, "custom_id": own}
    more["airoute"] = {}  # which is no part of the content
    one, other = read_line(orjson.dumps(usual), 1), read_line(orjson.dumps(more), 1)
    assert type(one) is type(other)
    told = ("code", "message") if isinstance(one, BadRow) else ("digest", "request", "extra")
    for name in ("custom_id", *told):
        assert getattr(one, name) == getattr(other, name)


@given(text=TEXT)
def test_any_text_comes_through_a_row_unchanged(text):
    line = orjson.dumps({"custom_id": text, "prompt": text, "column": text})
    read = row(line)
    assert (read.custom_id, read.request.messages[0].text) == (text, text)
    assert read.extra == {"column": text}
    assert read.raw == line


@given(text=TEXT.filter(lambda text: "\n" not in text))
def test_any_line_of_text_is_a_prompt_that_can_be_fed_in_again_as_json(text):
    read = read_plain_line(text.encode(), 3)
    assert isinstance(read, Row)
    assert read.request.messages[0].text == text
    again = row(read.raw, 3)
    assert (again.digest, again.custom_id) == (read.digest, read.custom_id)


def test_a_line_of_text_that_is_no_utf8_fails_alone():
    read = read_plain_line(b"caf\xe9", 2)
    assert isinstance(read, BadRow)
    assert read.code == "invalid_utf8"


@given(line=st.binary(max_size=60).filter(lambda line: b"\n" not in line))
def test_no_bytes_at_all_make_the_reader_raise(line):
    assert read_line(line, 1).raw == line
    assert read_line(b'{"prompt":' + line + b"}", 1).line == 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(0, 1)
    | st.text(CHARACTERS, max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "role",
        "content",
        "type",
        "text",
        "image_url",
        "url",
        "source",
        "data",
        "parts",
        "text",
        "contents",
        "messages",
        "system",
        "tools",
        "function",
        "name",
        "tool_calls",
        "tool_choice",
        "response_format",
        "json_schema",
        "schema",
        "inlineData",
        "image",
        "generationConfig",
        "inferenceConfig",
        "metadata",
        "n",
        "stop",
        "temperature",
    ]
)
ODD = st.recursive(
    JSON | st.sampled_from(["user", "text", "image", "function", "json_schema", "base64"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(
    marker=st.sampled_from(["prompt", "messages", "body", "params", "request", "modelInput"]),
    value=ODD | st.fixed_dictionaries({"messages": ODD}) | st.fixed_dictionaries({"contents": ODD}),
    rest=st.dictionaries(KEYS, ODD, max_size=3),
)
def test_no_object_at_all_makes_the_reader_raise(marker, value, rest):
    assert read_line(orjson.dumps({**rest, marker: value}), 1).line == 1
