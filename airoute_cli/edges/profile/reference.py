"""The reference page of the profile's keys, made from the models that validate them."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from airoute_cli.edges.profile.fields import Kind
from airoute_cli.edges.profile.tables.base import BudgetTable
from airoute_cli.edges.profile.tables.conditions import WhenTable
from airoute_cli.edges.profile.tables.models import ModelTable, PriceTable
from airoute_cli.edges.profile.tables.policy import (
    AuditTable,
    ForbidTable,
    MaxPriceTable,
    PolicyTable,
    RequireTable,
    RuleTable,
    TierTable,
)
from airoute_cli.edges.profile.tables.providers import ProviderTable
from airoute_cli.edges.profile.tables.routes import RouteTable
from airoute_cli.edges.profile.tables.run import ClassifierTable, ProfileTable, RunTable
from airoute_cli.edges.profile.tables.templates import TemplateTable, VariantTable

_INTRODUCTION = """\
# The profile

A TOML file that says whom airoute may ask and what goes where. It is found by `--profile`,
`$AIROUTE_PROFILE`, `./airoute.toml`, then `airoute/airoute.toml` in your config folder.

Unknown keys are errors. Names with a dot in them stand in quotes: `[models."gpt-4.1"]`. Keys and
secrets never stand in it. This page is made by `airoute profile keys`.
"""

_TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[profile]", ProfileTable),
    ("[providers.NAME]", ProviderTable),
    ("[models.NAME]", ModelTable),
    ("[models.NAME] price", PriceTable),
    ("[policy]", PolicyTable),
    ("[policy] audit", AuditTable),
    ("[policy] budget, and those of tiers, routes and models", BudgetTable),
    ("[policy.tiers.NAME]", TierTable),
    ("[[policy.rules]]", RuleTable),
    ("[policy.rules.require]", RequireTable),
    ("[policy.rules.require] max_price", MaxPriceTable),
    ("[policy.rules.forbid]", ForbidTable),
    ("[run]", RunTable),
    ("[[routes]]", RouteTable),
    ("[classifiers.NAME]", ClassifierTable),
    ('[templates."NAME@VERSION"]', TemplateTable),
    ("[templates.NAME] models.NAME and tasks.NAME", VariantTable),
    ("[routes.when] and [policy.rules.when]", WhenTable),
)


def reference(
    strategies: Mapping[str, type[BaseModel]], formats: Mapping[str, type[BaseModel]]
) -> str:
    """The page, in Markdown: each table with the key, type, default and meaning of its keys."""
    sections = [_section(f"`{title}`", model) for title, model in _TABLES]
    own = ((name, model) for name, model in strategies.items() if model.model_fields)
    sections += [_section(f'`[[routes]]` with `strategy = "{name}"`', model) for name, model in own]
    sections += [
        _section(f"`[routes.{key}]`", model) for key, model in _nested(strategies.values())
    ]
    own = ((name, model) for name, model in formats.items() if model.model_fields)
    sections += [_section(f"`[providers.NAME]` that speaks `{name}`", model) for name, model in own]
    names = ", ".join(f"`{name}`" for name in strategies)
    return "\n".join([_INTRODUCTION, *sections, f"The strategies are {names}.", ""])


def _nested(models: Iterable[type[BaseModel]]) -> Iterator[tuple[str, type[BaseModel]]]:
    """The tables inside strategies' own tables, each once."""
    inner = {
        (field.alias or name): field.annotation
        for model in models
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }
    yield from inner.items()


def _section(title: str, model: type[BaseModel]) -> str:
    head = ("| key | type | default | meaning |", "|---|---|---|---|")
    text = " ".join((model.__doc__ or "").split())
    return "\n".join([f"## {title}", "", text, "", *head, *_rows(model), ""])


def _rows(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        cells = (f"`{field.alias or name}`", _type(field), _default(field), field.description or "")
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ((), {}) or isinstance(value, BaseModel):
        return ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


_PLAIN: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "whole number",
    float: "number",
    dict: "table",
    tuple: "list",
    list: "list",
}


def _type(field: FieldInfo) -> str:
    return _words(field.annotation, field.metadata)


def _words(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """The type as people write it; a Kind says it best, wherever in the annotation it stands."""
    kinds = [part.words for part in metadata if isinstance(part, Kind)]
    if kinds:
        return str(kinds[-1])
    inner = getattr(annotation, "__metadata__", None)
    if inner is not None:
        return _words(annotation.__origin__, inner)
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(f'`"{choice}"`' for choice in get_args(annotation))
    if origin in {Union, types.UnionType}:
        parts = (part for part in get_args(annotation) if part is not type(None))
        return " or ".join(_words(part) for part in parts)
    return _PLAIN.get(origin or annotation, "table")
