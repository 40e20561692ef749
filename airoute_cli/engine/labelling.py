"""Has a model find the task of a row before the row is planned: one call, shared by the same text.

Whatever becomes of the call, the row goes on: by what the model said, or by the default label.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from airoute_cli.core.budget import tier_of
from airoute_cli.core.label import ROUTE, Label
from airoute_cli.core.plan import Call, Plan
from airoute_cli.core.profile import Profile, Route
from airoute_cli.core.request import Row
from airoute_cli.core.settings import NOTHING
from airoute_cli.engine.before import NOTHING_BEFORE, Before
from airoute_cli.engine.budget_limits import worst_amounts
from airoute_cli.engine.course import Course, OnAttempt, OnEnd
from airoute_cli.engine.executor import Executor
from airoute_cli.engine.gate import GateClosedError
from airoute_cli.engine.known_labels import KnownLabels
from airoute_cli.engine.purse import Purse
from airoute_cli.engine.reserved_purse import purse_of
from airoute_cli.engine.spending import Spending
from airoute_cli.routing.classify.by_model import Asking
from airoute_cli.routing.classify.labelling import asking_of
from airoute_cli.routing.redaction import Redaction


class Labelled(NamedTuple):
    """What came of it; ``label`` None: the run is stopping, and the row is pending again."""

    label: Label | None
    before: Before = NOTHING_BEFORE


def kept(labelled: Labelled) -> bytes:
    """What came of a row's calls for its label, to be kept while the row waits for its model.

    Its time begins anew: it waits as a row does of which nothing was done yet.
    """
    if not labelled.before.attempts:
        return b""
    before = replace(labelled.before, spent=dict(labelled.before.spent), deadline=None)
    return pickle.dumps((labelled.label, before))


def kept_in(written: bytes) -> Labelled:
    """What was kept."""
    if not written:
        return Labelled(None)
    return Labelled(*pickle.loads(written))  # noqa: S301 - this process wrote it


@dataclass(slots=True)
class Labelling:
    """Asks for labels. ``known`` None: nothing is kept, as there is but one row."""

    profile: Profile
    asking: Asking
    executor: Executor
    spending: Spending
    now: Callable[[], float]
    known: KnownLabels | None = None
    # The calls under way, by what they ask about.
    running: dict[bytes, asyncio.Future[Label | None]] = field(default_factory=dict)

    async def label(
        self, plan: Plan, row: Row, on_attempt: OnAttempt | None, on_end: OnEnd | None
    ) -> Labelled:
        """The label of a row whose ``plan`` asks first."""
        if self.known is None:
            return await self._ask(plan, row, on_attempt, on_end)
        key = self.known.key(plan)
        if running := self.running.get(key):
            label = await asyncio.shield(running)
            return Labelled(label and label.known())
        self.running[key] = future = asyncio.get_running_loop().create_future()
        label = None
        try:
            labelled = await self._ask(plan, row, on_attempt, on_end)
            label = labelled.label and self.known.keep(key, labelled.label)
        finally:
            del self.running[key]
            future.set_result(label)
        return labelled._replace(label=label)

    async def _ask(
        self, plan: Plan, row: Row, on_attempt: OnAttempt | None, on_end: OnEnd | None
    ) -> Labelled:
        """Reserve the call and the plan behind it together, ask, and settle what it cost."""
        label, call = plan.label, plan.label_call
        if label is None or call is None:
            raise ValueError("a plan that asks first has a label and a call for it")
        started, asks = self.now(), _alone(plan, call)
        purse = purse_of(self.spending.budgets, asks, beside=worst_amounts(plan))
        course = self._course(asks, row, call, on_attempt, on_end, purse)
        completion, stopping = None, False
        try:
            await purse.open()
            completion = await self.executor.ask_once(call, course)
        except GateClosedError:
            stopping = purse.refused is None
        finally:
            purse.close()
        before = NOTHING_BEFORE
        if course.attempts:
            before = Before(tuple(course.attempts), purse.spent, started, course.deadline)
        if stopping:
            return Labelled(None, before)
        if completion is not None:
            return Labelled(self.asking.read(label, completion), before)
        why = "a budget has no room for the call" if purse.refused else self._why(call, course)
        given_up = replace(label, why=why) if before.attempts else label.unasked(why)
        return Labelled(given_up, before)

    def _course(
        self,
        asks: Plan,
        row: Row,
        call: Call,
        on_attempt: OnAttempt | None,
        on_end: OnEnd | None,
        purse: Purse,
    ) -> Course:
        """The row's way to its label; what is redacted of the row is hidden before it is cut."""
        hidden = row.request
        if asks.ruling.redact:
            hidden = Redaction(asks.ruling.redact).hide(hidden)
        return Course(
            asks,
            self.asking.request(hidden),
            Route(asks.route, asks.strategy, ()),
            self.profile.run,
            None,
            on_attempt,
            on_end,
            purse,
            calls=(call,),
            left=[call],
        )

    def _why(self, call: Call, course: Course) -> str:
        """Why nothing was said; of an error only its kind, as a provider's words may quote."""
        if course.error is not None:
            return f"{call.model} gave no answer ({course.error.kind})"
        return f"{call.model} cannot be asked now"


def labelling_of(
    profile: Profile,
    executor: Executor,
    spending: Spending,
    now: Callable[[], float],
    known: KnownLabels | None = None,
) -> Labelling | None:
    """Who has the tasks of rows found; None where the profile has no classifier by model."""
    asking = asking_of(profile)
    return Labelling(profile, asking, executor, spending, now, known) if asking else None


def _alone(plan: Plan, call: Call) -> Plan:
    """The call as a plan of its own, inside the row's ruling; the row has no route yet."""
    tier = tier_of(plan.basis.features.metadata) if plan.basis else plan.tier
    return plan._replace(
        route=ROUTE,
        strategy="single",
        calls=(call,),
        tier=tier,
        instead=(),
        template=None,
        prompts=NOTHING,
        label_call=None,
        refusal=None,
    )
