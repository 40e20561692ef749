"""How planning gets the task of a row from a model: who is asked, and what holds until then."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from airoute_cli.core.figures import NO_FIGURES, Snapshot
from airoute_cli.core.label import Label, ModelClassifier
from airoute_cli.core.plan import Call, CallRole, Features, Plan
from airoute_cli.core.policy import Ruling
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import Capability, Message, Request, Text
from airoute_cli.routing.carry import elements_of
from airoute_cli.routing.choice import Choice, Chooser, kind_of
from airoute_cli.routing.eligible import checks_for, eligible
from airoute_cli.routing.rules import asks_for_task

if TYPE_CHECKING:
    from airoute_cli.routing.classify.by_model import Asking


def asking_of(profile: Profile) -> Asking | None:
    """The classifier that asks a model, where the profile goes by one."""
    classifier = profile.classifier
    if not isinstance(classifier, ModelClassifier):
        return None
    from airoute_cli.routing.classify.by_model import Asking

    return Asking(classifier, profile.models[classifier.model])


def labelling_model(profile: Profile, only_route: str | None = None) -> str | None:
    """The model that some row may be labelled by; None where no route goes by the task."""
    if not isinstance(profile.classifier, ModelClassifier):
        return None
    for route in profile.routes:
        if only_route not in {None, route.name}:
            continue
        template = profile.templates[route.template] if route.template else None
        by_when = only_route is None and asks_for_task(route.when)
        if by_when or (template is not None and template.tasks):
            return profile.classifier.model
    return None


class Labelling:
    """The part of a planner that knows of a classifier by model; everything of it is pure."""

    def __init__(self, profile: Profile, asking: Asking) -> None:
        self.asking = asking
        self._chooser = Chooser(None)
        self._checks = checks_for(profile.unknown_price, profile.unsupported)
        request = asking.request(Request((Message("user", (Text(""),)),)))
        self._elements = elements_of(request)
        self._kind = kind_of(request, self._features(Label("", asking.model.name)))

    def featured(self, features: Features, label: Label | None) -> Features:
        """``features`` with the task that ``label`` says, or without one with the default."""
        classifier = self.asking.classifier
        if label is None:
            tokens = self.asking.tokens(features.text)
            label = Label(classifier.default, classifier.model, tokens, asked=True)
            if not features.text.strip():
                label = label.unasked("there is no text of a user")
        label = self.asking.settled(label)
        return features._replace(task=label.task, label=label)

    def completed(self, plan: Plan, snapshot: Snapshot, *, goes_by_task: bool) -> Plan:
        """``plan`` with the call that finds its task, and with the reason where there is none."""
        basis = plan.basis
        label = basis.features.label if basis else None
        if basis is None or label is None:
            return plan
        if not goes_by_task:
            without = basis.features._replace(task="", label=None)
            return plan._replace(basis=basis._replace(features=without))
        choice = self._choice(label, snapshot)
        if label.pending and (why := self._objection(plan.ruling, choice, label)):
            features = basis.features._replace(label=label.unasked(why))
            return plan._replace(basis=basis._replace(features=features))
        return plan._replace(label_call=self._call(choice)) if label.asked else plan

    def _choice(self, label: Label, snapshot: Snapshot) -> Choice:
        model = self.asking.model
        figures = snapshot.get(model.name, NO_FIGURES)
        return self._chooser.choose(model, figures, self._kind, label.input_tokens)

    def _features(self, label: Label) -> Features:
        needs = frozenset({Capability.JSON_SCHEMA})
        return Features("", label.input_tokens, "", needs, elements=self._elements)

    def _call(self, choice: Choice) -> Call:
        call = choice.call(CallRole.CLASSIFIER)
        return call._replace(logprobs=self.asking.confidence == "logprobs")

    def _objection(self, ruling: Ruling, choice: Choice, label: Label) -> str | None:
        """Why the model may not be asked about a row; None if it may."""
        name = choice.name
        if name not in ruling.eligible:
            excluded = ruling.excluded.get(name)
            return f"{name} may not see the row: {excluded or 'the policy keeps it away'}"
        why = eligible(self._features(label), choice, self._checks)
        return None if why is None else f"{name} cannot be asked: {why}"


def text_key(asking: Asking, plan: Plan, text: str) -> bytes:
    """What is the same for rows that the model would be asked the same about, to be sealed."""
    about = "\0".join((asking.model.identity, asking.system, *sorted(plan.ruling.redact)))
    begun = blake2b(about.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return begun + text.encode("utf-8", "surrogatepass")
