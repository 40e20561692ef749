"""Data URLs, taken apart for the wire formats that want the media type and the bytes apart."""

from __future__ import annotations

from base64 import b64encode
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from airoute_cli.core.errors import CallError, ErrorKind

_PLAIN = "text/plain"


class Data(NamedTuple):
    """What a data URL holds: the media type in lower case, and the bytes as base64."""

    media_type: str
    base64: str


def split_data_url(url: str) -> Data:
    """The parts of a data URL. Raises CallError(BAD_REQUEST) where it is none."""
    head, comma, data = url.partition(",")
    if not comma or not head[:5].lower() == "data:":
        raise CallError(ErrorKind.BAD_REQUEST, "an image or a document is no data: URL")
    media_type, *parameters = (part.strip().lower() for part in head[5:].split(";"))
    if "base64" not in parameters:
        data = b64encode(unquote_to_bytes(data)).decode()
    return Data(media_type or _PLAIN, data)
