"""The one place where the profile's loader, the strategies and the prices come together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from airoute_cli.core.money import FREE_RATES, Price
from airoute_cli.core.profile import Profile
from airoute_cli.core.settings import NOTHING
from airoute_cli.edges.catalogue import services
from airoute_cli.edges.price_notes import noted_prices
from airoute_cli.edges.prices import CatalogueEntry
from airoute_cli.edges.profile.apis import Apis
from airoute_cli.edges.profile.files import OpenFile
from airoute_cli.edges.profile.load import find_profile, load_profile, profile_from_document
from airoute_cli.edges.profile.strategies import Strategies
from airoute_cli.edges.profile.templates import Templating, TextFault
from airoute_cli.providers.registry import format_names, format_spec
from airoute_cli.routing.output.json_schema import schema_problem
from airoute_cli.routing.strategies import OPTIONS, STRATEGIES
from airoute_cli.routing.tasks import TASKS
from airoute_cli.routing.templates import faults


def open_profile(explicit: Path | None, environ: Mapping[str, str]) -> Profile:
    """The profile to work with: the one named, or the one found.

    Raises ProfileError with everything that is wrong, or with the command that writes one.
    """
    path = find_profile(explicit, environ, Path.cwd())
    with noted_prices() as find_price:
        return load_profile(
            path,
            strategies=strategies(),
            apis=apis(),
            templating=templating(),
            schema_problem=schema_problem,
            embedding_problem=_missing_embedder,
            find_price=find_price,
        )


def open_untrained(explicit: Path | None, environ: Mapping[str, str]) -> Profile:
    """As ``open_profile``, for what makes the files that the profile names: none of them is read.

    Nothing can be planned with it.
    """
    path = find_profile(explicit, environ, Path.cwd())
    with noted_prices() as find_price:
        return load_profile(
            path, strategies=Strategies(OPTIONS), apis=apis(), find_price=find_price
        )


def reopen_profile(
    document: Mapping[str, Any], path: str, files: Mapping[str, Any] = NOTHING
) -> Profile:
    """The profile of a document that a run folder kept, with its files. Raises ProfileError.

    Nothing is looked up: the caller has kept the catalogue's prices and windows, and puts them in.
    """
    return profile_from_document(
        document,
        path,
        strategies=strategies(),
        apis=apis(),
        files=files,
        find_price=_kept_elsewhere,
    )


def _kept_elsewhere(
    provider_hint: str,  # noqa: ARG001 - the shape of FindPrice
    model_ref: str,  # noqa: ARG001
    base_url: str | None = None,  # noqa: ARG001
) -> CatalogueEntry:
    return CatalogueEntry(Price(FREE_RATES, "kept with the run"))


def profile_reference() -> str:
    """The page that lists every key, in Markdown."""
    from airoute_cli.edges.profile.reference import reference

    formats = {name: spec.options for name in format_names() if (spec := format_spec(name))}
    return reference(OPTIONS, formats)


def strategies() -> Strategies:
    """All strategies, as the loader wants them."""
    return Strategies(OPTIONS, _problem)


def apis() -> Apis:
    """All services and wire formats, as the loader wants them."""
    return Apis(services(), format_spec)


def templating() -> Templating:
    """How templates are checked, as the loader wants it."""
    return Templating(_text_faults, TASKS)


def _missing_embedder() -> str | None:
    from airoute_cli.edges.embedding import missing_embedder

    return missing_embedder()


def _text_faults(text: str) -> Iterator[TextFault]:
    return (TextFault(*fault) for fault in faults(text))


def _problem(strategy: str, models: Sequence[str], options: Any, open_file: OpenFile) -> str | None:
    try:
        return STRATEGIES[strategy].problem(models, options.bound(open_file))
    except ValueError as error:
        return str(error)
