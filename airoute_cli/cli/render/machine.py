"""What machines read."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from airoute_cli.engine.result_line import dumps


def print_json(value: Mapping[str, Any]) -> None:
    """One line of JSON on stdout."""
    sys.stdout.write(dumps(value).decode() + "\n")
