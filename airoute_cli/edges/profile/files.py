"""The files that a profile names: texts, JSON, or JSON lines, beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# From a file's name as it stands in the profile to what stands in the file. Raises ValueError with
# a sentence.
OpenFile = Callable[[str], Any]

LINES = ".jsonl"


class NamedFiles:
    """Reads each file once; what was read goes with the profile wherever it goes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.read: dict[str, Any] = {}

    def open(self, name: str) -> Any:
        """The JSON value in the file, or for ``.jsonl`` the list of its lines' values.

        A relative name is meant from the profile's folder. Raises ValueError with a sentence.
        """
        if name not in self.read:
            self.read[name] = _parsed(name, self._folder / Path(name).expanduser())
        return self.read[name]

    def text(self, name: str) -> str:
        """The text in the file, with plain line ends. Raises ValueError with a sentence."""
        if name not in self.read:
            text = _text(self._folder / Path(name).expanduser())
            self.read[name] = text.replace("\r\n", "\n")
        return str(self.read[name])


class KeptFiles:
    """What was read back then, for a profile that was stored."""

    def __init__(self, kept: Mapping[str, Any]) -> None:
        self.read = dict(kept)

    def open(self, name: str) -> Any:
        """As ``NamedFiles.open``."""
        if name not in self.read:
            raise ValueError(f"the file {name} was not kept with the profile.")
        return self.read[name]

    def text(self, name: str) -> str:
        """As ``NamedFiles.text``."""
        return str(self.open(name))


Files = NamedFiles | KeptFiles


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}.") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None


def _parsed(name: str, path: Path) -> Any:
    text = _text(path)
    if name.endswith(LINES):
        lines = enumerate(text.split("\n"), 1)
        return [_value(line, f"{path}:{number}") for number, line in lines if line.strip()]
    return _value(text, str(path))


def _value(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        line = (
            f":{error.lineno}" if isinstance(error, json.JSONDecodeError) and "\n" in text else ""
        )
        raise ValueError(f"{where}{line} is not JSON: {why}.") from None
