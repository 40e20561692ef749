"""What the benchmarks stand on: a server, rows, profiles, and a measure of what a command took."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ANSWER = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": "It is on its way."}}],
    "usage": {"prompt_tokens": 70, "completion_tokens": 6, "total_tokens": 76},
}  # fmt: skip
_SENTENCE = (
    "please help with my order it has not come and the number on the page says that the parcel "
    "went to another street so I would like my money back or a new one sent by the end of this "
    "week because the birthday of my daughter is on Friday and nobody answers the phone at your "
    "office in spite of many calls since"
)
WORDS = _SENTENCE.split()

_CONFIG = """
load_module {modules}/ngx_http_echo_module.so;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 100000000; keepalive_timeout 600s;
  default_type application/json;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location /at-once/ {{ return 200 '{answer}'; }}
    location /slow/ {{ echo_sleep {delay}; echo '{answer}'; }}
  }}
}}
"""
_MODULES = ("/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/usr/lib64/nginx/modules")


Command = Sequence[str | Path]


@dataclass(frozen=True)
class Took:
    """What a command and its children took: seconds, and bytes at most at once."""

    cpu: float
    wall: float
    memory: int


def run(command: Command, folder: Path) -> Took:
    """Run a command to its end in ``folder``; stop everything if it fails."""
    started = time.perf_counter()
    with (folder / "stderr").open("w") as told:
        process = subprocess.Popen(
            list(map(str, command)), cwd=folder, env=home(folder),
            stdout=subprocess.DEVNULL, stderr=told,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command}: {process.returncode}\n{(folder / 'stderr').read_text()}")
    wall = time.perf_counter() - started
    return Took(used.ru_utime + used.ru_stime, wall, used.ru_maxrss * 1024)


def each(commands: Sequence[Command], counts: Sequence[int], folder: Path) -> float:
    """Milliseconds of CPU time for one row, by two runs of few and of many rows.

    Start-up is no part of a row: the difference is what the rows of the larger one take.
    """
    few, many = (run(command, folder).cpu for command in commands)
    return (many - few) / (counts[1] - counts[0]) * 1_000


def airoute(*arguments: str | Path) -> Command:
    """The command line of the product."""
    return [sys.executable, "-m", "airoute_cli", *arguments]


def home(folder: Path) -> dict[str, str]:
    """An environment with a home of its own and a key that opens nothing."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
    kinds = ("CONFIG", "STATE", "DATA", "CACHE")
    moved = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in kinds}
    return {**kept, **moved, "HOME": str(folder), "OPENAI_API_KEY": "sk-none"}


@contextlib.contextmanager
def server(folder: Path, delay: float = 0.2) -> Iterator[str]:
    """Run nginx on a free port: ``/at-once`` and ``/slow`` answer any POST with one completion."""
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    modules = next((one for one in _MODULES if Path(one, "ngx_http_echo_module.so").exists()), None)
    if modules is None or not Path(binary).exists():
        raise SystemExit("needs nginx: apt-get install nginx libnginx-mod-http-echo")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    answer = json.dumps(ANSWER)
    config.write_text(
        _CONFIG.format(folder=folder, port=port, answer=answer, delay=delay, modules=modules)
    )
    process = subprocess.Popen([binary, "-e", "stderr", "-c", config, "-g", "daemon off;"])
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)


def write_rows(path: Path, count: int) -> Path:
    """That many rows with prompts of 60 words."""
    dice = random.Random(1)
    with path.open("w") as file:
        for number in range(count):
            prompt = " ".join(dice.choices(WORDS, k=60))
            file.write(json.dumps({"custom_id": f"row-{number}", "prompt": prompt}) + "\n")
    return path


_BUDGETS = """
[policy]
budget = { per_request = 0.5, per_run = 1000.0, per_day = 5000.0 }
"""


def write_profile(
    path: Path, base_url: str, *, rules: int = 50, limit: int = 10**8, budgets: bool = False
) -> Path:
    """A profile with one model, so many rules that do not match, limits and a price."""
    routes = "".join(
        f'[[routes]]\nname = "r{n}"\nmodels = ["m"]\nwhen = {_rule(n)}\n' for n in range(rules)
    )
    path.write_text(
        f"""
[providers.here]
api = "openai"
base_url = "{base_url}/v1"
api_key_env = "OPENAI_API_KEY"
requests_per_minute = {limit}
tokens_per_minute = {limit * 1_000}
[models.m]
provider = "here"
name = "m"
price = {{ input = 0.25, output = 2.0 }}
{routes}
[[routes]]
name = "rest"
models = ["m"]
{_BUDGETS if budgets else ""}"""
    )
    return path


def _rule(number: int) -> str:
    kinds = (
        f'{{ contains_any = ["term{number}", "word{number}"] }}',
        f"{{ regex = 'invoice {number}[0-9]+' }}",
        f'{{ starts_with = ["Subject {number}:"] }}',
        f'{{ metadata.tier = "tier-{number}" }}',
        f"{{ min_input_tokens = {100_000 + number} }}",
    )
    return kinds[number % len(kinds)]
