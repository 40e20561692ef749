"""Which proxy a call goes through, as the environment says."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.regions import is_loopback


def proxy_for(scheme: str, netloc: str) -> str | None:
    """The proxy's URL for a host, None for a direct connection.

    This machine itself is never asked through a proxy: what goes to a model here, stays here.
    Raises CallError(CONNECTION) where the environment names a proxy that cannot be used.
    """
    if is_loopback(f"//{netloc}") or proxy_bypass(netloc):
        return None
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    return _usable(proxy, scheme) if proxy else None


def _usable(proxy: str, scheme: str) -> str:
    url = proxy if "://" in proxy else f"http://{proxy}"
    if not _is_http(url):
        raise CallError(
            ErrorKind.CONNECTION,
            f"the proxy for {scheme} in the environment is no HTTP proxy: only http:// and "
            "https:// proxies can be used, with %23 for # and %2F for / in a password; "
            f"set {scheme.upper()}_PROXY to one, or list the host "
            "in NO_PROXY",
            retryable=False,
        )
    return url


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # A character that ends the host before its time leaves the password as the port.
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
