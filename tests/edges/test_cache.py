from __future__ import annotations

import os
from pathlib import Path

from airoute_cli.edges.cache import MOST_FILES, CacheFolder


def folder_of(home: Path) -> Path:
    return home / ".cache" / "airoute" / "things"


def test_what_was_put_is_there_for_its_user_alone(home: Path):
    CacheFolder("things").put("one", b"content")
    assert CacheFolder("things").take("one") == b"content"
    assert CacheFolder("others").take("one") is None
    assert (folder_of(home) / "one").stat().st_mode & 0o777 == 0o600
    assert folder_of(home).stat().st_mode & 0o777 == 0o700


def test_the_oldest_files_go(home: Path):
    cache = CacheFolder("things")
    for number in range(MOST_FILES + 3):
        cache.put(str(number), b"")
        os.utime(folder_of(home) / str(number), (number, number))
    cache.put("last", b"")
    kept = {path.name for path in folder_of(home).iterdir()}
    assert kept == {"last", *map(str, range(4, MOST_FILES + 3))}


def test_a_disk_that_takes_nothing_is_no_trouble(home: Path):
    (home / ".cache").write_bytes(b"a file where the folder should be")
    CacheFolder("things").put("one", b"content")
    assert CacheFolder("things").take("one") is None
