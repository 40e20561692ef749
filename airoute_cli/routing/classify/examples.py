"""``kind = "examples"``: the label of the labelled prompts that a prompt is most like.

A linear support vector machine on what texts are known by (``signs``). Needs numpy, which is loaded
with the first prompt that is classified.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from airoute_cli.core.profile import Classifier

if TYPE_CHECKING:
    from airoute_cli.routing.classify.fitted import Fitted, Label


class ExampleClassifier:
    """Learns from the examples of one classifier when the first prompt comes."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def label(self, text: str) -> Label:
        """The label of ``text``; the classifier's default where it is not sure enough."""
        from airoute_cli.routing.classify.fitted import Label

        found = self._fitted.nearest(text)
        if found is None or found.confidence < self._classifier.min_confidence:
            return Label(self._classifier.default, found.confidence if found else 0.0)
        return found

    @cached_property
    def _fitted(self) -> Fitted:
        from airoute_cli.routing.classify.fitted import fit

        return fit(self._classifier.examples)
