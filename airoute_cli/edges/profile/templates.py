"""The templates of a profile: their texts, which may stand in files, and their names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from airoute_cli.edges.profile.files import Files
from airoute_cli.edges.profile.lines import KeyPath
from airoute_cli.edges.profile.problems import Problems, nearest

if TYPE_CHECKING:
    from airoute_cli.edges.profile.tables.templates import VariantTable

_SECTION = "templates"
_VARIANTS = ("models", "tasks")


class TextFault(NamedTuple):
    """What is wrong with the text of a template: the line in it, and how to mend it."""

    line: int
    message: str
    remedy: str = ""


# What is wrong with a text of a template, by the one who renders it.
CheckText = Callable[[str], Iterable[TextFault]]


class Templating(NamedTuple):
    """What the loader has to know of templates: how a text is checked, and all tasks."""

    check: CheckText
    tasks: Collection[str] | None


UNCHECKED = Templating(lambda _: (), None)


def check_templates(
    document: Mapping[str, Any], files: Files, templating: Templating, problems: Problems
) -> None:
    """Note templates, models and tasks that there are not, and texts that are no templates."""
    labels_differ = "classifier" in _table(document, "profile")
    tasks = None if labels_differ else templating.tasks
    known = {"models": _table(document, "models"), "tasks": tasks}
    for name, table in _tables_of(document):
        for kind, names in known.items():
            for variant in _table(table, kind) if names is not None else ():
                of = (_SECTION, name, kind, variant)
                _check_name(of, kind[:-1], variant, names or (), problems)
    for at, table in _texts_of(document):
        _check_text(at, table, files, templating, problems)
    routes = document.get("routes")
    for number, route in enumerate(routes if isinstance(routes, list) else ()):
        used = route.get("template") if isinstance(route, dict) else None
        if isinstance(used, str) and used:
            place = ("routes", number, "template")
            _check_name(place, "template", used, _table(document, _SECTION), problems)


def text_of(table: VariantTable, files: Files) -> str:
    """The text of a template, which may stand in a file of its own."""
    return files.text(table.file) if table.file else table.text or ""


def _check_name(
    at: KeyPath, kind: str, name: str, known: Iterable[str], problems: Problems
) -> None:
    if name not in known:
        problems.add(at, f'there is no {kind} "{name}".', nearest(name, known))


def _check_text(
    at: KeyPath, table: Mapping[str, Any], files: Files, templating: Templating, problems: Problems
) -> None:
    """Note a file that cannot be read, and the first fault of a text."""
    text, file = table.get("text"), table.get("file")
    if text is None and isinstance(file, str) and file:
        try:
            text = files.text(file)
        except ValueError as error:
            problems.add((*at, "file"), str(error))
    fault = next(iter(templating.check(text)), None) if isinstance(text, str) else None
    if fault is None:
        return
    where = f"{file}:{fault.line}: " if file else f"line {fault.line} of it: "
    shown = where if file or "\n" in str(text).strip() else ""
    problems.add((*at, "file" if file else "text"), f"{shown}{fault.message}", fault.remedy)


def _texts_of(document: Mapping[str, Any]) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Every table that has a text of its own."""
    for name, table in _tables_of(document):
        yield (_SECTION, name), table
        for kind in _VARIANTS:
            for variant, inner in _table(table, kind).items():
                if isinstance(inner, dict):
                    yield (_SECTION, name, kind, variant), inner


def _tables_of(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, table in _table(document, _SECTION).items():
        if isinstance(table, dict):
            yield name, table


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name)
    return table if isinstance(table, dict) else {}
