"""Policy closure: no call leaves but to a model that the plan's row may touch."""

from __future__ import annotations

from collections.abc import Mapping

from airoute_cli.core.errors import ClosureError
from airoute_cli.core.money import ZERO
from airoute_cli.core.outcome import Outcome, RowFailure, RowState
from airoute_cli.core.plan import Plan
from airoute_cli.core.policy import OnEmpty
from airoute_cli.core.profile import Model

_ENDS: Mapping[OnEmpty, tuple[RowState, str]] = {
    OnEmpty.REFUSE: (RowState.REFUSED, "refused"),
    OnEmpty.HANDOFF: (RowState.HANDED_OFF, "handed_off"),
    OnEmpty.DEFER: (RowState.DEFERRED, "deferred"),
    OnEmpty.FAIL: (RowState.FAILED, "missing_metadata"),
}


def require(plan: Plan, model: Model) -> None:
    """Let a call pass to an eligible model. Raises ClosureError, which stops the run: a bug."""
    if model.name in plan.eligible:
        return
    allowed = ", ".join(sorted(plan.eligible)) or "nobody"
    raise ClosureError(
        f"a call to {model.name!r} was stopped: the policy leaves {allowed} for this row. "
        "Nothing was sent. This is a bug in airoute; please report it with the profile."
    )


def nobody(plan: Plan) -> Outcome:
    """The outcome of a plan without calls."""
    state, code = _ENDS[plan.on_empty]
    failure = RowFailure(plan.code or code, plan.refusal or "no model may answer")
    return Outcome(state, plan, failure=failure, usd=ZERO)
