"""Python's collector of cycles, told to look around less."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Rows are many small objects that live for a while and go without cycles: looking through them
# every 700 allocations finds nothing, and takes a quarter of a run's time.
_COLLECT_AFTER = (100_000, 50, 100)


@contextmanager
def few_collections() -> Iterator[None]:
    """A block that makes many objects. What was there before is not looked through at all."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def no_last_collection() -> None:
    """Let the process end without the interpreter's last look for cycles.

    It would go through all that was imported, which takes a tenth of the time of a short command,
    to free what ends with the process. What has to be written is closed by who opened it.
    """
    gc.freeze()
