"""What the disk says, as sentences for the user."""

from __future__ import annotations

import errno
from pathlib import Path

from airoute_cli.core.errors import RunError

_SAVED = "everything finished so far is saved"
_FULL = f"{_SAVED}; free some space and run again with --resume"
_SENTENCES = {
    errno.ENOSPC: ("disk full while writing", _FULL),
    errno.EDQUOT: ("disk quota used up while writing", _FULL),
    errno.EFBIG: (
        "the file grew past the size limit set here (ulimit -f) while writing",
        f"{_SAVED}; raise the limit and run again with --resume",
    ),
}


def writing_failed(path: Path, error: OSError) -> RunError:
    """The error for a file that could not be written."""
    if error.errno in _SENTENCES:
        what, remedy = _SENTENCES[error.errno]
        return RunError(f"{what} {path}; {remedy}")
    return RunError(
        f"cannot write {path}: {reason(error)}; {_SAVED}; "
        "mend the disk or the folder and run again with --resume"
    )


def reason(error: OSError) -> str:
    """The system's own words for an error."""
    return error.strerror or str(error)
