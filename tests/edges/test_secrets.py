from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from airoute_cli.core.errors import SetupError, UsageError
from airoute_cli.core.profile import Provider
from airoute_cli.edges import secrets
from airoute_cli.edges.secrets import check_key, find_key, load_env_file

KEY = "sk-made-up-for-this-test"


def provider(**given: object) -> Provider:
    return Provider(
        **{"name": "acme", "api": "openai", "base_url": "https://acme.example/v1"} | given
    )


def printing(program: str) -> Provider:
    return provider(api_key_cmd=(sys.executable, "-c", program))


def test_an_env_file_is_read_as_it_stands(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text('# mine\nexport A=1\nB="two words"\nC=${A}$x\nEMPTY=\nNOTHING\n')
    assert load_env_file(file) == {"A": "1", "B": "two words", "C": "${A}$x", "EMPTY": ""}


def test_a_missing_env_file_is_a_sentence(tmp_path: Path):
    with pytest.raises(UsageError) as caught:
        load_env_file(tmp_path / "none")
    assert str(caught.value) == (
        f"{tmp_path / 'none'}: this file of variables cannot be read: No such file or directory. "
        "Name another with --env-file."
    )


def test_a_bad_line_is_told_without_its_content(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text(f"A=1\n{KEY} {KEY}\n")
    with pytest.raises(UsageError) as caught:
        load_env_file(file)
    assert str(caught.value) == f"{file}:2: this is not a line like NAME=value."


def test_binary_is_refused(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_bytes(b"A=\xff\xfe")
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        load_env_file(file)


def test_a_key_comes_from_its_variable_and_does_not_print_itself():
    key = find_key(provider(api_key_env=("ACME_KEY",)), {"ACME_KEY": f"{KEY}\n"})
    assert key is not None
    assert key.reveal() == KEY
    assert KEY not in f"{key!r} {key}"


@pytest.mark.parametrize("key", ["schl\u00fcssel", "one\ntwo", "\u201ck\u201d"])
def test_what_cannot_be_a_key_is_told_by_its_variable_alone(key: str):
    provider = Provider("p", "openai", "https://x/v1", ("OLD", "K"))
    with pytest.raises(
        SetupError, match="The variable K holds a character that no key has"
    ) as told:
        find_key(provider, {"K": key})
    assert key not in str(told.value)


def test_a_provider_without_a_key_gets_none():
    assert find_key(provider(base_url="http://10.0.0.7:8000/v1"), {}) is None


@pytest.mark.parametrize("environ", [{}, {"ACME_KEY": ""}, {"ACME_KEY": " \n"}])
def test_an_unset_variable_is_told_with_both_remedies(environ: dict[str, str]):
    with pytest.raises(SetupError) as caught:
        find_key(provider(api_key_env=("ACME_KEY",)), environ)
    assert str(caught.value) == (
        'The provider "acme" needs a key, and the variable ACME_KEY is not set. '
        "Export it (export ACME_KEY=…), or load it from a file with --env-file FILE."
    )


def test_a_command_prints_the_key_and_sees_the_environment():
    key = find_key(printing("import os; print(os.environ['A'])"), {"A": KEY})
    assert key is not None
    assert key.reveal() == KEY


def test_a_failing_command_is_told_by_its_exit_code_alone():
    program = f"import sys; print('{KEY}'); print('{KEY}', file=sys.stderr); sys.exit(7)"
    with pytest.raises(SetupError) as caught:
        find_key(printing(program), {})
    assert str(caught.value) == (
        'The command in api_key_cmd of the provider "acme" failed with exit code 7. '
        "Run it by hand to see why."
    )


@pytest.mark.parametrize("program", ["", "print('one'); print('two')"])
def test_a_command_must_print_one_line(program: str):
    with pytest.raises(SetupError, match="printed no key on one line"):
        find_key(printing(program), {})


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(secrets, "KEY_COMMAND_TIMEOUT_S", 0.05)
    with pytest.raises(SetupError, match="did not end within"):
        find_key(printing("import time; time.sleep(60)"), {})


def test_a_command_that_is_not_there():
    with pytest.raises(SetupError) as caught:
        check_key(provider(api_key_cmd=("no-such-command", "x")), {})
    assert str(caught.value) == (
        'The provider "acme" gets its key from the command "no-such-command", '
        "which is not found. Install it, or correct api_key_cmd."
    )


def test_a_command_that_cannot_be_run(tmp_path: Path):
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o700)
    with pytest.raises(SetupError, match="cannot be run"):
        find_key(provider(api_key_cmd=(str(program),)), {})


@pytest.mark.parametrize(
    "host", ["acme.example", "10.0.0.7", "localhost.acme.example", "[2001:db8::1]"]
)
def test_a_key_never_travels_over_plain_http(host: str):
    with pytest.raises(SetupError) as caught:
        find_key(provider(api_key_env=("K",), base_url=f"http://{host}:80/v1"), {"K": KEY})
    assert str(caught.value) == (
        f'The provider "acme" would get its key over plain http to {host.strip("[]")}, '
        "where others can read it. Use https in base_url."
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "llm.localhost"])
def test_on_this_machine_plain_http_is_fine(host: str):
    assert find_key(provider(api_key_env=("K",), base_url=f"http://{host}:1/v1"), {"K": KEY})


class Ring(KeyringBackend):
    """A keyring in memory; ``kept`` None: locked."""

    priority = 1
    kept: str | None = KEY

    def get_password(self, service: str, username: str) -> str | None:
        if self.kept is None:
            raise KeyringLocked
        return self.kept if (service, username) == ("airoute/office", "acme") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, mine = keyring.core._keyring_backend, Ring()
    keyring.core._keyring_backend = mine
    yield mine
    keyring.core._keyring_backend = before


def from_ring(service: str = "airoute/office", user: str = "acme") -> Provider:
    return provider(api_key_keyring=(service, user))


def test_a_key_comes_from_the_keyring(ring: Ring):
    key = find_key(from_ring(), {})
    assert key is not None
    assert key.reveal() == KEY


def test_what_a_keyring_does_not_give_is_told_with_the_remedy(ring: Ring):
    with pytest.raises(SetupError) as caught:
        find_key(from_ring(user="my own"), {})
    assert str(caught.value) == (
        'The provider "acme" gets its key from the entry "airoute/office/my own" of the keyring, '
        "which has no such entry. Put it there: keyring set airoute/office 'my own'"
    )
    ring.kept = f"{KEY}\none more"
    with pytest.raises(SetupError, match="holds a character that no key has") as caught:
        find_key(from_ring(), {})
    assert KEY not in str(caught.value)
    ring.kept = None
    with pytest.raises(SetupError, match=r"\(KeyringLocked\)\. Unlock it and try again"):
        find_key(from_ring(), {})


def test_a_keyring_that_is_not_there(monkeypatch: pytest.MonkeyPatch, ring: Ring):
    keyring.core._keyring_backend = keyring.backends.fail.Keyring()
    with pytest.raises(SetupError, match="this system has none that can be used"):
        find_key(from_ring(), {})
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SetupError, match=r"pip install 'airoute\[keyring\]'"):
        find_key(from_ring(), {})


def test_a_key_of_the_keyring_never_travels_over_plain_http(ring: Ring):
    far = provider(base_url="http://acme.example/v1", api_key_keyring=("airoute/office", "acme"))
    with pytest.raises(SetupError, match="over plain http"):
        find_key(far, {})
