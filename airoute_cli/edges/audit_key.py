"""The key under which digests of prompts and answers stand in audit files.

A plain digest of "call +49 30 901820" is found again by trying out all telephone numbers; one under
a key that stays with the user is not.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from secrets import token_bytes

from airoute_cli.core.errors import RunError
from airoute_cli.edges.paths import state_folder

NAME = "audit.key"
_BYTES = 32
_ID_CHARS = 16
# RFC 2104: the block of the hash, and the key's two paddings.
_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class Seal:
    """Makes keyed digests: HMAC-SHA256 (RFC 2104).

    Its two halves are begun once with the key, as a run makes several digests for every row.
    """

    __slots__ = ("_inner", "_outer", "id")

    def __init__(self, key: bytes) -> None:
        block = key if len(key) <= _BLOCK else hashlib.sha256(key).digest()
        self._inner = hashlib.sha256(block.ljust(_BLOCK, b"\0").translate(_INNER))
        self._outer = hashlib.sha256(block.ljust(_BLOCK, b"\0").translate(_OUTER))
        # Names the key and does not tell it.
        self.id = hashlib.sha256(b"airoute audit key\0" + key).hexdigest()[:_ID_CHARS]

    def digest(self, content: bytes) -> bytes:
        """32 bytes that only the holder of the key can find again for the same content."""
        inner = self._inner.copy()
        inner.update(content)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


def user_seal() -> Seal:
    """The user's seal; the key is made when it is first needed, mode 0600.

    Where the state folder cannot be written it is good for this process alone. Raises RunError if
    the file is there and holds no key.
    """
    path = state_folder() / NAME
    with contextlib.suppress(OSError):
        if not path.exists():
            _make(path)
        path.chmod(0o600)
    try:
        return Seal(bytes.fromhex(path.read_text("ascii").strip()) or _none())
    except OSError:
        return Seal(token_bytes(_BYTES))
    except ValueError:
        raise RunError(
            f"{path} holds no key; delete it, and the next run makes a new one (digests in earlier "
            "audit files can then not be compared with prompts any more)"
        ) from None


def _none() -> bytes:
    raise ValueError


def _make(path: Path) -> None:
    """Write a key, whole or not at all; of two processes the first one's holds."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=NAME)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(token_bytes(_BYTES).hex() + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
