"""Names of people and places, by Microsoft Presidio (``pip install 'airoute[pii]'``)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from airoute_cli.core.errors import SetupError
from airoute_cli.routing.scan.finding import Finding

NAME = "pii.name"
PLACE = "pii.place"

LANGUAGE = "en"
SPACY_MODEL = "en_core_web_sm"
_ENTITIES = {NAME: "PERSON", PLACE: "LOCATION"}
_LEAST_SCORE = 0.5


def names(text: str) -> Iterator[Finding]:
    """Every name of a person."""
    return _found(text, NAME)


def places(text: str) -> Iterator[Finding]:
    """Every name of a place."""
    return _found(text, PLACE)


def _found(text: str, kind: str) -> Iterator[Finding]:
    for result in analyzer().analyze(text, language=LANGUAGE, entities=[_ENTITIES[kind]]):
        if result.score >= _LEAST_SCORE:
            yield Finding(kind, result.start, result.end)


@cache
def analyzer() -> Any:
    """Presidio with its small English model. Raises SetupError with the command that mends it."""
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider
    except ImportError:
        raise SetupError(_missing("it is not installed")) from None
    if not spacy.util.is_package(SPACY_MODEL):
        raise SetupError(_missing(f"its language model {SPACY_MODEL} is not installed"))
    models = [{"lang_code": LANGUAGE, "model_name": SPACY_MODEL}]
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    return AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=[LANGUAGE])


def _missing(what: str) -> str:
    return (
        f"A rule asks for {NAME} or {PLACE}, which Presidio finds, and {what}. Run: "
        f"pip install 'airoute[pii]' && python -m spacy download {SPACY_MODEL}"
    )
