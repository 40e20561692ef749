"""The profiles that a run keeps in its folder, so that a resume decides as the passes before did.

profile.json holds the profile in force, with the prices and windows that were found for it and the
first pass that it held for, and under ``earlier`` the ones before it, oldest first.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import orjson

from airoute_cli import __version__
from airoute_cli.core.errors import ProfileError, RunError
from airoute_cli.core.money import Price, Rates
from airoute_cli.core.profile import Model, Profile
from airoute_cli.core.settings import NOTHING
from airoute_cli.edges.run_folder.folder import RunFiles, RunFolder
from airoute_cli.engine.open_profile import reopen_profile

NAME = "profile.json"


@dataclass(frozen=True, slots=True)
class Superseded:
    """A profile that another one took the place of; ``last_pass`` is the last that it held for."""

    profile: Profile
    last_pass: int
    facts: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ProfileChain:
    """The profile in force and all before it, oldest first.

    ``facts`` is the digest of all that is kept of it: the document, the prices, the versions.
    """

    profile: Profile
    earlier: tuple[Superseded, ...] = ()
    facts: str = field(default="", compare=False)

    def at(self, pass_number: int) -> ProfileChain:
        """The chain as it stood in a pass."""
        for place, one in enumerate(self.earlier):
            if pass_number <= one.last_pass:
                return ProfileChain(one.profile, self.earlier[:place], one.facts)
        return self


def keep_profile(folder: RunFolder, profile: Profile) -> ProfileChain:
    """Store the profile that a run begins with."""
    folder.write_json(NAME, _told(profile, from_pass=1) | {"earlier": []})
    return ProfileChain(profile, facts=_facts(folder.read_json(NAME)))


def accept_profile(folder: RunFolder, profile: Profile) -> ProfileChain:
    """Let the run go on with another profile; the ones before are kept behind it."""
    chain = stored_profile(folder)
    if chain.profile.digest == profile.digest:
        return chain
    kept = folder.read_json(NAME)
    earlier = [*kept.pop("earlier"), kept]
    last_pass = folder.read_manifest().get("passes", 0)
    folder.write_json(NAME, _told(profile, from_pass=last_pass + 1) | {"earlier": earlier})
    before = Superseded(chain.profile, last_pass, chain.facts)
    return ProfileChain(profile, (*chain.earlier, before), _facts(folder.read_json(NAME)))


def stored_profile(folder: RunFiles) -> ProfileChain:
    """The profile in force with the prices that were found back then, and those before it."""
    kept = folder.read_json(NAME)
    try:
        chain = [*kept["earlier"], kept]
        *earlier, profile = [_profile(one) for one in chain]
        ends = [after["from_pass"] - 1 for _, after in pairwise(chain)]
        facts = [_facts(one) for one in chain]
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise RunError(
            f"{folder.path / NAME} is damaged ({type(error).__name__}: {error}), and without it "
            "the run can neither go on nor be checked"
        ) from None
    except ProfileError as error:
        raise RunError(
            f"{folder.path / NAME} cannot be used any more, and without it the run can neither go "
            f"on nor be checked: {error}"
        ) from None
    return ProfileChain(profile, tuple(map(Superseded, earlier, ends, facts)), facts[-1])


def _facts(kept: Mapping[str, Any]) -> str:
    """The digest of what is kept of one profile, as it was read back."""
    own = {key: value for key, value in kept.items() if key != "earlier"}
    return sha256(orjson.dumps(own, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _told(profile: Profile, *, from_pass: int) -> dict[str, Any]:
    return {
        "name": profile.name,
        "path": profile.path,
        "digest": profile.digest,
        "from_pass": from_pass,
        "document": profile.document,
        "files": dict(profile.files),
        "models": {name: _model(model) for name, model in profile.models.items()},
        "versions": {"airoute": __version__, "python": platform.python_version()},
    }


def _profile(kept: Mapping[str, Any]) -> Profile:
    profile = reopen_profile(kept["document"], kept["path"], kept.get("files", NOTHING))
    opened = profile.models.items()
    found = {name: _with_facts(model, kept["models"][name]) for name, model in opened}
    return replace(profile, models=MappingProxyType(found))


def _model(model: Model) -> dict[str, Any]:
    """What the catalogue may tell otherwise tomorrow."""
    price = model.price
    return {
        "context_window": model.context_window,
        "price": None
        if price is None
        else {
            **_rates(price.rates),
            "source": price.source,
            "as_of": price.as_of.isoformat() if price.as_of else None,
            "tiers": [{"above": bound, **_rates(rates)} for bound, rates in price.tiers],
        },
    }


def _with_facts(model: Model, kept: Mapping[str, Any]) -> Model:
    return replace(model, context_window=kept["context_window"], price=_price(kept["price"]))


def _price(kept: Mapping[str, Any] | None) -> Price | None:
    if kept is None:
        return None
    return Price(
        rates=_read_rates(kept),
        source=kept["source"],
        as_of=date.fromisoformat(kept["as_of"]) if kept["as_of"] else None,
        tiers=tuple((tier["above"], _read_rates(tier)) for tier in kept["tiers"]),
    )


_RATES = tuple(one.name for one in fields(Rates))


def _rates(rates: Rates) -> dict[str, str | None]:
    """Exact: as text, which JSON's numbers would not be."""
    each = ((name, getattr(rates, name)) for name in _RATES)
    return {name: None if rate is None else str(rate) for name, rate in each}


def _read_rates(kept: Mapping[str, Any]) -> Rates:
    rates: dict[str, Any] = {name: _decimal(kept[name]) for name in _RATES}
    return Rates(**rates)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
