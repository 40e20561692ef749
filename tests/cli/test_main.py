from __future__ import annotations

import subprocess
import sys


def test_a_reader_that_goes_away_ends_it_in_silence():
    command = [sys.executable, "-m", "airoute_cli", "providers"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)
