from __future__ import annotations

import io
from base64 import b64decode
from pathlib import Path

import pytest

from airoute_cli.core.errors import UsageError
from airoute_cli.core.request import Document, Image
from airoute_cli.edges import attachments
from airoute_cli.edges.attachments import read_attachment

PNG = b"\x89PNG\r\n\x1a\n..."
PDF = b"%PDF-1.7 ..."


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0..", "image/jpeg"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (PDF, "application/pdf"),
        (b"\n\n" + PDF, "application/pdf"),
    ],
)
def test_a_file_is_what_its_content_says(content: bytes, media_type: str, tmp_path: Path):
    file = tmp_path / "misnamed.txt"
    file.write_bytes(content)
    part = read_attachment(str(file), None)
    head, _, data = part.url.partition(",")
    assert head == f"data:{media_type};base64"
    assert b64decode(data) == content
    if media_type == "application/pdf":
        assert part == Document(part.url, "misnamed.txt")
    else:
        assert part == Image(part.url)


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("https://x.example/a.png?s=1", Image("https://x.example/a.png?s=1")),
        ("HTTPS://x.example/a", Image("HTTPS://x.example/a")),
        ("https://x/a%20b.PDF?v=2", Document("https://x/a%20b.PDF?v=2", "a b.PDF")),
        ("s3://bucket/a.pdf", Document("s3://bucket/a.pdf", "a.pdf")),
    ],
)
def test_a_url_stays_where_it_is(url: str, part: Image | Document):
    assert read_attachment(url, None) == part


def test_stdin():
    assert isinstance(read_attachment("-", io.BytesIO(PNG)), Image)
    assert read_attachment("-", io.BytesIO(PDF)) == Document("data:application/pdf;base64,"
                                                             "JVBERi0xLjcgLi4u")  # fmt: skip


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it is empty. PNG, JPEG, GIF, WebP and PDF can be attached."),
        (b"hello", "its content is neither an image nor a PDF. PNG, JPEG"),
        (b"<svg/>", "neither an image nor a PDF"),
        (b"RIFF....WAVE", "neither an image nor a PDF"),
    ],
)
def test_what_it_is_not_is_told(content: bytes, sentence: str, tmp_path: Path):
    file = tmp_path / "a.png"
    file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_attachment(str(file), None)
    assert str(caught.value).startswith(f"{file}: ")
    assert sentence in str(caught.value)


def test_a_file_may_be_so_large_and_no_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attachments, "MAX_BYTES", len(PNG))
    file = tmp_path / "a.png"
    file.write_bytes(PNG)
    assert read_attachment(str(file), None)
    file.write_bytes(PNG + b".")
    with pytest.raises(UsageError, match=r"more than 0 MB.*or give its https address"):
        read_attachment(str(file), None)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("no-such.png", "no-such.png: it cannot be attached: No such file or directory."),
        (".", ".: it cannot be attached: Is a directory."),
        ("http://x/a.png", "only https (and s3, for Bedrock) addresses"),
        ("file:///etc/passwd", "only https (and s3, for Bedrock) addresses"),
        ("-", "nothing is piped in to attach"),
    ],
)
def test_what_cannot_be_attached(given: str, sentence: str):
    with pytest.raises(UsageError) as caught:
        read_attachment(given, None)
    assert sentence in str(caught.value)
