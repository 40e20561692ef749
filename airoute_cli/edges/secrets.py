"""Keys: from the environment, a file of variables, the keyring, or a command that prints one."""

from __future__ import annotations

import io
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from airoute_cli.core.errors import SetupError, UsageError
from airoute_cli.core.profile import Provider
from airoute_cli.core.regions import is_loopback
from airoute_cli.core.secret import Secret

KEY_COMMAND_TIMEOUT_S = 30.0


def load_env_file(path: Path) -> dict[str, str]:
    """The variables of a ``.env`` file, as they stand there: nothing in a value is expanded.

    Raises UsageError if it cannot be read or a line is no ``NAME=value``; no value is repeated.
    """
    from dotenv.parser import parse_stream

    bindings = list(parse_stream(io.StringIO(_read(path))))
    for binding in bindings:
        if binding.error:
            raise UsageError(f"{path}:{binding.original.line}: this is not a line like NAME=value.")
    return {b.key: b.value for b in bindings if b.key is not None and b.value is not None}


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: this file of variables is not UTF-8 text.") from None
    except OSError as error:
        raise UsageError(
            f"{path}: this file of variables cannot be read: {error.strerror}. "
            "Name another with --env-file."
        ) from None


def find_key(provider: Provider, environ: Mapping[str, str]) -> Secret | None:
    """The provider's key; None if its profile asks for none.

    Raises SetupError with the remedy if it cannot be had or must not be sent. Runs
    ``api_key_cmd`` where the profile has one, which may take up to 30 s; a keyring may ask the
    user to unlock it.
    """
    check_key(provider, environ)
    if provider.api_key_keyring:
        return Secret(_kept_key(provider.name, *provider.api_key_keyring))
    if provider.api_key_cmd:
        return Secret(_printed_key(provider, environ))
    found = set_variable(provider, environ)
    return Secret(environ[found].strip()) if found else None


def check_key(provider: Provider, environ: Mapping[str, str]) -> bool:
    """Whether the provider gets a key, as far as this can be seen without a command or a keyring.

    Raises SetupError if its key cannot be had or must not be sent.
    """
    variables, command = provider.api_key_env, provider.api_key_cmd
    found = set_variable(provider, environ)
    if provider.api_key_keyring:
        check_transport(provider)
        return True
    if not command and not (found or (variables and not provider.key_optional)):
        return False
    check_transport(provider)
    if variables and not found:
        names = " or ".join(variables)
        are = "is not set" if len(variables) == 1 else "are not set"
        word = "variable" if len(variables) == 1 else "variables"
        raise SetupError(
            f'The provider "{provider.name}" needs a key, and the {word} {names} {are}. '
            f"Export it (export {variables[0]}=…), or load it from a file with --env-file FILE."
        )
    if command and shutil.which(command[0], path=environ.get("PATH")) is None:
        raise SetupError(
            f'The provider "{provider.name}" gets its key from the command "{command[0]}", '
            "which is not found. Install it, or correct api_key_cmd."
        )
    if found and not command:
        _check_characters(found, environ[found].strip())
    return True


def _check_characters(variable: str, key: str) -> None:
    """Raise SetupError where a key could not stand in a header: part of it was never the key."""
    if not (key.isascii() and key.isprintable()):
        raise SetupError(
            f"The variable {variable} holds a character that no key has, such as a line break or a "
            "letter with an accent. Copy the key again."
        )


def set_variable(provider: Provider, environ: Mapping[str, str]) -> str | None:
    """The first of the provider's variables that holds something."""
    return next((name for name in provider.api_key_env if environ.get(name, "").strip()), None)


def check_transport(provider: Provider) -> None:
    """Raise SetupError where a key or credentials would travel in the clear."""
    url = urlsplit(provider.base_url or "")
    if url.scheme == "http" and not is_loopback(provider.base_url):
        raise SetupError(
            f'The provider "{provider.name}" would get its key over plain http to '
            f"{url.hostname}, where others can read it. Use https in base_url."
        )


def _kept_key(provider: str, service: str, user: str) -> str:
    """What the system's keyring holds. Raises SetupError with the command that mends it."""
    who = f'The provider "{provider}" gets its key from the entry "{service}/{user}" of the keyring'
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise SetupError(
            f"{who}, for which a part is missing. Install it: pip install 'airoute[keyring]'"
        ) from None
    try:
        key = keyring.get_password(service, user)
    except keyring.errors.NoKeyringError:
        raise SetupError(
            f"{who}, and this system has none that can be used. Use api_key_env, or see "
            "`python -m keyring diagnose`."
        ) from None
    except keyring.errors.KeyringError as error:
        raise SetupError(
            f"{who}, which does not give it ({type(error).__name__}). Unlock it and try again."
        ) from None
    put = f"Put it there: keyring set {shlex.quote(service)} {shlex.quote(user)}"
    if not key or not key.strip():
        raise SetupError(f"{who}, which has no such entry. {put}")
    if not (key.strip().isascii() and key.strip().isprintable()):
        raise SetupError(f"{who}, and that holds a character that no key has. {put}")
    return key.strip()


def _printed_key(provider: Provider, environ: Mapping[str, str]) -> str:
    """What ``api_key_cmd`` prints. What it printed never stands in an error."""
    who = f'The command in api_key_cmd of the provider "{provider.name}"'
    try:
        ran = subprocess.run(  # noqa: S603 - the user's own command, without a shell
            provider.api_key_cmd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=KEY_COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SetupError(
            f"{who} did not end within {KEY_COMMAND_TIMEOUT_S:.0f} s. It must not wait for input."
        ) from None
    except OSError as error:
        raise SetupError(f"{who} cannot be run: {error.strerror}.") from None
    if ran.returncode != 0:
        raise SetupError(
            f"{who} failed with exit code {ran.returncode}. Run it by hand to see why."
        )
    key = ran.stdout.decode("utf-8", "replace").strip()
    if not key or not (key.isascii() and key.isprintable()):
        raise SetupError(f"{who} printed no key on one line. Run it by hand to see why.")
    return key
