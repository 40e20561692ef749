"""Texts that are made to be slow: a pattern that tries them again and again would take days."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from airoute_cli.core.scan import BY_PATTERN
from airoute_cli.routing.scan.scanner import Scanner

scanner = Scanner(BY_PATTERN)
for piece in sys.argv[1:]:
    text = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
    print(piece, sum(1 for _ in scanner.find(text)), flush=True)
"""
PIECES = ("1", "1-", "a@", "a@a.", "eyJaaaaaaaa.", "-----BEGIN PRIVATE KEY-----", "sk-", "a:", "1.")
MORE = ("://a:", "a[at]a[dot]", " ", "Bearer ", "token=", "+", "_", "a.", "(at)", "0x", "\\")


def test_a_megabyte_of_anything_is_read_once():
    command = [sys.executable, "-c", PROGRAM, *PIECES, *MORE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert len(done.stdout.splitlines()) == len(PIECES) + len(MORE)
