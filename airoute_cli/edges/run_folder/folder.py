"""The folder of one run: its logs, its lock and its derived files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from airoute_cli.core.errors import RunError, UsageError
from airoute_cli.edges.run_folder.append_log import AppendLog
from airoute_cli.edges.run_folder.atomic import SUFFIX, replaced
from airoute_cli.edges.run_folder.audit_log import AuditLog
from airoute_cli.edges.run_folder.disk_errors import reason
from airoute_cli.edges.run_folder.lock import NAME as LOCK
from airoute_cli.edges.run_folder.lock import FolderLock

MANIFEST = "run.json"
RESULTS = "results.jsonl"
JOURNAL = "journal.jsonl"
AUDIT = "audit.jsonl"
# What a run has made before its first row: a kill by then must not make the folder unusable.
_BEGINNINGS = frozenset({LOCK, "profile.json"})
_LOGS = frozenset({RESULTS, JOURNAL, AUDIT})


class RunFiles:
    """The files of a run, only to be read: by anybody, also while it runs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: Path) -> RunFiles:
        """The files in a folder. Raises UsageError if there is no run in it."""
        try:
            found = (path / MANIFEST).is_file()
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {reason(error)}") from None
        if not found:
            raise UsageError(f"there is no run in {path}: it holds no {MANIFEST}")
        return cls(path)

    def read_manifest(self) -> dict[str, Any]:
        """run.json; {} before it is written for the first time."""
        if not (self.path / MANIFEST).exists():
            return {}
        told = self.read_json(MANIFEST)
        return told if isinstance(told, dict) else {}

    def read_json(self, name: str) -> Any:
        """A JSON file of the folder. Raises RunError if it is missing or damaged."""
        path = self.path / name
        try:
            return orjson.loads(path.read_bytes())
        except FileNotFoundError:
            raise RunError(
                f"{path} is missing, without which the run can neither go on nor be checked"
            ) from None
        except orjson.JSONDecodeError as error:
            raise RunError(
                f"{path} is damaged at line {error.lineno}: {error.msg}; without it the run can "
                "neither go on nor be checked"
            ) from None
        except OSError as error:
            raise RunError(f"cannot read {path}: {reason(error)}") from None


class RunFolder(RunFiles):
    """An open, locked run folder. Made by ``create`` and ``resume``; close it, or use ``with``.

    ``taken_over_from`` is the pid of an earlier process that died in this folder, if one did.
    """

    def __init__(self, path: Path, lock: FolderLock) -> None:
        super().__init__(path)
        self.taken_over_from = lock.taken_over_from
        with ExitStack() as opened:
            opened.callback(lock.release)
            self.results = self._open(RESULTS, opened)
            self.journal = self._open(JOURNAL, opened)
            self.audit = AuditLog(self.path / AUDIT)
            opened.callback(self.audit.close)
            self._opened = opened.pop_all()

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """A folder for a new run: made with mode 0700, or empty.

        Raises UsageError if it holds something or cannot be made, RunError if it is in use.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700, exist_ok=True)
            _refuse_used(path)
            path.chmod(0o700)  # an empty one that was there already
            lock = FolderLock(path)
        except OSError as error:
            raise UsageError(_unusable(path, error)) from None
        try:
            _refuse_used(path)  # again, now that nobody else can be in it
        except UsageError:
            lock.release()
            raise
        return cls(path, lock)

    @classmethod
    def resume(cls, path: Path) -> RunFolder:
        """The folder of an earlier run.

        Raises UsageError if there is no run in it, RunError if it is in use.
        """
        try:
            found = (path / MANIFEST).is_file()
        except OSError as error:
            raise UsageError(_unusable(path, error)) from None
        if not found:
            raise UsageError(
                f"there is no run to go on with in {path}: it holds no {MANIFEST}; "
                "leave --resume out to start one"
            )
        return cls(path, FolderLock(path))

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Write run.json anew, atomically."""
        self.write_json(MANIFEST, manifest)

    def write_json(self, name: str, content: Any) -> None:
        """Write a JSON file for people and machines, atomically."""
        data = orjson.dumps(content, default=_plain, option=_JSON)
        with replaced(self.path / name) as file:
            file.write(data)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, atomically."""
        with replaced(self.path / name) as file:
            file.write(text.encode())

    def flush(self) -> None:
        """Write what waits for it: what was done, and then what came of it. Raises RunError."""
        for log in (self.audit, self.results):
            log.flush()

    def sync_all(self) -> None:
        """Bring the logs safely to the disk: intents first, then what came of them."""
        for log in (self.audit, self.results, self.journal):
            log.sync()

    def close(self) -> None:
        """Close the logs and let go of the folder; it may be called twice."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self, name: str, opened: ExitStack) -> AppendLog:
        log = AppendLog(self.path / name)
        opened.callback(log.close)
        return log


_JSON = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def _plain(value: Any) -> Any:
    """What JSON has no word for: read-only tables as objects, exact decimals as text."""
    return dict(value) if isinstance(value, Mapping) else str(value)


def _refuse_used(path: Path) -> None:
    if any(not _is_beginning(entry) for entry in path.iterdir()):
        raise UsageError(
            f"{path} is not empty; add --resume to go on with it, or choose another folder"
        )


def _is_beginning(entry: Path) -> bool:
    if entry.name in _LOGS:
        return entry.stat().st_size == 0
    return entry.name in _BEGINNINGS or (entry.name[0] == "." and entry.name.endswith(SUFFIX))


def _unusable(path: Path, error: OSError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename or path} is a file, not a folder; choose another folder with -o"
    return f"cannot use {path} as a run folder: {reason(error)}; choose another one with -o"
