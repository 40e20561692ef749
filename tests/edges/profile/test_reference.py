from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from pydantic import BaseModel

from airoute_cli.edges.profile import tables
from airoute_cli.edges.profile.tables.base import Table
from airoute_cli.engine.open_profile import profile_reference

PAGE = Path(__file__).parents[3] / "docs" / "profile.md"


def test_the_page_in_docs_is_the_one_that_the_command_prints():
    assert PAGE.read_text("utf-8") == profile_reference(), (
        "write it anew: airoute profile keys > docs/profile.md"
    )


MODULES = [
    importlib.import_module(f"{tables.__name__}.{found.name}")
    for found in pkgutil.iter_modules(tables.__path__)
]
TABLES = dict.fromkeys(
    model
    for module in MODULES
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, Table) and model.model_fields
)


@pytest.mark.parametrize("model", TABLES)
def test_every_key_has_a_meaning_and_stands_on_the_page(model: type[BaseModel]):
    page = profile_reference()
    for name, field in model.model_fields.items():
        assert field.description
        assert f"| `{field.alias or name}` |" in page
        assert " ".join(field.description.split()) in page


@pytest.mark.parametrize(
    "row",
    [
        "| `api` | string | required |",
        "| `timeout` | number | `300` |",
        "| `models` | string or list of strings | required |",
        '| `price` | table or `"free"` |  |',
        '| `unknown_price` | `"refuse"` or `"allow"` | `refuse` |',
        "| `not` | table |  |",
    ],
)
def test_types_and_defaults_are_told(row: str):
    assert row in profile_reference()
