"""Failures of the network as CallErrors: the kind, and the sentence with its remedy.

CONNECTION means that the request was not heard; once it may have been, the kind is another one,
because the provider may have worked and may bill.
"""

from __future__ import annotations

import errno
from urllib.parse import urlsplit

from airoute_cli.core.errors import CallError, ErrorKind

_MEGABYTE = 1024 * 1024


def timed_out(host: str, timeout_s: float) -> CallError:
    """The total deadline of the attempt has passed."""
    return CallError(
        ErrorKind.TIMEOUT,
        f"{host} gave no whole answer within {timeout_s:g} s; "
        "the provider's `timeout` sets how long an attempt may take",
    )


def slow_to_connect(host: str, timeout_s: float) -> CallError:
    """Nobody took the connection."""
    return CallError(
        ErrorKind.CONNECTION,
        f"{host} did not take a connection within {timeout_s:g} s; "
        "check base_url, the network and the firewall",
    )


def not_found(host: str) -> CallError:
    """The name does not resolve."""
    return CallError(
        ErrorKind.CONNECTION,
        f"the address of {host} cannot be found; check base_url and the network",
    )


def unreachable(host: str, error: OSError) -> CallError:
    """No connection could be made."""
    if error.errno == errno.ECONNREFUSED:
        return CallError(
            ErrorKind.CONNECTION,
            f"{host} refused the connection; check that the server runs, and the port in base_url",
        )
    return CallError(ErrorKind.CONNECTION, f"{host} cannot be reached: {_reason(error)}")


def no_trust(host: str, error: Exception) -> CallError:
    """The certificate does not hold."""
    reason = getattr(error, "verify_message", "") or "it could not be verified"
    return CallError(
        ErrorKind.CONNECTION,
        f"the certificate of {host} cannot be trusted: {reason}; if your network has an authority "
        "of its own, name its file in SSL_CERT_FILE",
        retryable=False,
    )


def no_authorities(path: str) -> CallError:
    """The file of certificate authorities cannot be loaded."""
    return CallError(
        ErrorKind.CONNECTION,
        f"the certificate authorities in {path} cannot be read; "
        "correct or unset SSL_CERT_FILE and SSL_CERT_DIR",
        retryable=False,
    )


def no_tls(host: str) -> CallError:
    """The TLS handshake failed."""
    return CallError(
        ErrorKind.CONNECTION,
        f"no secure connection to {host} could be made; "
        "check whether base_url should begin with http:// instead of https://",
    )


def no_proxy_answer(host: str) -> CallError:
    """The proxy in between does not let us through."""
    return CallError(
        ErrorKind.CONNECTION,
        f"the proxy on the way to {host} does not let the request through; "
        "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
    )


def closed_at_once(host: str) -> CallError:
    """The connection was made, and closed before the request was sent."""
    return CallError(
        ErrorKind.CONNECTION, f"{host} closed the connection before the request was sent"
    )


def closed_early(host: str) -> CallError:
    """The connection was closed before any answer."""
    return CallError(ErrorKind.CUT, f"{host} closed the connection without an answer")


def cut_short(host: str) -> CallError:
    """The connection was closed in the middle of the answer."""
    return CallError(ErrorKind.CUT, f"{host} broke off in the middle of its answer")


def not_http(host: str) -> CallError:
    """Something answers there, but not in HTTP."""
    return CallError(
        ErrorKind.MALFORMED, f"{host} does not answer in HTTP; check the port in base_url"
    )


def undecodable(host: str) -> CallError:
    """The compressed answer cannot be decompressed."""
    return CallError(ErrorKind.MALFORMED, f"the answer of {host} is compressed, and damaged")


def too_large(host: str, limit: int) -> CallError:
    """The answer is larger than anything that a model says."""
    return CallError(
        ErrorKind.MALFORMED,
        f"the answer of {host} is larger than {limit // _MEGABYTE} MB and was not read; "
        "check base_url",
        retryable=False,
    )


def no_url(host: str) -> CallError:
    """The URL cannot be used."""
    return CallError(
        ErrorKind.BAD_REQUEST,
        f"base_url is no http:// or https:// address that can be called (host: {host or 'none'})",
    )


def unsendable(host: str) -> CallError:
    """A header cannot go over the wire."""
    return CallError(
        ErrorKind.BAD_REQUEST,
        f"the request to {host} cannot be sent: a header holds a character that is not allowed, or "
        "base_url holds a password; check the key and the provider's `headers`",
    )


def redirected(host: str, status: int, location: str | None) -> CallError:
    """A redirect, which is not followed: the key is meant for the host in the profile alone."""
    target = urlsplit(location or "")
    where = f"to {target.hostname or host}" if location else "without saying where to"
    return CallError(
        ErrorKind.BAD_REQUEST,
        f"{host} redirects {where} ({status}), and redirects are not followed; "
        "put the final address into base_url",
        status=status,
    )


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
