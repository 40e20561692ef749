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


def test_a_stdout_that_takes_nothing_ends_it_with_a_sentence():
    for out, why in ((">&-", "it is closed"), (">/dev/full", "No space left on device")):
        command = ["sh", "-c", f'"$0" -m airoute_cli --version {out}', sys.executable]
        ran = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        assert ran.returncode == 1
        assert ran.stderr == f"airoute: cannot use standard output: {why}\n"


def test_a_closed_stderr_is_said_nothing_to():
    command = ["sh", "-c", '"$0" -m airoute_cli --version 2>&-', sys.executable]
    ran = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    assert (ran.returncode, ran.stdout[:8]) == (0, b"airoute ")
