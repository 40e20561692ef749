"""Renders templates: the prompt of a row out of its text, its metadata and its other fields. Pure.

Templates are in Jinja's language, in its sandbox: they come with a profile, and the values with
rows of strangers. A value that a row does not have fails the row, by name. The library is only
imported where a profile has templates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from airoute_cli.core.nearest import nearest
from airoute_cli.core.request import Message, Request, Text
from airoute_cli.core.templates import Template

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

# What a template may name; the fields of a row that airoute does not know stand in ``row``.
VARIABLES = ("prompt", "system", "metadata", "row")
# What a template may call of a table of values.
_METHODS = frozenset({"items", "keys", "values", "get"})


class TemplateFailure(Exception):  # noqa: N818 - it is a row's, and ends as a sentence of the plan
    """A template that this row cannot fill; the text names the template and what is missing."""


class Fault(NamedTuple):
    """What is wrong with the text of a template: the line in it, from 1, and how to mend it."""

    line: int
    message: str
    remedy: str = ""


class Values(dict[str, Any]):
    """A table of a row's values; ``label`` is what the template calls it."""

    def __init__(self, label: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.label = label


class CompiledTemplate:
    """A template in whose texts ``faults`` has found nothing."""

    def __init__(self, template: Template) -> None:
        environment = _environment("\n".join(template.variants.values()))
        self.template = template
        self.digest = template.digest
        self._render: Mapping[str, Callable[..., str]] = {
            name: environment.from_string(text).render for name, text in template.variants.items()
        }

    def render(self, variant: str, request: Request, given: Mapping[str, Mapping[str, Any]]) -> str:
        """The text of a variant for a row. Raises TemplateFailure.

        ``given`` are the row's ``metadata`` and its other fields, as ``row``.
        """
        from jinja2 import UndefinedError

        tables = {name: Values(name, values) for name, values in given.items()}
        try:
            text = self._render[variant](
                prompt=_asked(request), system=request.system or "", **tables
            )
        except UndefinedError as error:
            raise self._failure(str(error)) from None
        except Exception as error:  # noqa: BLE001 - a template may do anything to a value; its
            # message may quote the value, and stays out of the sentence.
            raise self._failure(f"it cannot be filled ({type(error).__name__})") from None
        if not text.strip():
            raise self._failure("it gives an empty prompt for this row")
        return text

    def _failure(self, why: str) -> TemplateFailure:
        return TemplateFailure(f'template "{self.template.name}": {why}')


def with_prompt(request: Request, prompt: str) -> Request:
    """``request`` with ``prompt`` as the text of its last user turn; what is attached stays."""
    place = _last_user_turn(request)
    if place is None:
        return replace(request, messages=(*request.messages, Message("user", (Text(prompt),))))
    turn = request.messages[place]
    parts = [part for part in turn.parts if not isinstance(part, Text)]
    told = replace(turn, parts=(*parts, Text(prompt)))
    messages = (*request.messages[:place], told, *request.messages[place + 1 :])
    return replace(request, messages=messages)


def faults(text: str) -> Iterator[Fault]:
    """What is wrong with the text of a template, as far as it can be known without a row."""
    from jinja2 import TemplateSyntaxError, meta

    environment = _environment()
    try:
        tree = environment.parse(text)
        environment.compile(tree)
    except TemplateSyntaxError as error:
        message = (error.message or "it is no template").rstrip(".")
        yield Fault(error.lineno, f"{message}.")
        return
    if any(True for _ in meta.find_referenced_templates(tree)):
        yield Fault(1, "a template cannot include, import or extend another.", "Write it as one.")
    for name in sorted(meta.find_undeclared_variables(tree) - set(VARIABLES)):
        line = next((found for found, known in enumerate(text.splitlines(), 1) if name in known), 1)
        remedy = nearest(name, VARIABLES)
        yield Fault(line, f'there is no variable "{name}".', f"{remedy} A row's own fields: row.X.")


def _asked(request: Request) -> str:
    place = _last_user_turn(request)
    return "" if place is None else request.messages[place].text


def _last_user_turn(request: Request) -> int | None:
    turns = range(len(request.messages) - 1, -1, -1)
    return next((place for place in turns if request.messages[place].role == "user"), None)


def _own(values: Values, name: str) -> Any:
    """A field, or else a method of the table: a field that is called ``items`` is a field."""
    return values[name] if name in values else getattr(values, name)


def _environment(source: str = "") -> SandboxedEnvironment:
    """The sandbox; only names that stand in ``source`` are told, as others come from a row."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    class Missing(StrictUndefined):
        """Names what the row does not have."""

        @property
        def _undefined_message(self) -> str:
            if str(self._undefined_name) not in source:
                return (
                    "it needs something by a name that the row gives, which the row does not have"
                )
            label = getattr(self._undefined_obj, "label", None)
            whole = f"{label}.{self._undefined_name}" if label else str(self._undefined_name)
            return f"it needs {whole}, which the row does not have"

    class Sandbox(SandboxedEnvironment):
        """Of a row's values the fields are meant, and not the methods of the table."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            if isinstance(obj, dict):
                return self.getitem(obj, attribute)
            return super().getattr(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            if isinstance(obj, Values):
                known = argument in obj or argument in _METHODS
                return _own(obj, argument) if known else self.undefined(obj=obj, name=argument)
            return super().getitem(obj, argument)

    return Sandbox(undefined=Missing, keep_trailing_newline=False)
