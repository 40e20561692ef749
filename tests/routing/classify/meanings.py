"""An embedder without weights."""

from __future__ import annotations

import math
from collections.abc import Sequence


class Meanings:
    """Embeds by the first of its words that a text has; ``asked`` are the texts, in order."""

    def __init__(self, *, digest: str = "d0", **words: int) -> None:
        self.digest = digest
        self.asked: list[str] = []
        self._words = words

    def __call__(self, text: str) -> Sequence[float]:
        self.asked.append(text)
        place = next((at for word, at in self._words.items() if word in text), None)
        plain = [1.0 if at == place else 0.1 for at in range(max(self._words.values()) + 1)]
        length = math.hypot(*plain)
        return [value / length for value in plain]
