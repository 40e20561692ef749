"""What ``airoute diff`` does once its flags are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from airoute_cli.cli.exit_codes import ExitCode
from airoute_cli.cli.render.diff import draw_diff
from airoute_cli.cli.render.machine import print_json
from airoute_cli.engine.batch import BatchOptions
from airoute_cli.engine.diff import compare
from airoute_cli.engine.open_profile import open_profile


def show(
    old: Path,
    new: Path,
    *,
    source: str,
    limit: int | None,
    plain_lines: bool,
    exit_code: bool,
    json: bool,
) -> ExitCode:
    """Plan every row under both profiles and print what differs."""
    before, after = open_profile(old, {}), open_profile(new, {})
    told = compare(BatchOptions(source, limit=limit, plain_lines=plain_lines), before, after)
    if json:
        print_json(told)
    else:
        draw_diff(told)
    return _code(told["rows"], exit_code=exit_code)


def _code(rows: Mapping[str, int], *, exit_code: bool) -> ExitCode:
    """A change is told before a row that could not be compared: it is what was asked for."""
    if exit_code and rows["changed"]:
        return ExitCode.CHECK_FAILED
    return ExitCode.INCOMPLETE if rows["unusable"] else ExitCode.OK
