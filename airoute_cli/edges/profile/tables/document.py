"""A whole profile: its sections, each read by a model from a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from importlib import import_module
from types import GenericAlias
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import create_model

from airoute_cli.core.settings import NOTHING
from airoute_cli.edges.profile.tables.base import Table

if TYPE_CHECKING:
    from airoute_cli.edges.profile.tables.models import ModelTable
    from airoute_cli.edges.profile.tables.policy import PolicyTable
    from airoute_cli.edges.profile.tables.providers import ProviderTable
    from airoute_cli.edges.profile.tables.routes import RouteTable
    from airoute_cli.edges.profile.tables.run import ClassifierTable, ProfileTable, RunTable
    from airoute_cli.edges.profile.tables.templates import TemplateTable


class Document(NamedTuple):
    """The tables of a profile; None where there is no such section."""

    profile: ProfileTable | None = None
    policy: PolicyTable | None = None
    run: RunTable | None = None
    providers: Mapping[str, ProviderTable] = NOTHING
    models: Mapping[str, ModelTable] = NOTHING
    classifiers: Mapping[str, ClassifierTable] = NOTHING
    templates: Mapping[str, TemplateTable] = NOTHING
    routes: tuple[RouteTable, ...] = ()


class _Section(NamedTuple):
    file: str
    table: str
    annotation: Callable[[type[Table]], Any] = lambda table: table


def _named(table: type[Table]) -> Any:
    return GenericAlias(dict, (str, table))


def _listed(table: type[Table]) -> Any:
    return GenericAlias(tuple, (table, ...))


_SECTIONS: Mapping[str, _Section] = {
    "profile": _Section("run", "ProfileTable"),
    "policy": _Section("policy", "PolicyTable"),
    "run": _Section("run", "RunTable"),
    "providers": _Section("providers", "ProviderTable", _named),
    "models": _Section("models", "ModelTable", _named),
    "classifiers": _Section("run", "ClassifierTable", _named),
    "templates": _Section("templates", "TemplateTable", _named),
    "routes": _Section("routes", "RouteTable", _listed),
}


def read_document(document: Mapping[str, Any]) -> Document:
    """The tables of a plain document. Raises pydantic's ValidationError with all that is wrong."""
    read = document_model(document).model_validate(document)
    return Document(**dict(read))


def document_model(sections: Container[str] = _SECTIONS) -> type[Table]:
    """What reads ``sections`` of a profile, and calls every other key unknown.

    The models of a section are made where it is wanted: each takes most of a millisecond.
    """
    fields: dict[str, Any] = {
        name: (_annotation(section), ...) for name, section in _SECTIONS.items() if name in sections
    }
    return create_model("Document", __base__=Table, **fields)


def _annotation(section: _Section) -> Any:
    module = import_module(f"airoute_cli.edges.profile.tables.{section.file}")
    return section.annotation(getattr(module, section.table))
