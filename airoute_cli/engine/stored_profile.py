"""The profile that a run keeps in its folder, so that a resume decides as the first pass did."""

from __future__ import annotations

import platform
from typing import Any

from airoute_cli import __version__
from airoute_cli.core.money import Price
from airoute_cli.core.profile import Profile
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine.open_profile import reopen_profile

NAME = "profile.json"


def keep_profile(folder: RunFolder, profile: Profile) -> None:
    """Write the profile as resolved, with its prices and the versions that read it."""
    folder.write_json(
        NAME,
        {
            "name": profile.name,
            "path": profile.path,
            "digest": profile.digest,
            "document": profile.document,
            "prices": {name: _price(model.price) for name, model in profile.models.items()},
            "versions": {"airoute": __version__, "python": platform.python_version()},
        },
    )


def stored_profile(folder: RunFolder) -> Profile:
    """The profile that the run began with."""
    kept = folder.read_json(NAME)
    return reopen_profile(kept["document"], kept["path"])


def _price(price: Price | None) -> dict[str, Any] | None:
    if price is None:
        return None
    rates = price.rates
    return {
        "input": str(rates.input),
        "output": str(rates.output),
        "cached_input": None if rates.cached_input is None else str(rates.cached_input),
        "cache_write": None if rates.cache_write is None else str(rates.cache_write),
        "reasoning": None if rates.reasoning is None else str(rates.reasoning),
        "source": price.source,
        "as_of": price.as_of.isoformat() if price.as_of else None,
    }
