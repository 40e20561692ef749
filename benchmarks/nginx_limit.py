"""How a batch keeps to a real limiter: nginx with ``limit_req`` at 50 calls a second.

    python -m benchmarks.nginx_limit [--seconds 60]

needs nginx (``apt-get install nginx-light``) and runs it unprivileged on 127.0.0.1. The same batch
runs with the limit stated in the profile, with none, and with one that is twice too high; what was
served and refused is read from nginx's own log.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks import ground
from benchmarks.table import Line, printed

RATE = 50
BURST = 5

CONFIG = """
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 2048; }}
http {{
  log_format told '$msec $status';
  access_log {folder}/access.log told;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000;
  limit_req_zone $server_name zone=all:1m rate={rate}r/s;
  server {{
    listen 127.0.0.1:{port}; server_name here;
    location /v1/ {{
      limit_req zone=all burst={burst} nodelay;
      limit_req_status 429;
      error_page 405 =200 @answer;
      try_files /none @answer;
    }}
    location @answer {{ default_type application/json; return 200 '{answer}'; }}
  }}
}}
"""
ANSWER = {
    "id": "c", "object": "chat.completion", "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": "yes"}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
}  # fmt: skip
PROFILE = """
[providers.here]
api = "openai"
base_url = "http://127.0.0.1:{port}/v1"
{limit}
[models.m]
provider = "here"
name = "m"
price = "free"
[[routes]]
name = "all"
models = ["m"]
"""
CASES = {
    "stated: 3,000 a minute": "requests_per_minute = 3000",
    "nothing stated": "",
    "stated twice too high": "requests_per_minute = 6000",
}


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[int]:
    """A limiter on a free port, with an empty log in ``folder``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(
        CONFIG.format(folder=folder, port=port, rate=RATE, burst=BURST, answer=json.dumps(ANSWER))
    )
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    server = subprocess.Popen([binary, "-e", "stderr", "-c", config, "-g", "daemon off;"])
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()


class Outcome(NamedTuple):
    """What the limiter's own log says: calls it let through and refused, and how full it was."""

    served: int
    refused: int
    used: float
    used_late: float


def measure(limit: str, seconds: int) -> Outcome:
    """One batch against a fresh limiter."""
    with tempfile.TemporaryDirectory() as name, nginx(folder := Path(name)) as port:
        (folder / "airoute.toml").write_text(PROFILE.format(port=port, limit=limit))
        rows = (json.dumps({"custom_id": f"r{n}", "prompt": "yes?"}) for n in range(RATE * seconds))
        (folder / "rows.jsonl").write_text("\n".join(rows))
        ground.run(ground.airoute("batch", "rows.jsonl", "-o", "run", "-q"), folder)
        lines = (folder / "access.log").read_text().split("\n")[:-1]
    told = [(float(at), status) for at, status in (line.split() for line in lines)]
    served = [at for at, status in told if status == "200"]
    return Outcome(
        len(served),
        len(told) - len(served),
        _used(served),
        _used(served[len(served) // 3 :]),
    )


def lines(seconds: int) -> list[Line]:
    """One line for each profile."""
    return [_line(name, limit, seconds) for name, limit in CASES.items()]


def _line(name: str, limit: str, seconds: int) -> Line:
    found = measure(limit, seconds)
    stated = name.startswith("stated: ")
    goal = "at least 97 %, under 0.5 % refused" if stated else "within 10 % once settled"
    return Line(
        f"nginx, {RATE} a second; {name}",
        f"{found.used:.1%} used, {found.used_late:.1%} in the last two thirds",
        f"{found.refused} of {found.served + found.refused:,} refused: "
        f"{found.refused / (found.served + found.refused):.2%}",
        goal,
    )


def _used(times: list[float]) -> float:
    return (len(times) - 1) / (times[-1] - times[0]) / RATE


def main() -> None:
    """Print one line for each profile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="rows for so many seconds")
    asked = parser.parse_args()
    for name, limit in CASES.items():
        print(printed(_line(name, limit, asked.seconds)), flush=True)


if __name__ == "__main__":
    main()
