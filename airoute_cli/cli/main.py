"""Runs the app and turns errors into sentences and exit codes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from airoute_cli.cli.app import app
from airoute_cli.cli.exit_codes import ExitCode
from airoute_cli.cli.render.plain import harmless
from airoute_cli.core.errors import AirouteError
from airoute_cli.engine.collector import few_collections, no_last_collection

COMPLETION = "_AIROUTE_COMPLETE"


def main() -> NoReturn:
    """Run the command line; never return, never show a traceback for a user's error."""
    _stand_in_for_closed()
    # A plugin of pydantic's (a tracer, say) would be shown the whole profile, and to look through
    # all that is installed for one takes longer than a plan.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if COMPLETION in os.environ:
        _offer_completion()
    try:
        _run()
    except AirouteError as error:
        _tell(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        _end_without_reader()
    except OSError as error:
        _tell(_disk_sentence(error))
        _let_stdout_go()
        sys.exit(ExitCode.FATAL)
    except SystemExit as ended:
        # Typer and Rich catch it themselves and exit with 1.
        if isinstance(ended.__context__, BrokenPipeError):
            _end_without_reader()
        raise
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - a bug, told without what it was about
        from airoute_cli.cli.debugging import tell_bug

        _tell(tell_bug(error))
        sys.exit(ExitCode.FATAL)
    sys.exit(ExitCode.OK)


def _run() -> None:
    try:
        # What a command imports stays, and to look through it again and again takes a tenth of
        # the time that the command needs to start.
        with few_collections():
            app(prog_name="airoute")
    finally:
        # The interpreter would do it too late to tell what went wrong.
        sys.stdout.flush()
        no_last_collection()


def _stand_in_for_closed() -> None:
    """Give a stream that was closed (`>&-`) something that a write fails at, or that swallows it.

    Python has None there, and the first file that is opened would take its number.
    """
    if sys.stdout is None:  # what stands on it is wanted: to write it must fail
        sys.stdout = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - stays open
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - stays open


def _disk_sentence(error: OSError) -> str:
    what = error.filename or "standard output"
    why = error.strerror or "it is closed"  # a write to what is not open has no number
    return f"cannot use {what}: {why}"


def _end_without_reader() -> NoReturn:
    """End as a filter does that got SIGPIPE: the reader went away (`| head`)."""
    _let_stdout_go()
    sys.exit(ExitCode.NO_READER)


def _let_stdout_go() -> None:
    """Point stdout at nothing, so that the interpreter's last flush does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _offer_completion() -> None:
    """Teach Typer the shells, which it does by itself only with its own completion options."""
    from typer._completion_classes import completion_init

    completion_init()


def _tell(sentence: str) -> None:
    for line in sentence.split("\n"):
        print(f"airoute: {harmless(line)}", file=sys.stderr)  # noqa: T201 - the last word before the exit
