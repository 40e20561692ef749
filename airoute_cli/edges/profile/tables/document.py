"""A whole profile."""

from __future__ import annotations

from pydantic import Field

from airoute_cli.edges.profile.tables.base import Table
from airoute_cli.edges.profile.tables.models import ModelTable
from airoute_cli.edges.profile.tables.policy import PolicyTable
from airoute_cli.edges.profile.tables.providers import ProviderTable
from airoute_cli.edges.profile.tables.routes import RouteTable, TemplateTable
from airoute_cli.edges.profile.tables.run import ClassifierTable, ProfileTable, RunTable


class Document(Table):
    """A whole profile."""

    profile: ProfileTable = ProfileTable()
    policy: PolicyTable = PolicyTable()
    run: RunTable = RunTable()
    providers: dict[str, ProviderTable] = Field(default_factory=dict)
    models: dict[str, ModelTable] = Field(default_factory=dict)
    classifiers: dict[str, ClassifierTable] = Field(default_factory=dict)
    templates: dict[str, TemplateTable] = Field(default_factory=dict)
    routes: tuple[RouteTable, ...] = ()
