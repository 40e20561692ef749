from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from airoute_cli.core.budget import NO_BUDGET, Account, Budget, Limit, OnBudget, Period, Scope
from airoute_cli.edges.profile.load import load_profile
from airoute_cli.engine.budget_limits import BudgetLimits
from airoute_cli.engine.open_profile import apis, strategies

TEXT = """
[policy]
budget = { per_request = 0.05, per_day = 0.1 }
on_budget = "defer"
[policy.tiers.Free]
budget = { per_month = 5 }
[models.small]
provider = "local"
name = "smollm2-135m-instruct"
budget = { per_run = 1 }
[[routes]]
name = "rest"
models = ["small"]
on_budget = "degrade"
budget = { per_day = 2 }
[[routes]]
name = "other"
models = ["small"]
"""


def test_budgets_are_read_exactly_and_hold_for_what_they_name(tmp_path: Path):
    path = tmp_path / "p.toml"
    path.write_text(TEXT)
    profile = load_profile(path, strategies=strategies(), apis=apis())
    assert profile.policy.budget == Budget(per_request=Decimal("0.05"), per_day=Decimal("0.1"))
    assert profile.policy.on_budget is OnBudget.DEFER
    assert [route.on_budget for route in profile.routes] == [OnBudget.DEGRADE, None]
    assert profile.routes[1].budget == NO_BUDGET
    limits = BudgetLimits(profile)
    rest, other = Account("free", "rest", "small"), Account("", "other", "large")
    everything = [
        Limit(Scope.POLICY, "", Period.REQUEST, Decimal("0.05")),
        Limit(Scope.POLICY, "", Period.DAY, Decimal("0.1")),
        Limit(Scope.TIER, "Free", Period.MONTH, Decimal(5)),
        Limit(Scope.ROUTE, "rest", Period.DAY, Decimal(2)),
        Limit(Scope.MODEL, "small", Period.RUN, Decimal(1)),
    ]
    assert list(limits.all) == everything
    for_rest, for_other = limits.over((rest,)), limits.over((other,))
    assert for_rest.request == for_other.request == (everything[0],)
    assert for_rest.counted == (everything[4], everything[1], everything[2], everything[3])
    assert for_other.counted == (everything[1],)


def test_what_is_not_known_of_a_call_counts_against_every_limit():
    tier = Limit(Scope.TIER, "free", Period.RUN, Decimal(1))
    assert tier.covers(Account(None, None, "m"))
    assert tier.covers(Account("FREE", "", "m"))
    assert not tier.covers(Account("", "", "m"))
    amounts = {Account("free", "r", "m"): Decimal(1), Account("pro", "r", "m"): Decimal(2)}
    assert tier.among(amounts) == 1
