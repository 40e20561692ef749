from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "completions"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_scripts_are_those_that_the_command_prints(airoute, shell):
    ran = airoute("completion", shell)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == (SCRIPTS / f"airoute.{shell}").read_text()


@pytest.mark.parametrize(
    ("words", "position", "offered"),
    [
        ("airoute ba", 1, ["batch"]),
        ("airoute batch --res", 2, ["--resume"]),
        ("airoute profile in", 2, ["init"]),
    ],
)
def test_bash_is_offered_commands_and_flags(words, position, offered):
    variables = {"_AIROUTE_COMPLETE": "complete_bash", "COMP_WORDS": words}
    ran = subprocess.run(
        [sys.executable, "-m", "airoute_cli"],
        env=os.environ | variables | {"COMP_CWORD": str(position)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.split() == offered, ran.stderr


def test_bash_can_read_its_script():
    bash = shutil.which("bash")
    assert bash
    subprocess.run([bash, "-n", SCRIPTS / "airoute.bash"], check=True)
