"""The task of a row where a model finds it: who is asked for it, and what came of that."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Self

from airoute_cli.core.frozen import frozen

# How the confidence of a label is known: by the probabilities of its tokens, or as the model says.
Confidence = Literal["logprobs", "stated"]
IN_WORDS: dict[str, str] = {"logprobs": "by its token probabilities", "stated": "as it says itself"}

# Where the calls that find tasks stand in the ledger: a row has no route yet when they are made.
ROUTE = "(classifier)"


@frozen
class ModelClassifier:
    """What has a model find the task of a prompt.

    ``described`` are the labels with what each means ("" where nobody said), in order; without any
    they are the built-in tasks. ``default`` is the label of a row that gets none, and of those that
    the model is not sure enough of. ``confidence`` None: as is best for the model.
    """

    name: str
    model: str
    default: str
    described: tuple[tuple[str, str], ...] = ()
    min_confidence: float = 0.0
    confidence: Confidence | None = None
    instructions: str = ""


@frozen
class Label:
    """The task of a row, and how it was come by.

    ``asked``: the row has a call of its own for it. Before that is made nothing is ``said``, and
    ``task`` is the default. What was said without being asked is known from the same text.
    ``why`` nothing usable was had, or why that does not hold. ``of`` stands for the text and the
    classifier: a keyed digest in hex. ``input_tokens`` is the estimate of what the model is sent.
    """

    task: str
    model: str
    input_tokens: int = 0
    asked: bool = False
    said: str | None = None
    confidence: float | None = None
    by: str = ""
    why: str = ""
    of: str = ""

    @property
    def pending(self) -> bool:
        """Whether the model is still to be asked."""
        return self.asked and self.said is None and not self.why

    def unasked(self, why: str) -> Self:
        """The default instead, as the model is not asked."""
        return replace(self, asked=False, said=None, why=why)

    def known(self) -> Self:
        """The same, for another row with the same text, which needs no call for it."""
        return replace(self, asked=False)

    def __str__(self) -> str:
        if self.pending:
            return f'{self.model} is asked for it first; "{self.task}" is taken for it until then'
        if self.said is None:
            return f"the default, as {self.why}"
        where = "" if self.asked else " of the same text before"
        sure = "with unknown confidence"
        if self.confidence is not None:
            sure = f"with confidence {self.confidence:.2f} {IN_WORDS[self.by]}"
        said = f'{self.model} said "{self.said}"{where}, {sure}'
        return f"the default, as {said}: {self.why}" if self.why else said
