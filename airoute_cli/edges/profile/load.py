"""Finds, reads and loads the profile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from airoute_cli.core.errors import Problem, ProfileError
from airoute_cli.core.profile import DEFAULT_NAME, Profile
from airoute_cli.core.settings import NOTHING
from airoute_cli.edges.paths import config_folder
from airoute_cli.edges.prices import FindPrice, find
from airoute_cli.edges.profile.apis import Apis
from airoute_cli.edges.profile.classifiers import (
    EmbeddingProblem,
    check_features,
    no_embedding_problem,
    resolve_classifier,
)
from airoute_cli.edges.profile.files import Files, KeptFiles, NamedFiles
from airoute_cli.edges.profile.lines import Lines
from airoute_cli.edges.profile.parse import parse_toml
from airoute_cli.edges.profile.problems import Problems
from airoute_cli.edges.profile.resolve import (
    SchemaProblem,
    no_problem,
    policy_settings,
    resolve_models,
    resolve_providers,
    resolve_routes,
    resolve_run,
    resolve_templates,
)
from airoute_cli.edges.profile.strategies import Strategies
from airoute_cli.edges.profile.templates import (
    UNCHECKED,
    Templating,
    check_templates,
)
from airoute_cli.edges.profile.validate import Validated, validate

FILE_NAME = "airoute.toml"
VARIABLE = "AIROUTE_PROFILE"


def find_profile(explicit: Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """The file to read: the one named, else $AIROUTE_PROFILE, ./airoute.toml, the user's own.

    Raises ProfileError where there is none.
    """
    if explicit is not None:
        return _existing(cwd / explicit, "it was named on the command line.")
    if named := environ.get(VARIABLE):
        return _existing(cwd / Path(named).expanduser(), f"it was named by ${VARIABLE}.")
    places = (cwd / FILE_NAME, user_profile())
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        message = f"there is no profile here, and none at {places[1]}."
        remedy = "`airoute profile init` writes one that works without a key."
        raise _error(places[0], message, remedy)
    return found


def user_profile() -> Path:
    """Where the user's own profile stands, in the config folder."""
    return config_folder() / FILE_NAME


def _existing(path: Path, why: str) -> Path:
    if path.is_file():
        return path
    what = "this is a folder" if path.is_dir() else "there is no such file"
    remedy = "`airoute profile init --path FILE` writes a new one."
    raise _error(path, f"{what}; {why}", remedy)


def _error(path: Path, message: str, remedy: str) -> ProfileError:
    return ProfileError((Problem(str(path), None, "", message, remedy),))


def load_profile(
    path: Path,
    *,
    strategies: Strategies,
    apis: Apis,
    templating: Templating = UNCHECKED,
    schema_problem: SchemaProblem = no_problem,
    embedding_problem: EmbeddingProblem = no_embedding_problem,
    find_price: FindPrice = find,
) -> Profile:
    """The profile of a TOML file. Raises ProfileError with every problem that is in the file."""
    text = _read(path)
    document, lines = parse_toml(text, str(path)), Lines(text)
    problems = Problems(str(path), lines)
    files = NamedFiles(path.parent)
    check_templates(document, files, templating, problems)
    check_features(document, embedding_problem, problems)
    given = _Given(document, str(path), problems, files, schema_problem)
    return _load(given, strategies, apis, find_price)


def profile_from_document(
    document: Mapping[str, Any],
    path: str,
    *,
    strategies: Strategies,
    apis: Apis,
    files: Mapping[str, Any] = NOTHING,
    find_price: FindPrice = find,
) -> Profile:
    """The profile of a ``Profile.document`` that was stored, with the same digest.

    ``files`` are its ``Profile.files``; ``find_price`` is how the prices of back then can be
    given. Raises ProfileError.
    """
    given = _Given(document, path, Problems(path), KeptFiles(files))
    return _load(given, strategies, apis, find_price)


class _Given(NamedTuple):
    document: Mapping[str, Any]
    path: str
    problems: Problems
    files: Files
    schema_problem: SchemaProblem = no_problem


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise _error(path, "this is not UTF-8 text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise _error(path, f"it cannot be read: {error.strerror}.", "") from None


def _load(given: _Given, strategies: Strategies, apis: Apis, find_price: FindPrice) -> Profile:
    problems = given.problems
    strategies = replace(strategies, open_file=given.files.open)
    validated = validate(given.document, strategies, apis, problems)
    profile = _resolve(validated, given, find_price, problems)
    problems.raise_if_any()
    return profile


def _resolve(
    validated: Validated, given: _Given, find_price: FindPrice, problems: Problems
) -> Profile:
    providers = resolve_providers(validated, problems)
    tables = validated.tables
    return Profile(
        name=tables.profile.name if tables.profile else DEFAULT_NAME,
        path=given.path,
        providers=providers,
        models=resolve_models(validated, providers, find_price, problems),
        routes=resolve_routes(validated, given.files, given.schema_problem, problems),
        run=resolve_run(tables.run),
        templates=resolve_templates(validated, given.files),
        document=given.document,
        classifier=resolve_classifier(tables, given.files.open, problems),
        files=MappingProxyType(given.files.read),
        digest=digest(given.document, given.files.read),
        **policy_settings(tables.policy),
    )


def digest(document: Mapping[str, Any], files: Mapping[str, Any] = NOTHING) -> str:
    """32 hex digits that are the same for the same keys and values, in whatever order.

    ``files`` are what stands in the files that the document names, if it names any.
    """
    told = [document, files] if files else document
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
