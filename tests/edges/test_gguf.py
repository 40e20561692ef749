from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airoute_cli.core.errors import SetupError
from airoute_cli.edges.gguf import MAGIC, Header, read_header

U32, U64, TEXT, ARRAY = 4, 10, 8, 9


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def pair(key: str, code: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", code) + value


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def array(code: int, items: list[bytes]) -> bytes:
    return struct.pack("<IQ", code, len(items)) + b"".join(items)


PAIRS = [
    pair("general.architecture", TEXT, text("toy")),
    pair("tokenizer.ggml.tokens", ARRAY, array(TEXT, [text(str(n)) for n in range(2_000)])),
    pair("tokenizer.ggml.scores", ARRAY, array(U32, [u32(n) for n in range(2_000)])),
    pair("toy.context_length", U32, u32(4_096)),
    pair("toy.block_count", U32, u32(3)),
    pair("toy.embedding_length", U32, u32(64)),
    pair("toy.attention.head_count", U32, u32(4)),
    pair("toy.attention.head_count_kv", ARRAY, array(U32, [u32(1), u32(2), u32(2)])),
]
TENSOR = text("weight") + struct.pack("<IQIQ", 1, 8, 0, 320)


def document(pairs: list[bytes], tensors: list[bytes], version: int = 3) -> bytes:
    head = MAGIC + struct.pack("<IQQ", version, len(tensors), len(pairs))
    return head + b"".join(pairs) + b"".join(tensors)


TOY = document(PAIRS, [TENSOR])


def test_a_header_tells_what_the_model_is(tmp_path: Path):
    path = tmp_path / "toy.gguf"
    path.write_bytes(TOY)

    header = read_header(path)

    start = len(TOY) + -len(TOY) % 32
    assert header == Header("toy", 4_096, 3 * 2 * (16 + 16) * 2, start + 320 + 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a GGUF file"),
        (b"PK\x03\x04 a zip file", "is not a GGUF file"),
        (MAGIC, "damaged or cut off"),
        (document([], [], version=77), "damaged or cut off"),
        (MAGIC + struct.pack("<IQQ", 3, 2**60, 2**60), "damaged or cut off"),
        (document([pair("a", ARRAY, array(ARRAY, []))], []), "damaged or cut off"),
        (document([pair("a", 99, b"")], []), "damaged or cut off"),
        (document([pair("general.alignment", TEXT, text("wide"))], []), "damaged or cut off"),
        (document([pair("a", ARRAY, struct.pack("<IQ", U64, 2**62))], [TENSOR]), "damaged"),
    ],
)
def test_what_is_no_header_is_a_sentence(tmp_path: Path, content: bytes, said: str):
    path = tmp_path / "odd.gguf"
    path.write_bytes(content)

    with pytest.raises(SetupError, match=said):
        read_header(path)


def test_a_header_that_says_little_is_read_all_the_same(tmp_path: Path):
    path = tmp_path / "bare.gguf"
    path.write_bytes(document([], []))

    assert read_header(path) == Header("unknown", None, None, 33)


def test_a_folder_cannot_be_read(tmp_path: Path):
    with pytest.raises(SetupError, match="cannot be read: Is a directory"):
        read_header(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.integers(min_value=0, max_value=len(TOY) - 1))
def test_a_header_cut_anywhere_is_a_sentence(tmp_path: Path, cut: int):
    path = tmp_path / "cut.gguf"
    path.write_bytes(TOY[:cut])

    with pytest.raises(SetupError):
        read_header(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(noise=st.binary(max_size=200), at=st.integers(min_value=4, max_value=len(TOY)))
def test_noise_is_a_header_or_a_sentence(tmp_path: Path, noise: bytes, at: int):
    path = tmp_path / "noise.gguf"
    path.write_bytes(TOY[:at] + noise + TOY[at + len(noise) :])

    outcome: Any
    try:
        outcome = read_header(path)
    except SetupError as error:
        outcome = error

    assert isinstance(outcome, Header | SetupError)
