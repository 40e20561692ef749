"""Where airoute keeps things for a user; asked each time, so that tests can move HOME."""

from __future__ import annotations

from pathlib import Path

import platformdirs

APP = "airoute"


def config_folder() -> Path:
    """The profile of the user."""
    return platformdirs.user_config_path(APP)


def state_folder() -> Path:
    """Live figures, and the folders of runs that write to stdout."""
    return platformdirs.user_state_path(APP)


def data_folder() -> Path:
    """Weights of embedded models."""
    return platformdirs.user_data_path(APP)


def cache_folder() -> Path:
    """What can be found again, and is kept to save time."""
    return platformdirs.user_cache_path(APP)
