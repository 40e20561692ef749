from __future__ import annotations

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.edges.proxies import proxy_for


@pytest.mark.parametrize(
    ("env", "scheme", "netloc", "expected"),
    [
        ({}, "https", "api.example", None),
        ({"https_proxy": "http://p:1"}, "https", "api.example", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "https", "api.example:443", "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "https", "api.example", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http", "api.example", None),
        ({"ALL_PROXY": "http://p:1"}, "http", "api.example", "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": ".example"}, "https", "api.example", None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "*"}, "https", "api.example", None),
        ({"ALL_PROXY": "http://p:1"}, "http", "127.0.0.1:8080", None),
        ({"ALL_PROXY": "http://p:1"}, "http", "localhost:8080", None),
        ({"ALL_PROXY": "http://p:1"}, "http", "[::1]:8080", None),
        ({"ALL_PROXY": "http://p:1"}, "http", "192.168.0.7:8080", "http://p:1"),
    ],
)
def test_proxy_for(
    env: dict[str, str],
    scheme: str,
    netloc: str,
    expected: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(scheme, netloc) == expected


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://user:password@p:1080",
        "http://user:password#1@p:1080",
        "http://user:password/1@p:1080",
        "http://p:password",
        "http://",
        "http://[p",
    ],
)
def test_a_proxy_that_is_said_to_be_no_use(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(CallError, match="set HTTPS_PROXY") as caught:
        proxy_for("https", "api.example")
    assert caught.value.kind is ErrorKind.CONNECTION
    assert not caught.value.retryable
    assert "user" not in str(caught.value)
    assert "password#" not in str(caught.value)
