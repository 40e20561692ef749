from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.scripted import cut_stream, ok, status

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_answer_is_all_that_stands_on_stdout(airoute, profile):
    ran = airoute("ask", "hello there", "-u")
    assert (ran.returncode, ran.stdout) == (0, "You said: hello there\n")
    assert "small:" in ran.stderr
    assert "$" in ran.stderr


def test_a_closed_stdin_is_no_stdin(profile, tmp_path):
    command = f'{sys.executable} -m airoute_cli ask "$@" <&-'
    for prompt, code in (("hello", 0), ("-", 2)):
        ran = subprocess.run(
            ["sh", "-c", command, "sh", prompt],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == code, ran.stderr
        assert "Traceback" not in ran.stderr


def test_what_it_cost_stands_below_the_answer_where_both_go_to_one_place(
    profile, provider_server, tmp_path
):
    command = [sys.executable, "-m", "airoute_cli", "ask", "hi", "-u"]
    provider_server.script([ok("one two"), cut_stream(3, "one two three")])
    for code, first in ((0, "one two"), (3, "one two ")):
        ran = subprocess.run(
            command,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ran.returncode == code
        assert ran.stdout.splitlines()[0] == first
        assert ran.stdout.splitlines()[1].startswith("small: ")


def test_stdin_comes_before_the_argument(airoute, profile, provider_server):
    ran = airoute("ask", "say it", "-s", "be brief", input="a diff\n")
    assert ran.returncode == 0, ran.stderr
    messages = provider_server.requests[0].messages
    assert messages == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "a diff\n\nsay it"},
    ]


def test_it_streams_unless_told_not_to(airoute, profile, provider_server):
    airoute("ask", "hi")
    airoute("ask", "hi", "--no-stream")
    airoute("ask", "hi", "--json")
    assert [request.streams for request in provider_server.requests] == [True, False, False]


def test_json_tells_the_route_and_the_cost(airoute, profile):
    told = json.loads(airoute("ask", "a refund", "--json").stdout)
    assert told["text"] == "You said: a refund"
    assert told["airoute"]["route"] == "refunds"
    assert told["airoute"]["cost"]["usd"] > 0


def test_a_model_can_be_named(airoute, profile, provider_server):
    assert airoute("ask", "hi", "-m", "large").returncode == 0
    assert provider_server.requests[0].body["model"] == "large-1"
    wrong = airoute("ask", "hi", "-m", "huge")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "it has: small, large" in wrong.stderr


def test_two_answers_are_never_spliced(airoute, profile, provider_server):
    provider_server.script([cut_stream(3, "one two three four")])
    ran = airoute("ask", "hi")
    assert ran.returncode == 3
    assert provider_server.count == 1
    assert "You said" not in ran.stdout


def test_a_failure_before_the_first_word_falls_back(airoute, profile, provider_server):
    provider_server.respond = lambda request, _: (
        status(401) if request.body["model"] == "small-1" else ok("fine")
    )
    ran = airoute("ask", "hi")
    assert (ran.returncode, ran.stdout) == (0, "fine\n")


def test_nothing_to_ask_is_a_sentence(airoute, profile):
    ran = airoute("ask")
    assert ran.returncode == 2
    assert "nothing to ask" in ran.stderr


def test_try_tells_the_plan_and_why(airoute, profile, provider_server):
    ran = airoute("try", "my refund")
    assert ran.returncode == 0, ran.stderr
    for told in ("refunds", '"refund"', "large", "expected", "at worst", "not reached"):
        assert told in ran.stdout, told
    plan = json.loads(airoute("try", "hello", "--json").stdout)["plan"]
    assert [call["model"] for call in plan["calls"]] == ["small", "large"]
    assert provider_server.count == 0


def test_try_can_run_the_plan_and_every_model(airoute, profile, provider_server):
    ran = airoute("try", "hello", "--all", "--json")
    assert ran.returncode == 0, ran.stderr
    assert set(json.loads(ran.stdout)["answers"]) == {"small", "large"}
    drawn = airoute("try", "hello", "--run")
    assert "You said: hello" in drawn.stdout
    assert provider_server.count == 3


_NO_SOCKET = """
import sys
sys.addaudithook(lambda event, args: sys.exit(99) if event.startswith("socket.") else None)
from airoute_cli.cli.main import main
sys.argv = ["airoute", "try", "hello"]
main()
"""


def test_try_opens_no_socket(profile, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", _NO_SOCKET],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


_LOADED = """
import sys
from airoute_cli.cli.main import main
sys.argv = ["airoute", *{args}]
try:
    main()
except SystemExit:
    print("loaded:", ",".join(sys.modules), file=sys.stderr)
"""

# What only a call, a run or a priced model needs.
_FOR_CALLS = {
    "httpx",
    "httptools",
    "asyncio",
    "xllamacpp",
    "sqlite3",
    "genai_prices",
    "ssl",
    "numpy",
}
_EXTRAS = {"jinja2", "jsonschema", "presidio_analyzer", "botocore"}
_FOR_DRAWING = {"rich", "tomlkit", "tomli_w"}


def _loaded_by(*args: str) -> set[str]:
    program = _LOADED.format(args=list(args))
    ran = subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ran.stderr.partition("loaded: ")[2].strip().split(","))


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(flag):
    loaded = _loaded_by(flag)
    assert "typer" in loaded
    assert (
        not ({"pydantic", "orjson", "platformdirs"} | _FOR_CALLS | _FOR_DRAWING | _EXTRAS) & loaded
    )


def test_a_plan_is_shown_without_what_calls_and_drawings_need():
    loaded = _loaded_by("try", "hello", "--profile", str(EXAMPLES / "starter.toml"))
    assert "airoute_cli.routing.planner" in loaded
    assert not (_FOR_CALLS | _FOR_DRAWING | _EXTRAS) & loaded


def test_the_price_catalogue_is_loaded_once_a_day():
    priced = ("try", "hello", "--profile", str(EXAMPLES / "multi.toml"))
    assert "genai_prices" in _loaded_by(*priced)
    assert not {"genai_prices", "ssl"} & _loaded_by(*priced)
