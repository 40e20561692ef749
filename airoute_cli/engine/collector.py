"""Python's collector of cycles, told to look around less while many rows are under way."""

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
