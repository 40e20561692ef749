"""Accepts one sentence of at most 20 words: it comes on stdin, the exit code is the verdict."""

import re
import sys

MOST_WORDS = 20

text = sys.stdin.read().strip()
sentences = [part for part in re.split(r"(?<=[.!?])\s+", text) if part]
if len(sentences) != 1:
    sys.exit(f"{len(sentences)} sentences instead of one")
if (words := len(text.split())) > MOST_WORDS:
    sys.exit(f"{words} words, and {MOST_WORDS} are enough")
