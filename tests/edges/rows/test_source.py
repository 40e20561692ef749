from __future__ import annotations

import gzip
import io
import os
import sys
import tracemalloc
from pathlib import Path

import orjson
import pytest
import zstandard

from airoute_cli.core.errors import RunError, UsageError
from airoute_cli.core.request import BadRow, Row
from airoute_cli.edges.rows.source import RowSource, open_rows

BOM = b"\xef\xbb\xbf"


def everything(source: RowSource, limit: int = 256) -> list[Row | BadRow]:
    rows: list[Row | BadRow] = []
    while batch := source.read_batch(limit):
        assert len(batch) <= limit
        rows += batch
    assert source.read_batch() == []
    return rows


def read(path: Path, **options) -> list[Row | BadRow]:
    with open_rows(str(path), **options) as source:
        return everything(source)


def prompts(rows: list[Row | BadRow]) -> list[str]:
    return [r.request.messages[0].text if isinstance(r, Row) else r.code for r in rows]


def jsonl(*texts: str) -> bytes:
    return b"".join(orjson.dumps({"prompt": text}) + b"\n" for text in texts)


def test_bom_crlf_blank_lines_and_line_separators(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(
        BOM
        + b'{"prompt": "one"}\r\n\r\n  \t\n{"prompt": "a\xe2\x80\xa8b\xc2\x85c"}\nbroken\n'
        + b'{"prompt": "last"}'
    )
    rows = read(path)
    assert prompts(rows) == ["one", "a\u2028b\u0085c", "invalid_json", "last"]
    assert [r.line for r in rows] == [1, 4, 5, 6]
    assert rows[0].raw == b'{"prompt": "one"}'


def test_lines_of_text_are_prompts(tmp_path):
    path = tmp_path / "rows.txt"
    path.write_bytes(BOM + b'one\r\n\n{"prompt": "x"}\n  two\rthree ')
    assert prompts(read(path, plain_lines=True)) == ["one", '{"prompt": "x"}', "  two\rthree "]


@pytest.mark.parametrize("content", [b"", b"\n\n", BOM, BOM + b"\n"])
def test_an_input_without_rows_is_empty(tmp_path, content):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    assert read(path) == []


def test_batches_are_no_larger_than_asked_for(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(jsonl(*map(str, range(10))))
    with open_rows(str(path)) as source:
        assert prompts(everything(source, 3)) == [str(n) for n in range(10)]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("r.jsonl.gz", gzip.compress),
        ("r.jsonl.GZ", lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:])),
        ("r.jsonl.zst", zstandard.compress),
        (
            "r.zst",
            lambda data: (
                b"\x50\x2a\x4d\x18\x02\x00\x00\x00hi"
                + zstandard.compress(data[:100])
                + zstandard.compress(data[100:])
            ),
        ),
    ],
)
def test_packed_inputs_are_unpacked_and_progress_counts_packed_bytes(tmp_path, name, pack):
    texts = [f"row {n} " + "x" * (n % 500) for n in range(3000)]
    path = tmp_path / name
    path.write_bytes(pack(jsonl(*texts)))
    with open_rows(str(path)) as source:
        assert source.size == path.stat().st_size
        first = source.read_batch()
        assert 0 < source.bytes_read <= source.size
        assert prompts(first + everything(source)) == texts
        assert source.bytes_read == source.size


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("zst", zstandard.compress)])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_cut_file_gives_its_good_rows_and_one_bad_one(tmp_path, ending, pack, share):
    data = jsonl(*(f"row {n} {os.urandom(200).hex()}" for n in range(5000)))
    packed = pack(data)
    path = tmp_path / f"rows.jsonl.{ending}"
    path.write_bytes(packed[: int(len(packed) * share)])
    *good, last = read(path)
    assert good
    assert all(isinstance(r, Row) for r in good)
    assert data.startswith(b"".join(r.raw + b"\n" for r in good))
    assert isinstance(last, BadRow)
    assert last.code == "damaged_input"
    assert last.line == len(good) + 1
    assert last.message == (
        f"{path} is damaged from here on: it ends before its end mark; the rows before it were "
        "read, those behind it were not"
    )


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("zst", zstandard.compress)])
def test_a_spoilt_byte_in_a_packed_file_is_one_bad_row(tmp_path, ending, pack):
    packed = bytearray(pack(jsonl(*(os.urandom(200).hex() for _ in range(5000)))))
    middle = len(packed) // 2
    packed[middle : middle + 40] = bytes(40)
    path = tmp_path / f"rows.jsonl.{ending}"
    path.write_bytes(packed)
    damaged = [r for r in read(path) if isinstance(r, BadRow) and r.code == "damaged_input"]
    assert len(damaged) == 1


@pytest.mark.parametrize("size", [5, 40])
def test_a_line_of_many_megabytes_is_a_row(tmp_path, size):
    text = "x" * (size * 1024 * 1024)
    path = tmp_path / "rows.jsonl"
    path.write_bytes(jsonl("a", text, "b"))
    assert prompts(read(path)) == ["a", text, "b"]


def test_a_line_beyond_the_limit_fails_alone(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(jsonl("a", "x" * (3 * 1024 * 1024), "b"))
    rows = read(path, max_line=2 * 1024 * 1024)
    assert prompts(rows) == ["a", "row_too_large", "b"]
    assert isinstance(rows[1], BadRow)
    assert rows[1].message == "the line has 3.0 MiB; a row may have 2 MiB"
    assert len(rows[1].raw) == 1024


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(jsonl(*["x" * 1000] * 12_000)))
    tracemalloc.start()
    with open_rows(str(path)) as source:
        count = 0
        while batch := source.read_batch():
            count += len(batch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 12_000
    assert peak < 6 * 1024 * 1024


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (
            '{"prompt": "x"}'.encode("utf-16"),
            "r.jsonl",
            "is UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
        ),
        (
            gzip.compress(b"x", mtime=0),
            "r.jsonl",
            "is compressed with gzip; name it .gz, or unpack it first (gzip -dc)",
        ),
        (
            zstandard.compress(b"x"),
            "r.jsonl",
            "is compressed with zstd; name it .zst, or unpack it first (zstd -dc)",
        ),
        (b"PK\x03\x04...", "r.jsonl", "is a zip file; unpack it first"),
        (b'{"prompt": "x"}', "r.gz", "is named .gz but is no such file; rename it"),
        (b'{"prompt": "x"}', "r.zst", "is named .zst but is no such file; rename it"),
    ],
)
def test_a_file_that_is_no_utf8_text_is_refused_at_once(tmp_path, content, name, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        open_rows(str(path))
    assert str(refused.value) == f"{path} {sentence}"


def test_a_missing_file_and_a_folder_are_refused_in_words(tmp_path):
    with pytest.raises(UsageError, match=r"^there is no file .*/none\.jsonl$"):
        open_rows(str(tmp_path / "none.jsonl"))
    with pytest.raises(UsageError, match=r"is a folder; name the file in it that holds the rows$"):
        open_rows(str(tmp_path))
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(UsageError, match=r"^cannot read .*/file/rows: Not a directory$"):
        open_rows(str(path / "rows"))
    with pytest.raises(UsageError, match="embedded null byte"):
        open_rows("a\0b")


def test_a_slow_pipe_gives_each_row_as_it_comes(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    with open_rows(str(path)) as source:
        assert source.size is None
        os.write(writer, BOM[:2])
        os.write(writer, BOM[2:] + b'{"prompt": "a"}\n{"prom')
        assert prompts(source.read_batch()) == ["a"]
        os.write(writer, b'pt": "b"}\n\n')
        assert prompts(source.read_batch()) == ["b"]
        os.close(writer)
        assert source.read_batch() == []


def test_standard_input_is_read_and_stays_open(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(jsonl("a", "b")))
    monkeypatch.setattr(sys, "stdin", stdin)
    with open_rows("-") as source:
        assert source.size is None
        assert prompts(everything(source)) == ["a", "b"]
    assert not stdin.buffer.closed


def test_standard_input_from_a_file_has_a_size(monkeypatch, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(jsonl("a"))
    with path.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        with open_rows("-") as source:
            everything(source)
            assert source.size == source.bytes_read == path.stat().st_size


def test_standard_input_in_utf16_is_refused(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO('{"prompt": "a"}\n'.encode("utf-16")))
    monkeypatch.setattr(sys, "stdin", stdin)
    with (
        open_rows("-") as source,
        pytest.raises(UsageError, match=r"^the standard input is UTF-16"),
    ):
        source.read_batch()


def test_a_closed_standard_input_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="standard input is closed"):
        open_rows("-")


def test_a_disk_that_fails_in_the_middle_ends_the_run_in_words(monkeypatch):
    class Failing(io.BytesIO):
        def read1(self, _size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Failing()))
    with open_rows("-") as source, pytest.raises(RunError, match="Input/output error; what is"):
        source.read_batch()
