"""What machines read."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from airoute_cli.cli.render.plain import harmless_json
from airoute_cli.engine.result_line import dumps


def print_json(value: Mapping[str, Any]) -> None:
    """One line of JSON on stdout."""
    sys.stdout.write(json_text(dumps(value)) + "\n")


def json_text(line: bytes) -> str:
    """A line of JSON for stdout; on a terminal with no control character left in it."""
    text = line.decode()
    return harmless_json(text) if sys.stdout.isatty() else text
