"""The classifier that the profile names, with all its examples."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airoute_cli.core.label import ModelClassifier
from airoute_cli.core.profile import Classifier
from airoute_cli.edges.profile.files import LINES, OpenFile
from airoute_cli.edges.profile.problems import Problems, nearest

if TYPE_CHECKING:
    from airoute_cli.edges.profile.tables.conditions import WhenTable
    from airoute_cli.edges.profile.tables.document import Document
    from airoute_cli.edges.profile.tables.run import ClassifierTable

# Examples times labels: to learn from so many takes about 40 seconds and 300 MB.
MOST_TARGETS = 5_000_000
# The keys that every kind has, and those of a model alone; all others are those of examples.
_OF_ALL = frozenset({"kind", "min_confidence", "default"})
_OF_MODEL = frozenset({"model", "labels", "instructions", "confidence"})


EMBEDDINGS = "embeddings"
# Why texts cannot be embedded here, None where they can.
EmbeddingProblem = Callable[[], str | None]


def no_embedding_problem() -> None:
    """For profiles by which nothing is classified again: what was found out stands beside them."""


def check_features(
    document: Mapping[str, Any], embedding_problem: EmbeddingProblem, problems: Problems
) -> None:
    """Note where the classifier of the profile goes by embeddings, and this machine has none."""
    for name, table in _tables(document, "classifiers").items():
        used = _tables(document, "profile").get("classifier") == name
        by_meaning = isinstance(table, Mapping) and table.get("features") == EMBEDDINGS
        if used and by_meaning and (said := embedding_problem()):
            problems.add(("classifiers", name, "features"), said)


def _tables(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}


def resolve_classifier(
    tables: Document, open_file: OpenFile, problems: Problems
) -> Classifier | ModelClassifier | None:
    """The one of ``[profile] classifier``, None without it.

    What is wrong with any of them is noted.
    """
    found: dict[str, Classifier | ModelClassifier | None] = {}
    for name, table in tables.classifiers.items():
        _refuse_foreign(name, table, problems)
        if table.kind == "model":
            found[name] = _by_model(name, table, tables.models, problems)
        else:
            found[name] = _classifier(name, table, open_file, problems)
    wanted = tables.profile.classifier if tables.profile else None
    if wanted is None:
        return None
    if wanted not in found:
        message = f'there is no classifier "{wanted}".'
        problems.add(("profile", "classifier"), message, nearest(wanted, found))
        return None
    _refuse_in_rules(tables, problems, _WRONG[tables.classifiers[wanted].kind])
    return found[wanted]


def _refuse_foreign(name: str, table: ClassifierTable, problems: Problems) -> None:
    """A key that the kind has no use for would be a wish that nobody hears."""
    by_model = table.kind == "model"
    for key in sorted(table.model_fields_set - _OF_ALL):
        if (key in _OF_MODEL) is not by_model:
            other = "examples" if by_model else "model"
            message = f'belongs to kind = "{other}", and this one has kind = "{table.kind}".'
            problems.add(("classifiers", name, key), message, "Remove it, or change the kind.")


def _by_model(
    name: str, table: ClassifierTable, models: Collection[str], problems: Problems
) -> ModelClassifier | None:
    at = ("classifiers", name)
    if table.model is None:
        message = 'is missing, and kind = "model" asks one.'
        problems.add((*at, "model"), message, f"Name one of [models]. {nearest('', models)}")
        return None
    if table.model not in models:
        message = f'there is no model "{table.model}".'
        problems.add((*at, "model"), message, nearest(table.model, models))
        return None
    folded = [label.casefold() for label in table.labels]
    if len({*folded, table.default.casefold()}) < len({*table.labels, table.default}):
        message = "two of the labels differ in nothing but upper and lower case."
        problems.add((*at, "labels"), message, "Give each a name of its own.")
        return None
    if table.labels and len({*table.labels, table.default}) < 2:  # noqa: PLR2004 - one from another
        message = "it needs at least two labels."
        problems.add((*at, "labels"), message, 'Write labels = ["refund", "delivery"].')
        return None
    return ModelClassifier(
        name,
        table.model,
        table.default,
        tuple(table.labels.items()),
        table.min_confidence,
        table.confidence,
        table.instructions or "",
    )


_WRONG = {
    "examples": "a rule cannot go by the task of a classifier: a label may be wrong.",
    "model": "a rule cannot go by the task of a classifier: a label made by a model is a profile "
    "error here, as it may choose a route and never stand in a policy.",
}


def _refuse_in_rules(tables: Document, problems: Problems, wrong: str) -> None:
    """Labels choose routes; who may answer is decided by facts."""
    for number, rule in enumerate(tables.policy.rules if tables.policy else ()):
        if rule.when is not None and _reads_task(rule.when):
            problems.add(
                ("policy", "rules", number, "when"),
                wrong,
                "Say it by what stands in the row (contains_any, regex, metadata, detects), or "
                "remove [profile] classifier.",
            )


def _reads_task(when: WhenTable) -> bool:
    inner = (*when.all, *when.any, *([when.not_] if when.not_ else []))
    return bool(when.task) or any(map(_reads_task, inner))


def _classifier(
    name: str, table: ClassifierTable, open_file: OpenFile, problems: Problems
) -> Classifier | None:
    examples = [(text, label) for label, texts in table.examples.items() for text in texts]
    if table.examples_file is not None:
        try:
            examples += _from_file(table.examples_file, open_file)
        except ValueError as error:
            problems.add(("classifiers", name, "examples_file"), str(error))
            return None
    labels = len({label for _, label in examples})
    if labels < 2:  # noqa: PLR2004 - one from another
        message = "it needs examples of at least two labels."
        problems.add(("classifiers", name), message, 'Write examples = { refund = ["…"], … }.')
        return None
    if len(examples) * labels > MOST_TARGETS:
        most = MOST_TARGETS // labels
        message = (
            f"it has {len(examples):,} examples; at most {most:,} of {labels:,} labels can be used."
        )
        problems.add(("classifiers", name), message, "Keep those that differ most.")
        return None
    from airoute_cli.edges.cache import CacheFolder
    from airoute_cli.edges.embedding import MiniLM

    embedder = MiniLM() if table.features == EMBEDDINGS else None
    shelf = CacheFolder("classifiers")
    taught = tuple(examples)
    return Classifier(name, taught, table.default, table.min_confidence, embedder, shelf)


def _from_file(name: str, open_file: OpenFile) -> Iterator[tuple[str, str]]:
    if not name.endswith(LINES):
        raise ValueError(f"{name} does not end in {LINES}.")
    for number, line in enumerate(open_file(name), 1):
        yield _example(line, f"{name}, example {number}")


def _example(line: Any, where: str) -> tuple[str, str]:
    text, label = (line.get(key) if isinstance(line, dict) else None for key in ("text", "label"))
    if not (isinstance(text, str) and text and isinstance(label, str) and label):
        raise ValueError(f'{where} is not {{"text": "…", "label": "…"}}.')
    return text, label
