"""``vote``: the answer that most of them gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from airoute_cli.routing.combine.base import Combined
from airoute_cli.routing.combine.reading import key_of


def combine(texts: Sequence[str], field: str | None) -> Combined | None:
    """The first of the answers that most agree on; of equal votes, the one that came first."""
    keys = [key_of(text, field) for text in texts]
    votes = Counter(key for key in keys if key is not None)
    if not votes:
        return None
    winner, agreeing = votes.most_common(1)[0]
    return Combined(keys.index(winner), f"{agreeing} of {len(texts)} agree", agreeing)
