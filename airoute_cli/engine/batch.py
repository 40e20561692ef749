"""A batch from its options to its summary: the checks, the job, the files it leaves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from airoute_cli.core.errors import SetupError, UsageError
from airoute_cli.core.profile import Limits, Model, Profile, UnknownPrice
from airoute_cli.edges.audit_key import Seal
from airoute_cli.edges.rows.source import RowSource, open_rows
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine.admission import Admission
from airoute_cli.engine.audit_trail import AuditTrail, end_in
from airoute_cli.engine.budget_limits import BudgetLimits
from airoute_cli.engine.canary import Canary
from airoute_cli.engine.counts import Counts
from airoute_cli.engine.doors import Doors
from airoute_cli.engine.early_stop import stop_early
from airoute_cli.engine.emitter import Emitter
from airoute_cli.engine.endpoints import EndpointSource
from airoute_cli.engine.executor import Executor
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.held_planner import PlanRow, plan_within
from airoute_cli.engine.job import Job, Machinery
from airoute_cli.engine.known_labels import known_labels, plan_by_known
from airoute_cli.engine.labelling import labelling_of
from airoute_cli.engine.lasting import Lasting
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.engine.past import Past
from airoute_cli.engine.recorder import Recorder
from airoute_cli.engine.room import Room
from airoute_cli.engine.spending import Spending, open_spending
from airoute_cli.engine.stop import StopReason, signals
from airoute_cli.engine.stored_profile import ProfileChain
from airoute_cli.engine.world import World
from airoute_cli.engine.wrap_up import RunRecord, leave_files
from airoute_cli.routing.classify.labelling import asking_of, labelling_model
from airoute_cli.routing.planner import Planner
from airoute_cli.routing.strategies import helpers_of
from airoute_cli.routing.wording import counted

DEFAULT_CONCURRENCY = 64

# Draws the progress of a job until it is cancelled.
Watch = Callable[[Job], Coroutine[Any, Any, None]]
# Says a sentence to the person.
Note = Callable[[str], None]


# What the manifest calls an input that has no name.
STDIN = "stdin"


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What the user asked of a run."""

    source: str
    concurrency: int = DEFAULT_CONCURRENCY
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    retry_errors: bool = False
    limit: int | None = None
    extract: str | None = None
    ordered: bool = False
    plain_lines: bool = False
    only_model: str | None = None
    only_route: str | None = None

    @property
    def as_given(self) -> dict[str, Any]:
        """What a resume has to know of them, for the manifest."""
        name = STDIN if self.source == "-" else self.source
        return {"input": name, "lines": self.plain_lines, "extract": self.extract}

    @property
    def limits(self) -> Limits:
        """The limits of the whole run."""
        return Limits(self.requests_per_minute, self.tokens_per_minute, self.concurrency)


@dataclass(frozen=True, slots=True)
class BatchReport:
    """How a run ended: its summary, and why it stopped early if it did, as a sentence too."""

    summary: dict[str, Any]
    stop_reason: StopReason | None


async def run_batch(
    options: BatchOptions,
    chain: ProfileChain,
    world: World,
    folder: RunFolder,
    *,
    watch: Watch,
    note: Note,
    write: Callable[[bytes], None] | None = None,
) -> BatchReport:
    """Run a batch into an open run folder and leave its files there.

    ``write`` gets every result line, for stdout. Raises RunError, SetupError or UsageError; what
    was finished by then is saved.
    """
    profile = chain.profile
    require_prices(profile, options)
    async with AsyncExitStack() as stack:
        source = stack.enter_context(open_rows(options.source, plain_lines=options.plain_lines))
        clock = world.clock
        shared = world.shared_limits(note) if world.shared_limits else None
        if shared:
            stack.push_async_callback(shared.aclose)
        gate = Gate(profile.models.values(), options.limits, clock.now, shared)
        endpoints = world.endpoints(gate.observe)
        stack.push_async_callback(endpoints.aclose)
        canary = Canary(profile.models.values(), profile.run.canary)
        turn_away = away_from(gate, canary)
        doors = Doors(profile.models.values(), clock, turn_away=turn_away, tell=note)
        await endpoints.prepare(models_in_use(profile, options))
        await prepare_stand_ins(profile, endpoints, doors)
        seal = world.seal()
        reading = Past.read(
            folder,
            seal,
            with_tries=bool(chain.earlier),
            with_labels=asking_of(profile) is not None,
        )
        past = stack.enter_context(reading)
        figures = LiveFigures(profile.models.values(), kept=world.lasting, now=world.clock.now)
        run = str(folder.path.resolve())
        note_unpriced(profile, note)
        spending = open_spending(
            profile, run, before=past.tally.spent, note=note, means=world.means
        )
        stack.push_async_callback(spending.budgets.aclose)
        record = RunRecord.open(folder, profile, options.as_given, clock)
        job = _assemble(
            options,
            chain,
            endpoints,
            gate,
            doors,
            canary,
            world,
            source,
            folder,
            past,
            figures,
            _open_trail(folder, chain, seal, record, note),
            spending,
            record.pass_number,
            write,
            note,
        )
        try:
            await _drive(job, watch, note)
        finally:
            figures.save()
            summary = leave_files(
                folder, job, record, ordered=options.ordered, answered_before=past.answered
            )
    return BatchReport(summary, job.stop_reason)


def models_in_use(
    profile: Profile, options: BatchOptions | None = None, *, labels: bool = True
) -> list[Model]:
    """The models that some route may call, in the profile's order.

    Of ``options`` only a model or a route that everything goes to counts. ``labels``: the one that
    is asked for the tasks of rows is among them.
    """
    only_model = options.only_model if options else None
    only_route = options.only_route if options else None
    if only_model is not None:
        return [profile.models[only_model]] if only_model in profile.models else []
    named = {
        name
        for route in profile.routes
        if only_route in {None, route.name}
        for name in (*route.models, *route.fallback, *helpers_of(route))
    }
    if labels and (labeller := labelling_model(profile, only_route)):
        named.add(labeller)
    return [model for name, model in profile.models.items() if name in named]


def away_from(gate: Gate, canary: Canary) -> Callable[[str], None]:
    """Sends away whoever waits for a model, wherever that is."""

    def turn_away(model: str) -> None:
        gate.turn_away(model)
        canary.turn_away(model)

    return turn_away


async def prepare_stand_ins(profile: Profile, endpoints: EndpointSource, doors: Doors) -> None:
    """Make ready whoever may stand in for a route's models; who cannot is never asked."""
    if not profile.degrades:
        return
    named = {model.name for model in models_in_use(profile)}
    for name, model in profile.models.items():
        if name not in named:
            try:
                await endpoints.prepare([model])
            except SetupError as error:
                doors.shut(name, Lasting("not_set_up", f"{name} cannot stand in", str(error)))


def require_prices(profile: Profile, options: BatchOptions | None = None) -> None:
    """Refuse a run with a model whose price nobody knows. Raises UsageError."""
    if profile.unknown_price is UnknownPrice.ALLOW:
        return
    used = models_in_use(profile, options)
    unknown = [model.name for model in used if model.price is None]
    if unknown:
        names = ", ".join(repr(name) for name in unknown)
        raise UsageError(
            f"{profile.path}: the price of {names} is unknown, and unknown is never zero. Give "
            "each a price = { input = …, output = … } (USD per million tokens), a price_as, or "
            'price = "free"; or set [policy] unknown_price = "allow" to run without.'
        )


def note_unpriced(profile: Profile, note: Note) -> None:
    """Say for which models no budget can hold."""
    unknown = [model.name for model in models_in_use(profile) if model.price is None]
    if unknown and BudgetLimits(profile).all:
        names = ", ".join(repr(name) for name in unknown)
        note(f"no budget holds for {names}: nobody knows what it costs")


def _open_trail(
    folder: RunFolder, chain: ProfileChain, seal: Seal, record: RunRecord, note: Note
) -> AuditTrail:
    before = end_in(record.manifest)
    trail = AuditTrail(
        folder.audit, chain, seal, record.pass_number, record.clock.wall, before=before
    )
    if trail.lost:
        note(
            f"{folder.audit.path} does not hold the record with which the run ended before: it was "
            "cut or written anew, and the audit file says so from now on"
        )
    return trail


def _assemble(  # noqa: PLR0917 - the one place where the parts meet
    options: BatchOptions,
    chain: ProfileChain,
    endpoints: EndpointSource,
    gate: Gate,
    doors: Doors,
    canary: Canary,
    world: World,
    source: RowSource,
    folder: RunFolder,
    past: Past,
    figures: LiveFigures,
    trail: AuditTrail,
    spending: Spending,
    pass_number: int,
    write: Callable[[bytes], None] | None,
    note: Note,
) -> Job:
    profile, counts = chain.profile, Counts()
    read_back = folder.results.read_line_at
    emitter = Emitter(write, read_back, ordered=options.ordered) if write else None
    executor = Executor(
        profile,
        endpoints,
        gate,
        figures,
        doors=doors,
        canary=canary,
        clock=world.clock,
        jitter=world.jitter,
    )
    known = known_labels(profile, past.labels, past.seal)
    planner = Planner(profile)
    plan = _plan(options, planner, chain, past)
    machinery = Machinery(
        source=source,
        folder=folder,
        admission=Admission(past.index, counts, retry_errors=options.retry_errors),
        plan=plan_by_known(plan, known) if known else plan,
        ahead=planner.ahead,
        figures=figures,
        executor=executor,
        spending=spending,
        gate=gate,
        doors=doors,
        canary=canary,
        world=world,
        recorder=Recorder(
            profile,
            folder,
            counts,
            past.tally,
            trail,
            extract=options.extract,
            pass_number=pass_number,
            emitter=emitter,
            soon=asyncio.get_running_loop().call_soon,
        ),
        counts=counts,
        tally=past.tally,
        room=Room.for_run(profile, options.concurrency, ordered=options.ordered),
        labelling=labelling_of(profile, executor, spending, world.clock.now, known),
    )
    job = Job(machinery, limit=options.limit)
    names = [model.name for model in models_in_use(profile, labels=False)]
    stop_early(job, profile, doors, canary, names, note)
    return job


def _plan(options: BatchOptions, planner: Planner, chain: ProfileChain, past: Past) -> PlanRow:
    if options.only_model or options.only_route:
        return partial(planner.plan, only_model=options.only_model, only_route=options.only_route)
    return plan_within(planner, chain.earlier, past.first_tried)


async def _drive(job: Job, watch: Watch, note: Note) -> None:
    def on_signal(reason: StopReason) -> None:
        first = job.stop_reason is None
        job.stop(reason)
        note(_draining(job) if first else "aborting: calls under way are cut off")

    watching = asyncio.create_task(watch(job))
    try:
        with signals(on_signal):
            await job.run()
            if job.stop_reason and not job.aborted:
                await job.count_the_rest()
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


def _draining(job: Job) -> str:
    rows = counted(job.calling, "row")
    return f"stopping: finishing the calls of {rows} that have left; once more to abort"
