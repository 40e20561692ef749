"""What takes long to make, in the user's cache folder: where it is lost, only time is."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from airoute_cli.core.errors import RunError
from airoute_cli.edges import paths
from airoute_cli.edges.run_folder.atomic import replaced

MOST_FILES = 8


class CacheFolder:
    """A folder in the user's cache, which nobody else reads, with the files that came last."""

    def __init__(self, title: str) -> None:
        self._title = title

    def take(self, name: str) -> bytes | None:
        """The content of a file; None where there is none that can be read."""
        with suppress(OSError):
            return self._path(name).read_bytes()
        return None

    def put(self, name: str, content: bytes) -> None:
        """Keep ``content``, if the disk takes it, and remove the oldest files."""
        with suppress(OSError, RunError):
            path = self._path(name)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replaced(path) as file:
                file.write(content)
            for old in sorted(path.parent.iterdir(), key=_age)[:-MOST_FILES]:
                old.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return paths.cache_folder() / self._title / name


def _age(path: Path) -> float:
    return path.stat().st_mtime
