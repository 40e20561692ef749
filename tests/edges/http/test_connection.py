"""One connection, with a transport that only writes down what is asked of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.edges.http import connection as wire
from airoute_cli.edges.http.connection import Connection

BODY = b'{"a": "\xc3\xa9"}'
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-A: 1\r\nx-a: 2\r\n\r\n%s" % (len(BODY), BODY)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-a: 1, 2\r\n\r\n"
    b"4\r\n%s\r\n7\r\n%s\r\n0\r\nx-a: 3\r\n\r\n" % (BODY[:4], BODY[4:])
)
EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
OPEN_ENDED = b"HTTP/1.0 200 OK\r\nx-a: 1, 2\r\n\r\n" + BODY


class Line(asyncio.Transport):
    """The far end of a connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False
        self.reading = True
        self.unsent = 0
        self._connection = connection
        connection.connection_made(self)

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def hang_up(self, error: Exception | None = None) -> None:
        self.closed = True
        self._connection.connection_lost(error)


async def _asked(connection: Connection) -> asyncio.Task[bytes]:
    task = asyncio.create_task(connection.fetch(b"ask"))
    await asyncio.sleep(0)
    return task


@given(answer=st.sampled_from([PLAIN, CHUNKED, EARLY + PLAIN, EARLY + CHUNKED]), data=st.data())
def test_an_answer_is_the_same_however_it_comes_in_pieces(
    answer: bytes, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(answer) - 1), max_size=12)))

    async def main() -> None:
        connection = Connection("host")
        line = Line(connection)
        for _ in range(2):  # the second one on the same connection
            asked = await _asked(connection)
            for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True):
                assert not asked.done()
                connection.data_received(answer[start:end])
            assert await asked == BODY
            assert connection.status == 200
            assert connection.headers["x-a"] == "1, 2"
            assert "link" not in connection.headers
            assert connection.reusable
        assert line.written == [b"ask", b"ask"]

    asyncio.run(main())


@given(at=st.integers(0, len(CHUNKED) - 1), chunked=st.booleans(), reset=st.booleans())
def test_an_answer_that_is_cut_anywhere_is_none(at: int, *, chunked: bool, reset: bool) -> None:
    answer = CHUNKED if chunked else PLAIN
    part = answer[: min(at, len(answer) - 1)]

    async def main() -> CallError:
        connection = Connection("host")
        line = Line(connection)
        asked = await _asked(connection)
        if part:
            connection.data_received(part)
        line.hang_up(ConnectionResetError() if reset else None)
        with pytest.raises(CallError) as caught:
            await asked
        assert not connection.reusable
        return caught.value

    error = asyncio.run(main())
    begun = b"\r\n\r\n" in part
    assert error.kind is ErrorKind.CUT
    assert ("broke off" if begun else "without an answer") in str(error)


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    connection = Connection("host")
    line = Line(connection)
    asked = await _asked(connection)
    connection.data_received(OPEN_ENDED)
    assert not asked.done()
    line.hang_up()
    assert await asked == BODY
    assert not connection.reusable


async def test_a_body_without_a_length_is_cut_where_the_connection_is_reset() -> None:
    connection = Connection("host")
    line = Line(connection)
    asked = await _asked(connection)
    connection.data_received(OPEN_ENDED)
    line.hang_up(ConnectionResetError())
    with pytest.raises(CallError, match="broke off"):
        await asked


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n.",
        b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n.",
        PLAIN + PLAIN,
        PLAIN + b"HTTP/1.1 5",
    ],
)
async def test_a_connection_that_is_not_to_be_used_again(head: bytes) -> None:
    connection = Connection("host")
    Line(connection)
    asked = await _asked(connection)
    connection.data_received(head)
    assert await asked in {b".", BODY}
    assert connection.headers.get("x-a", "1, 2") == "1, 2"
    assert not connection.reusable


async def test_a_connection_that_the_other_side_is_about_to_close() -> None:
    connection = Connection("host")
    Line(connection)
    asked = await _asked(connection)
    connection.data_received(PLAIN)
    connection.eof_received()
    await asked
    assert not connection.reusable


async def test_what_comes_unasked_is_no_answer() -> None:
    connection = Connection("host")
    line = Line(connection)
    asked = await _asked(connection)
    connection.data_received(PLAIN)
    await asked
    connection.data_received(PLAIN)
    assert line.closed
    assert not connection.reusable


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n..",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * (wire.MAX_HEAD_BYTES + 1),
    ],
)
async def test_what_is_no_answer_in_http(answer: bytes) -> None:
    connection = Connection("host")
    line = Line(connection)
    asked = await _asked(connection)
    connection.data_received(answer)
    with pytest.raises(CallError, match="host does not answer in HTTP") as caught:
        await asked
    assert caught.value.kind is ErrorKind.MALFORMED
    assert line.closed


async def test_a_fast_sender_of_a_stream_waits_for_its_reader() -> None:
    connection = Connection("host")
    line = Line(connection)
    opening = asyncio.create_task(connection.open(b"ask"))
    await asyncio.sleep(0)
    connection.data_received(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    await opening
    piece = b"y" * 100_000
    for _ in range(3):
        assert line.reading
        connection.data_received(b"%x\r\n%s\r\n" % (len(piece), piece))
    assert not line.reading
    assert await connection.next_chunk() == piece * 3
    assert line.reading
    connection.data_received(b"0\r\n\r\n")
    assert await connection.next_chunk() == b""
    assert connection.reusable


async def test_a_stream_that_is_cut_gives_first_what_came() -> None:
    connection = Connection("host")
    line = Line(connection)
    opening = asyncio.create_task(connection.open(b"ask"))
    await asyncio.sleep(0)
    connection.data_received(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n")
    line.hang_up()
    await opening
    assert await connection.next_chunk() == b"hi"
    with pytest.raises(CallError, match="broke off"):
        await connection.next_chunk()


async def test_a_stream_that_its_reader_leaves_does_not_stop_the_next_answer() -> None:
    connection = Connection("host")
    line = Line(connection)
    opening = asyncio.create_task(connection.open(b"ask"))
    await asyncio.sleep(0)
    piece = b"y" * 300_000
    connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 300002\r\n\r\n" + piece)
    await opening
    assert not line.reading
    connection.data_received(b"..")
    assert connection.reusable
    assert line.reading


async def test_a_stream_that_is_broken_while_its_sender_waits() -> None:
    connection = Connection("host")
    line = Line(connection)
    opening = asyncio.create_task(connection.open(b"ask"))
    await asyncio.sleep(0)
    connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 300002\r\n\r\n" + b"y" * 300_000)
    await opening
    line.hang_up(ConnectionResetError())
    assert len(await connection.next_chunk()) == 300_000
    assert not line.reading  # a transport that is closed must not be told to read
    with pytest.raises(CallError, match="broke off"):
        await connection.next_chunk()


@pytest.mark.parametrize("lost", [False, True])
async def test_one_that_was_closed_before_it_was_written_to(*, lost: bool) -> None:
    connection = Connection("host")
    line = Line(connection)
    connection.eof_received()
    if lost:
        line.hang_up()
    with pytest.raises(
        CallError, match="host closed the connection before the request was sent"
    ) as caught:
        await connection.fetch(b"ask")
    assert caught.value.kind is ErrorKind.CONNECTION
    assert not line.written
    assert not connection.reusable


async def test_an_answer_to_a_request_that_is_not_sent_yet_is_the_last_one() -> None:
    connection = Connection("host")
    line = Line(connection)
    asked = await _asked(connection)
    line.unsent = 1
    connection.data_received(PLAIN)
    assert await asked == BODY
    assert not connection.reusable


@pytest.mark.parametrize(
    "answer",
    [
        PLAIN.replace(b"\r\n", b"\n"),
        b"HTTP/1.1 200 OK\r\nx-a: 1,\r\n 2\r\ncontent-length: 11\r\n\r\n" + BODY,
        CHUNKED.replace(b"4\r\n", b"4 \r\n"),
    ],
)
async def test_what_servers_send_against_the_letter(answer: bytes) -> None:
    connection = Connection("host")
    Line(connection)
    asked = await _asked(connection)
    connection.data_received(answer)
    assert await asked == BODY
    assert connection.headers["x-a"] == "1, 2"
