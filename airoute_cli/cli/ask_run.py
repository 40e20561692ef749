"""What ``airoute ask`` does once its flags are read."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from airoute_cli.cli.exit_codes import ExitCode
from airoute_cli.cli.options import note_no_audit
from airoute_cli.cli.render.machine import print_json
from airoute_cli.cli.render.plain import harmless
from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import UsageError
from airoute_cli.core.outcome import Outcome, OutputState, RowState
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import Document, Image, Row
from airoute_cli.engine.one import OnePrompt, prompt_row
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.engine.result_line import airoute_object, completion_body, dumps, parsed_calls
from airoute_cli.engine.run_one import run_one
from airoute_cli.routing.output.extract import Extracted
from airoute_cli.routing.output.extract import extract as extract_from


def answer(
    prompt: str,
    *,
    attachments: Sequence[Image | Document],
    model: str | None,
    system: str | None,
    usage: bool,
    stream: bool,
    extract: str | None,
    profile: Path | None,
    environ: Mapping[str, str],
    json: bool,
    quiet: bool,
) -> ExitCode:
    """Plan, ask, print."""
    opened = open_profile(profile, environ)
    _check_model(opened, model)
    if not quiet:
        note_no_audit(opened, "ask")
    row = prompt_row(prompt, system, {}, attachments)
    one = OnePrompt(opened, row)
    plan = one.plan(model)
    spoken = _Spoken()
    say = spoken.say if stream else None
    outcome = asyncio.run(run_one(opened, environ, row, plan, one.plan_by, say))
    taken = _taken(outcome, extract)
    if json:
        found = {} if taken is None else {"extracted": taken.value}
        print_json(_told(row, outcome, opened) | found)
    elif taken is not None:
        _print_taken(taken)
    else:
        formless = outcome.output is not None and outcome.output.state is OutputState.INVALID
        _print(None if formless else outcome.completion, spoken)
    sys.stdout.flush()  # before anything on stderr, as both may be the same terminal
    if usage and not quiet:
        sys.stderr.write(_usage_line(outcome) + "\n")
    return _finish(outcome, taken, quiet=quiet)


def _taken(outcome: Outcome, wanted: str | None) -> Extracted | None:
    """What was to be taken out of the answer; None where nothing was, or there is no answer."""
    if wanted is None or outcome.completion is None or outcome.state is not RowState.COMPLETED:
        return None
    return extract_from(outcome.completion.text, wanted)


def _print_taken(taken: Extracted) -> None:
    if taken.fault is None:
        text = harmless(taken.text) if sys.stdout.isatty() else taken.text
        sys.stdout.write(text if text.endswith("\n") else text + "\n")


def _check_model(profile: Profile, model: str | None) -> None:
    if model is not None and model not in profile.models:
        names = ", ".join(profile.models)
        raise UsageError(f"{profile.path} has no model {model!r}; it has: {names}")


class _Spoken:
    """What stands on stdout already: an answer may break off in the middle of a line."""

    def __init__(self) -> None:
        self.last = ""  # the last character

    def say(self, text: str) -> None:
        """Write it now."""
        sys.stdout.write(harmless(text) if sys.stdout.isatty() else text)
        sys.stdout.flush()
        self.last = text[-1:] or self.last


def _print(answer: Completion | None, spoken: _Spoken) -> None:
    """The answer on lines of its own; tool calls as JSON, so that a pipe gets them."""
    calls = answer.tool_calls if answer else ()
    if answer and not spoken.last:
        spoken.say(answer.text)
    if spoken.last != "\n" and (spoken.last or (answer and not calls)):
        spoken.say("\n")
    if answer and calls:
        spoken.say(dumps(parsed_calls(answer)).decode() + "\n")


def _told(row: Row, outcome: Outcome, profile: Profile) -> dict[str, object]:
    completion = outcome.completion
    body = (
        completion_body(completion, row.digest, outcome.attempts[-1].started)
        if completion
        else None
    )
    failure = outcome.failure
    return {
        "text": completion.text if completion else None,
        "response": body,
        "error": {"code": failure.code, "message": failure.message} if failure else None,
        "airoute": airoute_object(row.line, row.digest, outcome, profile),
    }


def _usage_line(outcome: Outcome) -> str:
    """What all attempts used together, as the cost is that of all of them."""
    used = [one.usage for one in outcome.attempts if one.usage]
    tokens = (
        f"{sum(one.input_tokens for one in used):,} in, "
        f"{sum(one.output_tokens for one in used):,} out"
        if used
        else "no tokens told"
    )
    usd = "at an unknown price" if outcome.usd is None else f"${float(outcome.usd):.6f}"
    asked = outcome.model or " then ".join(dict.fromkeys(one.model for one in outcome.attempts))
    return f"{asked or 'nobody'}: {tokens}, {usd}, {outcome.elapsed_ms / 1000:.2f} s"


def _finish(outcome: Outcome, taken: Extracted | None = None, *, quiet: bool) -> ExitCode:
    completion = outcome.completion
    if completion and completion.truncated and not quiet:
        sys.stderr.write("airoute: the answer was cut at its token limit" + "\n")
    if completion and completion.filtered and outcome.state is RowState.COMPLETED and not quiet:
        sys.stderr.write("airoute: the answer was cut by the provider's content filter" + "\n")
    if taken is not None and taken.fault is not None:
        sys.stderr.write(f"airoute: the answer was not used: {taken.fault}" + "\n")
        return ExitCode.INCOMPLETE
    if outcome.state is RowState.COMPLETED:
        return ExitCode.OK
    if outcome.failure:
        sys.stderr.write(harmless(f"airoute: {outcome.failure.message}") + "\n")
    return _CODES.get(outcome.state, ExitCode.INCOMPLETE)


# A prompt that is still to do was stopped by a budget: nothing else stops a single one.
_CODES = {RowState.REFUSED: ExitCode.REFUSED, RowState.PENDING: ExitCode.STOPPED}
