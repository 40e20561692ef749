"""llama.cpp's own HTTP server on 127.0.0.1, as a program: it prints its root URL.

``python tests/servers/llama_http.py WEIGHTS API_KEY MODEL``; it ends when its input does.
"""

from __future__ import annotations

import os
import sys

# Read once, when the library is loaded: its threads shall sleep while they wait for one another.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import xllamacpp


def main(weights: str, key: str, model: str) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {model}
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys = [key]
    params.n_ctx, params.n_parallel = 2048, 1
    params.verbosity = -1
    params.ui = params.warmup = params.fit_params = False
    params.cache_ram_mib = 0
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
