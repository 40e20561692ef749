"""One evaluation from its cases to its report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from airoute_cli import __version__
from airoute_cli.core.errors import RunError, UsageError
from airoute_cli.edges.run_folder.append_log import read_records
from airoute_cli.edges.run_folder.atomic import replaced
from airoute_cli.edges.run_folder.folder import MANIFEST, RunFolder
from airoute_cli.engine.batch import BatchOptions, Note, Watch, run_batch
from airoute_cli.engine.evaluation.answers import Answer, read_answers
from airoute_cli.engine.evaluation.cases import Case, read_cases, write_rows
from airoute_cli.engine.evaluation.contenders import Contender
from airoute_cli.engine.evaluation.grades import Grade, grade
from airoute_cli.engine.evaluation.judge import NO_VERDICTS, Verdicts, judge_answers
from airoute_cli.engine.evaluation.plot import svg
from airoute_cli.engine.evaluation.report import markdown
from airoute_cli.engine.evaluation.statistics import (
    Difference,
    Figures,
    difference,
    figures_of,
)
from airoute_cli.engine.stop import StopReason
from airoute_cli.engine.stored_profile import keep_profile, stored_profile
from airoute_cli.engine.world import World

ROWS, GRADES, REPORT = "rows.jsonl", "grades.jsonl", "eval.json"
RUNS, JUDGE = "runs", "judge"


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What the user asked for. ``calls`` False: grade what is there and ask nobody."""

    source: str
    folder: Path
    concurrency: int
    judge: str | None = None
    calls: bool = True
    baseline: Path | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How it ended. ``drift`` is against the baseline; ``stopped``: not every case was asked."""

    figures: tuple[Figures, ...]
    differences: tuple[Difference, ...]
    drift: tuple[Difference, ...] = ()
    judge_usd: Decimal | None = Decimal(0)
    stopped: StopReason | None = None
    grades: Mapping[str, Sequence[Grade]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For eval.json and ``--json``."""
        return {
            "contenders": [one.as_dict() for one in self.figures],
            "differences": [one.as_dict() for one in self.differences],
            "drift": [one.as_dict() for one in self.drift],
            "judge_usd": None if self.judge_usd is None else float(self.judge_usd),
        }


class Evaluator:
    """Runs contenders and a judge; what was answered before is not asked again."""

    def __init__(
        self, options: EvalOptions, environ: Mapping[str, str], watch: Watch, note: Note
    ) -> None:
        self._options = options
        self._environ = environ
        self._watch = watch
        self._note = note
        self._stopped: StopReason | None = None

    async def evaluate(self, contenders: Sequence[Contender]) -> Evaluation:
        """Ask, grade, compare, and leave the files. Raises UsageError, SetupError, RunError."""
        options = self._options
        cases = read_cases(options.source)
        judge = self._judging(cases, contenders)
        before = read_grades(options.baseline) if options.baseline else {}
        write_rows(cases, options.folder / ROWS)
        answers: dict[str, Mapping[str, Answer]] = {}
        for contender in contenders:
            answers[contender.name] = await self._answers(contender)
        verdicts = await self._verdicts(judge, cases, list(answers.values()))
        grades = {
            name: await grade(name, cases, given, verdicts.scores)
            for name, given in answers.items()
        }
        ended = _compared(grades, before, verdicts, self._stopped)
        _leave(options, ended)
        return ended

    def _judging(self, cases: Sequence[Case], contenders: Sequence[Contender]) -> Contender | None:
        if not any(case.expected.judge for case in cases):
            return None
        name = self._options.judge
        if name is None:
            raise UsageError(
                f"{self._options.source} has cases with expect.judge; name the model that judges: "
                "--judge MODEL"
            )
        profile = contenders[0].profile
        if name not in profile.models:
            raise UsageError(f'{profile.path} has no model "{name}" to judge with')
        return Contender("judge", profile, model=name)

    async def _answers(self, contender: Contender) -> Mapping[str, Answer]:
        folder = self._options.folder / RUNS / contender.folder
        if self._options.calls and self._stopped is None:
            self._note(f"asking {contender.name}")
            await self._run(contender, self._options.folder / ROWS, folder)
        return read_answers(folder)

    async def _verdicts(
        self,
        judge: Contender | None,
        cases: Sequence[Case],
        answers: Sequence[Mapping[str, Answer]],
    ) -> Verdicts:
        if judge is None:
            return NO_VERDICTS

        async def run(source: Path, folder: Path) -> None:
            if self._options.calls and self._stopped is None:
                self._note(f"asking {judge.model} to judge")
                await self._run(judge, source, folder)

        return await judge_answers(cases, answers, self._options.folder / JUDGE, run)

    async def _run(self, contender: Contender, source: Path, path: Path) -> None:
        """One batch, from its beginning or on from where it stopped."""
        options = BatchOptions(
            source=str(source),
            concurrency=self._options.concurrency,
            retry_errors=True,
            only_model=contender.model,
            only_route=contender.route,
        )
        begun = (path / MANIFEST).is_file()
        with RunFolder.resume(path) if begun else RunFolder.create(path) as folder:
            chain = stored_profile(folder) if begun else keep_profile(folder, contender.profile)
            if chain.profile.digest != contender.profile.digest:
                raise UsageError(
                    f"{contender.profile.path} has changed since {contender.name} was asked in "
                    f"{self._options.folder}; choose another folder with -o"
                )
            world = World.real(self._environ)
            report = await run_batch(
                options, chain, world, folder, watch=self._watch, note=self._note
            )
        self._stopped = report.stop_reason


def read_grades(folder: Path) -> dict[str, list[Grade]]:
    """The grades that an evaluation left, by contender. Raises UsageError, RunError."""
    path = folder / GRADES
    if not path.is_file():
        raise UsageError(f"{folder} holds no {GRADES}; name the folder of an evaluation")
    grades: dict[str, list[Grade]] = {}
    for told, _, _ in read_records(path):
        try:
            one = Grade(**{**told, "usd": _decimal(told["usd"])})
        except (TypeError, KeyError) as error:
            raise RunError(f"{path} is damaged: {error}") from None
        grades.setdefault(one.contender, []).append(one)
    return grades


def _decimal(usd: float | None) -> Decimal | None:
    return None if usd is None else Decimal(str(usd))


def _compared(
    grades: Mapping[str, Sequence[Grade]],
    before: Mapping[str, Sequence[Grade]],
    verdicts: Verdicts,
    stopped: StopReason | None,
) -> Evaluation:
    """Each contender against the first one, and against itself in the baseline."""
    first = next(iter(grades))
    differences = (difference(name, given, first, grades[first]) for name, given in grades.items())
    drift = (
        difference(name, given, f"{name} in the baseline", before[name])
        for name, given in grades.items()
        if name in before
    )
    return Evaluation(
        figures=tuple(figures_of(name, given) for name, given in grades.items()),
        differences=tuple(one for one in differences if one and one.contender != first),
        drift=tuple(one for one in drift if one),
        judge_usd=verdicts.usd,
        stopped=stopped,
        grades=grades,
    )


def _leave(options: EvalOptions, ended: Evaluation) -> None:
    """The grades, the report for machines, the one for people, and the plot."""
    with replaced(options.folder / GRADES) as file:
        for given in ended.grades.values():
            file.writelines(orjson.dumps(one.as_dict()) + b"\n" for one in given)
    about = {"airoute": __version__, "cases": options.source, "graded": round(time.time())}
    _write(options.folder / REPORT, orjson.dumps(about | ended.as_dict(), option=_INDENTED))
    _write(options.folder / "eval.md", markdown(options.source, ended).encode())
    _write(options.folder / "cost-quality.svg", svg(ended.figures).encode())


_INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def _write(path: Path, data: bytes) -> None:
    with replaced(path) as file:
        file.write(data)
