"""``kind = "examples"``: the label of the labelled prompts that a prompt is most like.

A linear support vector machine on what texts are known by: their words and letters (``signs``), and
where the profile wants it their embedding. Needs numpy, which is loaded with the first prompt that
is classified.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from airoute_cli.core.profile import Classifier
from airoute_cli.routing.learned.ngrams import window

if TYPE_CHECKING:
    from airoute_cli.routing.classify.fitted import Fitted, Label

# Learning from more of them takes more than about a second, and what was learned is kept.
MANY_BY_WORDS = 3_000
MANY_BY_EMBEDDINGS = 200
# A row is planned more than once, and prompts come again.
_KEPT_LABELS = 4_096


class ExampleClassifier:
    """Learns from the examples of one classifier when the first prompt comes."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._known = lru_cache(_KEPT_LABELS)(self._found)

    def label(self, text: str) -> Label:
        """The label of ``text``; the classifier's default where it is not sure enough."""
        return self._known(window(text))

    def _found(self, text: str) -> Label:
        from airoute_cli.routing.classify.fitted import Label

        found = self._fitted.nearest(text)
        if found is None or found.confidence < self._classifier.min_confidence:
            return Label(self._classifier.default, found.confidence if found else 0.0)
        return found

    @cached_property
    def _fitted(self) -> Fitted:
        from airoute_cli.routing.classify.fitted import fit
        from airoute_cli.routing.classify.keeping import as_bytes, from_bytes, name_of

        classifier = self._classifier
        many = MANY_BY_EMBEDDINGS if classifier.embedder else MANY_BY_WORDS
        shelf = classifier.shelf if len(classifier.examples) > many else None
        if shelf is None:
            return fit(classifier.examples, classifier.embedder)
        name = name_of(classifier)
        content = shelf.take(name)
        kept = None if content is None else from_bytes(content, classifier)
        if kept is None:
            kept = fit(classifier.examples, classifier.embedder)
            shelf.put(name, as_bytes(kept))
        return kept
