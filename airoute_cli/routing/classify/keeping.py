"""What was learned, as bytes: learning again from the same examples would give the same."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from contextlib import suppress

import numpy as np

from airoute_cli.core.profile import Classifier
from airoute_cli.routing.classify.fitted import Fitted

# Another number when the same examples are learned from in another way.
FORMAT = 1


def name_of(classifier: Classifier) -> str:
    """A name that is another for other examples, other weights and another way of learning."""
    by = classifier.embedder.digest if classifier.embedder else None
    told = json.dumps([FORMAT, by, classifier.examples], ensure_ascii=False)
    digest = hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16)
    return f"{digest.hexdigest()}.npz"


def as_bytes(fitted: Fitted) -> bytes:
    """The weights, and the hashes of signs; no text of an example."""
    sink = io.BytesIO()
    np.savez(
        sink,
        signs=np.array(list(fitted.rarity), dtype=np.uint32),
        rarity=np.array(list(fitted.rarity.values()), dtype=np.float64),
        weights=fitted.weights,
    )
    return sink.getvalue()


def from_bytes(content: bytes, classifier: Classifier) -> Fitted | None:
    """None where it is not what ``as_bytes`` gives for the same examples."""
    names = sorted({label for _, label in classifier.examples})
    with suppress(ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            signs, rarity, weights = (file[key] for key in ("signs", "rarity", "weights"))
        size = len(weights) - len(signs) - 1
        fits = weights.shape[1:] == (len(names),) and len(signs) == len(rarity)
        if fits and (size > 0) is (classifier.embedder is not None):
            known = dict(zip(signs.tolist(), rarity.tolist(), strict=True))
            return Fitted(names, known, weights, size, classifier.embedder)
    return None
