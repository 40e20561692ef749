"""The weights that tests of embeddings run on: found on this machine, or fetched."""

from __future__ import annotations

import fcntl
import importlib.util
from pathlib import Path

import platformdirs
import pytest

from airoute_cli.core.errors import SetupError
from airoute_cli.edges import paths
from airoute_cli.edges.embedding import PACKAGES
from airoute_cli.edges.weights import MINILM, locate
from airoute_cli.edges.weights_pull import pull

# Asked at import, before any test moves HOME.
_USERS_DATA = platformdirs.user_data_path(paths.APP)
_CACHE = platformdirs.user_cache_path("airoute-tests")


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """A data folder with the weights: the user's own, or one that is filled once and kept."""
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        pytest.skip(f"there is no {missing[0]} here: pip install 'airoute[embed]'")
    for folder in (_USERS_DATA, _CACHE):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(paths, "data_folder", lambda folder=folder: folder)
            if locate(MINILM):
                return folder
    return _fetched()


def _fetched() -> Path:
    _CACHE.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, (_CACHE / "lock").open("w") as lock:
        patch.setattr(paths, "data_folder", lambda: _CACHE)
        fcntl.flock(lock, fcntl.LOCK_EX)  # parallel test workers fetch once
        try:
            pull(MINILM.aliases[0], report=print)
        except SetupError as error:
            pytest.skip(f"the weights of MiniLM cannot be fetched: {error}")
    return _CACHE


@pytest.fixture
def minilm(minilm_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of this test has the weights; gives that folder."""
    monkeypatch.setattr(paths, "data_folder", lambda: minilm_folder)
    return minilm_folder
