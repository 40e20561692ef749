"""Embeddings by MiniLM (ONNX) in this process. Nothing that is embedded leaves the machine.

Reimers and Gurevych, "Sentence-BERT" (EMNLP 2019): the mean of the last layer over the tokens of a
text, of length 1. The model reads 256 tokens and has 384 dimensions.
"""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cached_property
from pathlib import Path
from typing import Any

from airoute_cli.core.errors import SetupError
from airoute_cli.edges.weights import MINILM, Weights, locate, present

PACKAGES = ("onnxruntime", "tokenizers")
MISSING_PACKAGE = "Embeddings need the extra \"embed\": pip install 'airoute[embed]'"


def missing_embedder() -> str | None:
    """Why texts cannot be embedded on this machine, with the command that mends it."""
    if not all(map(importlib.util.find_spec, PACKAGES)):
        return MISSING_PACKAGE
    try:
        present(MINILM)
    except SetupError as error:
        return str(error)
    return None


class MiniLM:
    """Embeds texts, one at a time: in a batch the same text would come out a little different.

    The weights are verified and loaded with the first text, which takes some tenths of a second.
    """

    @property
    def digest(self) -> str:
        """The sha256 of the weights."""
        return MINILM.sha256

    def __call__(self, text: str) -> list[float]:
        """The vector of ``text``, cut after 256 tokens; about 4 ms for a short one.

        Raises SetupError where the extra or the weights are missing, or are other ones.
        """
        import numpy as np

        tokenizer, session = self._loaded
        # JSON may hold half a character, which the tokenizer refuses.
        whole = text.encode("utf-8", "replace").decode("utf-8")
        ids = np.array([tokenizer.encode(whole).ids], dtype=np.int64)
        feeds = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        mean = session.run(None, feeds)[0][0].mean(axis=0)
        vector: list[float] = (mean / np.linalg.norm(mean)).tolist()
        return vector

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        if problem := missing_embedder():
            raise SetupError(problem)
        if MINILM.beside is None:  # pragma: no cover - the catalogue has it
            raise SetupError(f"{MINILM.name} has no tokenizer.")
        return _tokenizer(_verified(MINILM.beside)), _session(_verified(MINILM))


def _verified(weights: Weights) -> Path:
    """Other weights would give other vectors, silently."""
    path = locate(weights) or Path()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != weights.sha256:
        raise SetupError(
            f"{path} is cut off, damaged or another file: its sha256 is not that of "
            f"{weights.name}. Fetch it again: airoute models pull {MINILM.aliases[0]}"
        )
    return path


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(MINILM.context)
    tokenizer.no_padding()
    return tokenizer


def _session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise SetupError(
            f"The package onnxruntime does not load on this machine: {error}. Install it anew: "
            "pip install --force-reinstall onnxruntime"
        ) from None
    # Builds for Windows report to Microsoft by themselves.
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    # Short prompts are no faster on two cores, whose threads would spin.
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=["CPUExecutionProvider"]
    )
