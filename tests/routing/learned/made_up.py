"""Graded prompts whose truth is known: proofs need the strong model, small talk does not."""

from __future__ import annotations

import random

import numpy as np

HARD = ["prove", "derive", "lemma", "integral", "theorem", "bound", "converge", "eigenvalue"]
EASY = ["hello", "weather", "colour", "lunch", "cat", "holiday", "music", "thanks"]
FILLER = [
    "about",
    "the",
    "of",
    "my",
    "with",
    "some",
    "and",
    "a",
    "for",
    "that",
    "this",
    "today",
    "please",
    "tell",
    "me",
]


def graded(count: int, seed: int = 0, noise: float = 0.1):
    """Prompts, weak and strong quality; ``noise`` is the share of labels drawn by lot."""
    draw = random.Random(seed)
    prompts, weak, strong = [], [], []
    for _ in range(count):
        hard = draw.random() < 0.5
        words = draw.sample(HARD if hard else EASY, 3) + draw.choices(FILLER, k=draw.randint(4, 30))
        draw.shuffle(words)
        prompts.append(" ".join(words))
        lot = draw.random() < noise
        weak.append(float(draw.random() < 0.5 if lot else not hard))
        strong.append(float(draw.random() > noise / 2))
    return prompts, np.array(weak), np.array(strong)
