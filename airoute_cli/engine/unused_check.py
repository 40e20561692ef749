"""What stands in a profile and nothing uses."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from airoute_cli.core.profile import Profile
from airoute_cli.engine.finding import Finding, Level
from airoute_cli.routing.rules import asks_for_task


def unused_findings(profile: Profile, used_models: Collection[str]) -> Iterator[Finding]:
    """Every model, provider, template and classifier without a use."""
    if not profile.degrades:  # then any model may be asked
        for name in profile.models:
            if name not in used_models:
                yield _finding("model", name, "no route uses it.")
    named = {model.provider.name for model in profile.models.values()}
    for name in profile.providers:
        if name not in named:
            yield _finding("provider", name, "no model uses it.")
    worded = {route.template for route in profile.routes}
    for name in profile.templates:
        if name not in worded:
            yield _finding("template", name, "no route uses it.")
    yield from _unused_classifiers(profile)


def _unused_classifiers(profile: Profile) -> Iterator[Finding]:
    wanted = profile.document.get("profile", {}).get("classifier")
    for name in profile.document.get("classifiers", {}):
        if name != wanted:
            remedy = f'Write classifier = "{name}" under [profile], or remove it.'
            yield _finding("classifier", name, "[profile] does not name it.", remedy)
        elif not _goes_by_tasks(profile):
            message = "no route and no template goes by a task, so it is never asked."
            yield _finding("classifier", name, message)


def _goes_by_tasks(profile: Profile) -> bool:
    worded = {route.template for route in profile.routes}
    return any(asks_for_task(route.when) for route in profile.routes) or any(
        template.tasks for name, template in profile.templates.items() if name in worded
    )


def _finding(kind: str, name: str, message: str, remedy: str = "") -> Finding:
    return Finding(Level.WARNING, f'{kind} "{name}"', message, remedy)
