"""What an earlier profile of a run lets a row touch, when the run goes on with another profile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from airoute_cli.core.plan import Features
from airoute_cli.core.policy import Ruling
from airoute_cli.core.profile import Model, Profile
from airoute_cli.core.request import Request
from airoute_cli.routing.choice import Choice, Chooser, kind_of
from airoute_cli.routing.complexity import complexity
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.eligible import checks_for, eligible
from airoute_cli.routing.policy.rulebook import Rulebook
from airoute_cli.routing.rules import Compiler
from airoute_cli.routing.scan.scanner import Scanner
from airoute_cli.routing.tasks import detect_task


class EarlierProfile:
    """Holds a row that was tried under a profile to the models that this one let it touch.

    Models are compared by what they are (wire format, host and name there), as another profile
    may give their names to others.
    """

    def __init__(self, profile: Profile, *, recalling: bool = False) -> None:
        self._name = profile.name
        self._checks = checks_for(profile.unknown_price, profile.unsupported)
        self._chooser = Chooser(None)
        self._rulebook = Rulebook(profile, Compiler(recalling=recalling))
        self._scanner = Scanner(self._rulebook.classes)
        self._models: defaultdict[str, list[Model]] = defaultdict(list)
        for model in profile.models.values():
            self._models[model.identity].append(model)

    def subject(self, request: Request, features: Features) -> Subject:
        """The request as the rules of this profile see it."""
        if self._rulebook.asks_for_task:
            # A rule goes by the built-in task, whatever classifier routes go by now.
            features = features._replace(task=detect_task(features.text))
        if self._rulebook.asks_for_complexity:
            features = features._replace(complexity=complexity(features.text))
        return Subject(features, lambda: self._scanner.scan(request))

    def hold(self, ruling: Ruling, models: Mapping[str, Model], subject: Subject) -> Ruling:
        """``ruling``, narrowed to what the rules of this profile allow and redact as well."""
        own = self._rulebook.judge(subject, {})
        allowed = {
            model.identity
            for same in self._models.values()
            for model in same
            if model.name in own.eligible
        }
        names = frozenset(name for name, model in models.items() if model.identity in allowed)
        return ruling.within(names, own.redact)

    def objection(self, choice: Choice, request: Request, features: Features) -> str | None:
        """Why the row may not go to a model of the profile in force; None if it may."""
        reason, kind = "it has no such model", kind_of(request, features)
        for model in self._models.get(choice.model.identity, ()):
            known = self._chooser.choose(model, choice.figures, kind, features.input_tokens)
            refused = eligible(features, known, self._checks)
            if refused is None:
                return None
            reason = refused
        return f'not by profile "{self._name}", under which the row was tried: {reason}'
