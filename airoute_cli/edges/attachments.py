"""Images and documents that a person attaches to a prompt."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from airoute_cli.core.errors import UsageError
from airoute_cli.core.request import Document, Image

# More than any provider takes in one file; base64 makes a third more of it.
MAX_BYTES = 20_000_000
STDIN = "-"

PDF = "application/pdf"
_LEFT_WHERE_IT_IS = ("https", "s3")

# What a file is by its first bytes; an offset, the bytes, the media type.
_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", PDF),
)
# Programs that write PDFs may put something before its mark.
_PDF_WITHIN = 1024


def read_attachment(given: str, stdin: BinaryIO | None) -> Image | Document:
    """An image or a PDF: a file as a data URL, a URL as it is, ``-`` from ``stdin``.

    Raises UsageError with the remedy.
    """
    scheme = urlsplit(given).scheme.lower() if "://" in given else ""
    if scheme in _LEFT_WHERE_IT_IS:
        return _by_url(given)
    if scheme:
        raise UsageError(
            f"{given}: only https (and s3, for Bedrock) addresses can be given to a provider; "
            "download it and attach the file."
        )
    if given == STDIN:
        return _by_content(_from_stdin(stdin), "stdin", None)
    return _by_content(_from_file(Path(given)), given, Path(given).name)


def _by_url(url: str) -> Image | Document:
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    return Document(url, name) if name.lower().endswith(".pdf") else Image(url)


def _by_content(content: bytes, where: str, name: str | None) -> Image | Document:
    if len(content) > MAX_BYTES:
        raise UsageError(
            f"{where}: it has more than {MAX_BYTES / 1e6:.0f} MB, which no provider takes. "
            "Make it smaller, or give its https address."
        )
    media_type = _media_type(content)
    if media_type is None:
        what = "it is empty" if not content else "its content is neither an image nor a PDF"
        raise UsageError(f"{where}: {what}. PNG, JPEG, GIF, WebP and PDF can be attached.")
    url = f"data:{media_type};base64,{b64encode(content).decode()}"
    return Document(url, name) if media_type == PDF else Image(url)


def _media_type(content: bytes) -> str | None:
    found = (
        media_type
        for offset, mark, media_type in _SIGNATURES
        if content[offset : offset + len(mark)] == mark
    )
    return next(found, PDF if b"%PDF-" in content[:_PDF_WITHIN] else None)


def _from_file(path: Path) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: it cannot be attached: {error.strerror}.") from None


def _from_stdin(stdin: BinaryIO | None) -> bytes:
    if stdin is None or stdin.isatty():
        raise UsageError(
            "nothing is piped in to attach, as in: cat cat.png | airoute ask 'What is it?' -a -"
        )
    return stdin.read(MAX_BYTES + 1)
