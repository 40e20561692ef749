"""Few-shot task classification: accuracy on CLINC150 with 5, 30 and all 100 examples a label.

    python benchmarks/few_shot.py DATA_FOLDER [embeddings]

DATA_FOLDER holds intent/clinc150_data_full.json.gz of clinc/oos-eval (CC-BY-3.0): lists of
[text, intent] under train and test. The examples are drawn by seeds that were fixed before the
figures were taken; the whole test split is classified. With "embeddings" texts are compared by them
as well, which needs the extra "embed" and `airoute models pull minilm`.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import time
from collections import defaultdict
from pathlib import Path

from airoute_cli.core.embedding import Embedder
from airoute_cli.core.profile import Classifier
from airoute_cli.edges.embedding import MiniLM
from airoute_cli.routing.classify.examples import ExampleClassifier

SEEDS = (0, 1, 2, 3, 4)
SHOTS = (5, 30, 100)


def drawn(train: list[list[str]], shots: int, seed: int) -> tuple[tuple[str, str], ...]:
    """So many examples of each label."""
    by_label: defaultdict[str, list[str]] = defaultdict(list)
    for text, label in train:
        by_label[label].append(text)
    draw = random.Random(seed)
    return tuple(
        (text, label)
        for label, texts in sorted(by_label.items())
        for text in draw.sample(texts, shots)
    )


def measure(
    data: dict[str, list[list[str]]], shots: int, seed: int, embedder: Embedder | None
) -> tuple[float, float, float]:
    """The accuracy, CPU seconds to learn, and CPU milliseconds for a prompt."""
    examples = drawn(data["train"], shots, seed)
    classifier = ExampleClassifier(Classifier("clinc", examples, "other", embedder=embedder))
    start = time.process_time()
    classifier.label("hello")
    learned = time.process_time() - start
    start = time.process_time()
    right = sum(classifier.label(text).name == label for text, label in data["test"])
    spent = time.process_time() - start
    count = len(data["test"])
    return right / count, learned, spent / count * 1e3


def main() -> None:
    """Print one line for each number of examples and seed."""
    match sys.argv[1:]:
        case [folder]:
            embedder = None
        case [folder, "embeddings"]:
            embedder = MiniLM()
        case _:
            sys.exit(__doc__)
    path = Path(folder) / "intent" / "clinc150_data_full.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        data = json.load(file)
    for shots in SHOTS:
        seeds = SEEDS if shots == SHOTS[0] else SEEDS[:1]
        found = [measure(data, shots, seed, embedder) for seed in seeds]
        accuracies = [accuracy for accuracy, _, _ in found]
        mean = sum(accuracies) / len(accuracies)
        print(
            f"{shots:>3} examples a label: {mean:.3f} ({min(accuracies):.3f} to "
            f"{max(accuracies):.3f} over {len(found)} seeds); learned in {found[0][1]:.1f} s, "
            f"{found[0][2]:.2f} ms a prompt"
        )


if __name__ == "__main__":
    main()
