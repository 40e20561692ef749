"""All rules of a policy made ready: which of them govern a row, and whom they leave.

Every rule that matches applies, and a rule can only take models away. A rule that redacts does
so before anything is sent; where that takes out all that made it match, what it requires is met
and nobody is taken away by it. Other rules are judged by what stood in the row.
"""

from __future__ import annotations

from collections.abc import Iterable

from airoute_cli.core.figures import NO_FIGURES, Snapshot
from airoute_cli.core.policy import Exclusion, PolicyRule, PolicyVerdict, Ruling
from airoute_cli.core.profile import Profile
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.policy.demands import Candidate, demands_of, private
from airoute_cli.routing.rules import Compiler, asks_for_complexity, asks_for_task, detected

_NOBODY: frozenset[str] = frozenset()


class Rulebook:
    """The policy of one profile."""

    def __init__(self, profile: Profile, compiler: Compiler | None = None) -> None:
        compiler = compiler or Compiler()
        self._models = profile.models
        self._rules = tuple(_Rule(rule, compiler) for rule in profile.policy.rules)
        self._claimed = frozenset(
            name for name, model in profile.models.items() if model.private_by_claim
        )
        self._everybody = Ruling(frozenset(profile.models))
        whens = [rule.when for rule in profile.policy.rules]
        self.asks_for_task = any(map(asks_for_task, whens))
        self.asks_for_complexity = any(map(asks_for_complexity, whens))
        self.classes = frozenset(
            name for rule in profile.policy.rules for name in (*detected(rule.when), *rule.redact)
        )

    def judge(self, subject: Subject, snapshot: Snapshot, *, explain: bool = False) -> Ruling:
        """What the rules say of a row; ``explain`` adds the verdict of each."""
        if not self._rules:
            return self._everybody
        governing = [rule for rule in self._rules if rule.matches(subject)]
        excluded = self._excluded(governing, subject, snapshot)
        eligible = frozenset(name for name in self._models if name not in excluded)
        relied_on = any(rule.stated.require.private for rule in governing)
        return Ruling(
            eligible=eligible,
            rules=tuple(rule.stated.name for rule in governing),
            redact=frozenset(name for rule in governing for name in rule.stated.redact),
            scan=subject.scan_if_made,
            excluded=excluded,
            verdicts=tuple(rule.verdict(subject) for rule in self._rules) if explain else (),
            declared=eligible & self._claimed if relied_on else _NOBODY,
        )

    def left_by(self, name: str, subject: Subject, snapshot: Snapshot) -> frozenset[str] | None:
        """Whom one rule alone leaves for a row; None if it does not govern the row."""
        governing = [rule for rule in self._rules if rule.stated.name == name]
        governing = [rule for rule in governing if rule.matches(subject)]
        if not governing:
            return None
        excluded = self._excluded(governing, subject, snapshot)
        return frozenset(name for name in self._models if name not in excluded)

    def _excluded(
        self, governing: Iterable[_Rule], subject: Subject, snapshot: Snapshot
    ) -> dict[str, Exclusion]:
        """Each model that may not answer, with the first rule that says so."""
        tokens = subject.features.input_tokens
        excluded: dict[str, Exclusion] = {}
        for place, rule in enumerate(governing):
            if rule.is_met_by_redaction(subject):
                continue
            for name, model in self._models.items():
                if name not in excluded:
                    candidate = Candidate(model, snapshot.get(name, NO_FIGURES), tokens)
                    if reason := rule.objection(candidate, subject):
                        excluded[name] = Exclusion(rule.stated, place, reason)
        return excluded


class _Rule:
    """One rule, compiled."""

    def __init__(self, rule: PolicyRule, compiler: Compiler) -> None:
        self.stated = rule
        self._matcher = compiler.compile(rule.when)
        self._demands = demands_of(rule)
        self.matches = self._matcher.matches

    def verdict(self, subject: Subject) -> PolicyVerdict:
        matched, reason = self._matcher.explain(subject)
        reason = "it holds for every row" if self.stated.when is None else reason
        return PolicyVerdict(self.stated.name, matched, reason)

    def is_met_by_redaction(self, subject: Subject) -> bool:
        """Whether nothing that it is about is left when its own redaction is done."""
        if not self.stated.redact or subject.scan.unread:
            return False
        return not self.matches(subject.without(self.stated.redact))

    def objection(self, candidate: Candidate, subject: Subject) -> str | None:
        """Why the model may not answer; None if this rule has nothing against it."""
        for demand in self._demands:
            if reason := demand(candidate):
                return reason
        # What was not read cannot be redacted, so it may go to nobody else.
        redacts_only = bool(self.stated.redact) and not self._demands
        reason = private(candidate) if redacts_only and subject.scan.unread else None
        return f"{reason}, and not all could be read to redact it" if reason else None
