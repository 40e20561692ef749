"""What ``airoute eval`` does once its flags are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from airoute_cli.cli.batch_run import STOP_CODES
from airoute_cli.cli.exit_codes import ExitCode, gravest
from airoute_cli.cli.options import environment
from airoute_cli.cli.render.batch import Narrator, watcher
from airoute_cli.cli.render.evaluation import draw_evaluation
from airoute_cli.cli.render.machine import print_json
from airoute_cli.engine import loop
from airoute_cli.engine.evaluation.contenders import find_contenders
from airoute_cli.engine.evaluation.run import EvalOptions, Evaluation, Evaluator
from airoute_cli.engine.open_profile import open_profile


@dataclass(frozen=True, slots=True)
class EvalFlags:
    """The flags of ``airoute eval``, as given."""

    source: str
    output: Path
    profiles: tuple[Path, ...]
    models: tuple[str, ...]
    routes: tuple[str, ...]
    judge: str | None
    baseline: Path | None
    fail_under: float | None
    no_calls: bool
    concurrency: int
    env_file: Path | None
    json: bool
    quiet: bool


def run(flags: EvalFlags) -> ExitCode:
    """Ask, grade, tell."""
    environ = environment(flags.env_file)
    narrator = Narrator(quiet=flags.quiet)
    profiles = [open_profile(path, environ) for path in flags.profiles or (None,)]
    contenders = find_contenders(profiles, flags.models, flags.routes)
    options = EvalOptions(
        source=flags.source,
        folder=flags.output,
        concurrency=flags.concurrency,
        judge=flags.judge,
        calls=not flags.no_calls,
        baseline=flags.baseline,
    )
    evaluator = Evaluator(options, environ, watcher(narrator), narrator.say)
    ended = loop.run(evaluator.evaluate(contenders))
    if flags.json:
        print_json(ended.as_dict())
    else:
        draw_evaluation(ended, flags.output)
    return gravest([_stopped(ended), *_verdict(ended, flags.fail_under)])


def _stopped(ended: Evaluation) -> ExitCode:
    return ExitCode.OK if ended.stopped is None else STOP_CODES[ended.stopped]


def _verdict(ended: Evaluation, fail_under: float | None) -> list[ExitCode]:
    low = fail_under is not None and any(one.quality < fail_under for one in ended.figures)
    worse = any(one.beyond_noise and one.quality < 0 for one in ended.drift)
    return [ExitCode.CHECK_FAILED] if low or worse else []
