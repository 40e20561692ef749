"""What planning sees of a row: the row as it came and, where a template words it, what is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from airoute_cli.core.plan import Basis, Features
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import Message, Request
from airoute_cli.core.settings import NOTHING, Settings
from airoute_cli.core.templates import TemplateUse
from airoute_cli.routing.choice import Kind, kind_of
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.earlier import EarlierProfile
from airoute_cli.routing.templates import CompiledTemplate, with_prompt

_NONE_HELD: frozenset[int] = frozenset()


class View(NamedTuple):
    """One request as it is judged; ``earlier`` is how the earlier profiles of the run see it.

    ``kind`` is what decides, beside its size, what it is for a model.
    """

    request: Request
    subject: Subject
    kind: Kind
    earlier: Sequence[tuple[EarlierProfile, Subject]] = ()

    @property
    def features(self) -> Features:
        """What was found out about it."""
        return self.subject.features

    def basis(self, only_model: str | None = None, only_route: str | None = None) -> Basis:
        """What a plan is made from, as far as this request goes; the names were given by hand."""
        own = basis_of(self.subject, self.kind)
        if not self.earlier and only_model is None and only_route is None:
            return own
        earlier = tuple([_basis(under) for _, under in self.earlier])
        return own._replace(earlier=earlier, only_model=only_model, only_route=only_route)


class Sent(NamedTuple):
    """What models get of a row: ``default``, or what ``by_model`` has for them.

    ``came`` are the features of the row as it came.
    """

    came: Features
    default: View
    by_model: Mapping[str, View] = NOTHING
    use: TemplateUse | None = None

    @classmethod
    def as_it_came(cls, view: View) -> Sent:
        """The row itself, which no template words."""
        return cls(view.features, view)

    def to(self, model: str) -> View:
        """What one model gets."""
        return self.by_model.get(model, self.default)


def basis_of(subject: Subject, kind: Kind) -> Basis:
    """What a plan is made from, as far as one request goes."""
    held = subject.held
    return Basis(
        subject.features,
        frozenset(held) if held else _NONE_HELD,
        subject.scan_if_made,
        kind.dialect,
        kind.own_cap,
        not kind.lacks_system,
    )


def _basis(subject: Subject) -> Basis:
    return Basis(subject.features, frozenset(subject.held), subject.scan_if_made)


def recalled(basis: Basis, held_to: Sequence[EarlierProfile]) -> View:
    """The view that a basis was made of, without the text."""
    earlier = zip(held_to, map(_subject, basis.earlier), strict=True)
    request = _stub(basis)
    return View(request, _subject(basis), kind_of(request, basis.features), list(earlier))


def _subject(basis: Basis) -> Subject:
    scan = basis.scan
    return Subject(basis.features, (lambda: scan) if scan else None, set(basis.held))


def _stub(basis: Basis) -> Request:
    """Of the request, what planning reads beside its features."""
    return Request(
        (Message("system" if basis.own_system else "user", ()),),
        Settings(max_output_tokens=basis.own_cap),
        dialect=basis.dialect,
    )


class Wording:
    """The template of a route made ready, and who gets which of its variants."""

    def __init__(self, compiled: CompiledTemplate, models: Iterable[str]) -> None:
        self._compiled = compiled
        self._models = tuple(models)

    @property
    def goes_by_task(self) -> bool:
        """Whether the task of a row makes a difference."""
        return bool(self._compiled.template.tasks)

    def variants(self, task: str) -> dict[str, str]:
        """The variant that each model gets for a task."""
        template = self._compiled.template
        return {model: template.variant(model, task) for model in self._models}

    def requests(
        self, request: Request, given: Mapping[str, Mapping[str, Any]], task: str
    ) -> list[Request]:
        """What is sent: one request for each variant, in order. Raises TemplateFailure."""
        return [
            with_prompt(request, self._compiled.render(variant, request, given))
            for variant in dict.fromkeys(self.variants(task).values())
        ]

    def sent(self, views: Sequence[View], came: Features) -> Sent:
        """The views of ``requests``, in the same order, given to the models."""
        variants = self.variants(came.task)
        by_variant = dict(zip(dict.fromkeys(variants.values()), views, strict=True))
        by_model = {model: by_variant[variant] for model, variant in variants.items()}
        template = self._compiled.template
        use = TemplateUse(template.title, template.version, self._compiled.digest, variants)
        return Sent(came, views[0], by_model, use)


# Given a route's wording: the views of what is sent. Raises TemplateFailure.
WordedViews = Callable[[Wording], Sequence[View]]


def wordings(profile: Profile) -> Mapping[str, CompiledTemplate]:
    """The templates that some route of a profile uses, made ready."""
    used = {route.template for route in profile.routes if route.template}
    return {name: CompiledTemplate(profile.templates[name]) for name in used}
