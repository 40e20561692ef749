"""The policy: rules that say who may answer, and what they came to for one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from airoute_cli.core.budget import NO_BUDGET, Budget, OnBudget
from airoute_cli.core.frozen import frozen
from airoute_cli.core.request import Capability
from airoute_cli.core.scan import Scan
from airoute_cli.core.settings import NOTHING

if TYPE_CHECKING:  # a profile holds a policy
    from airoute_cli.core.profile import When


class OnEmpty(StrEnum):
    """What becomes of a row that nobody may answer. ``fail`` is a row without what it must say."""

    REFUSE = "refuse"
    HANDOFF = "handoff"
    DEFER = "defer"
    FAIL = "fail"

    @property
    def ended(self) -> str:
        """What has become of the row, in a word or two."""
        return _ENDED[self]


_ENDED: Mapping[OnEmpty, str] = MappingProxyType(
    {
        OnEmpty.REFUSE: "refused",
        OnEmpty.HANDOFF: "handed off",
        OnEmpty.DEFER: "deferred",
        OnEmpty.FAIL: "failed",
    }
)


@frozen
class MaxPrice:
    """The most US dollars per million tokens; None: no bound."""

    input: Decimal | None = None
    output: Decimal | None = None


@frozen
class Requirement:
    """What a model must be. What is not stated asks for nothing; an unknown fact is no proof.

    ``retention`` is a duration, the longest that a provider may keep what it is sent.
    """

    private: bool = False
    regions: tuple[str, ...] = ()
    retention: str | None = None
    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    capabilities: frozenset[Capability] = frozenset()
    max_price: MaxPrice | None = None
    max_latency_ms: float | None = None


@frozen
class Forbidden:
    """Whom a rule keeps away."""

    regions: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


NO_REQUIREMENT = Requirement()
NO_FORBIDDEN = Forbidden()


@frozen
class PolicyRule:
    """One ``[[policy.rules]]`` entry. ``when`` None: it holds for every row.

    ``redact`` holds classes of the scan, groups already spelled out.
    """

    name: str
    when: When | None = None
    require: Requirement = NO_REQUIREMENT
    forbid: Forbidden = NO_FORBIDDEN
    redact: frozenset[str] = frozenset()
    on_empty: OnEmpty = OnEmpty.REFUSE


@frozen
class Policy:
    """All rules. A row that lacks a key of ``require_metadata`` fails.

    ``tiers`` are the budgets by the value of ``metadata.tier``.
    """

    rules: tuple[PolicyRule, ...] = ()
    require_metadata: tuple[str, ...] = ()
    budget: Budget = NO_BUDGET
    tiers: Mapping[str, Budget] = field(default_factory=lambda: NOTHING)
    on_budget: OnBudget = OnBudget.STOP


NO_POLICY = Policy()


@frozen
class Exclusion:
    """Why a model may not answer a row: the rule, its place among the rules, and the fact."""

    rule: PolicyRule
    place: int
    reason: str

    def __str__(self) -> str:
        return f'policy "{self.rule.name}": {self.reason}'


@frozen
class PolicyVerdict:
    """Whether a rule governs a row, and the fact that decided."""

    rule: str
    matched: bool
    reason: str


@frozen
class Ruling:
    """What the policy says of one row: whom any call for it may touch, and why not the others.

    An empty one lets nobody answer. ``rules`` are the names of those that govern the row,
    ``redact`` the classes that are replaced before anything is sent, ``scan`` what was found
    where some rule had to know. ``declared`` are those of the eligible that a rule takes for
    private by the profile's word alone.
    """

    eligible: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
    redact: frozenset[str] = frozenset()
    scan: Scan | None = None
    excluded: Mapping[str, Exclusion] = field(default_factory=lambda: NOTHING)
    verdicts: tuple[PolicyVerdict, ...] = ()
    declared: frozenset[str] = frozenset()

    @property
    def redacted(self) -> frozenset[str]:
        """The classes of which something was found that is replaced."""
        return self.redact.intersection(self.scan.findings) if self.scan else frozenset()

    def both(self, sent: Ruling) -> Ruling:
        """All that this ruling on a row as it came says, and that on what is ``sent`` of it.

        The scan is that of both; where what is sent was not scanned, nobody can tell what is in it.
        """
        return Ruling(
            eligible=self.eligible & sent.eligible,
            rules=tuple(dict.fromkeys((*self.rules, *sent.rules))),
            redact=self.redact | sent.redact,
            scan=sent.scan and sent.scan.beside(self.scan),
            excluded={**sent.excluded, **self.excluded},
            verdicts=tuple(map(_either, self.verdicts, sent.verdicts)),
            declared=(self.declared | sent.declared) & self.eligible & sent.eligible,
        )

    def within(self, allowed: frozenset[str], redact: frozenset[str]) -> Ruling:
        """This ruling held to what an earlier attempt at the row was held to as well."""
        more = {
            name: Exclusion(EARLIER, -1, "an earlier attempt at this row was not allowed to ask it")
            for name in self.eligible - allowed
        }
        return replace(
            self,
            eligible=self.eligible & allowed,
            excluded={**self.excluded, **more},
            redact=self.redact | redact,
            declared=self.declared & allowed,
        )


def _either(came: PolicyVerdict, sent: PolicyVerdict) -> PolicyVerdict:
    return sent if sent.matched and not came.matched else came


NOBODY = Ruling()
# The rule that a resumed run adds: a row never gets to more models than when it was first tried.
EARLIER = PolicyRule("the run's first profile")
