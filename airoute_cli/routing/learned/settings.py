"""How learned routing is trained: chosen once, and written into every file that it makes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers of the method.

    ``words``, ``letters`` and ``structure`` weigh the three blocks of features (as variances);
    ``cut`` bounds a structural feature in standard deviations; ``penalty`` is the ridge's.
    ``prior_rows`` are numbers of labels at which what was learned counts as much as the plain
    length of the prompt, the most cautious first; a later one is taken where it ranks better by
    more than ``margin`` (as APGR). ``folds`` and ``seed`` make the out-of-fold scores.
    """

    words: float = 1.0
    letters: float = 0.5
    structure: float = 0.015
    cut: float = 3.0
    penalty: float = 8.0
    prior_rows: tuple[int, ...] = (400, 100, 0)
    margin: float = 0.01
    folds: int = 5
    seed: int = 0
    resamples: int = 1_000


SETTINGS = Settings()
