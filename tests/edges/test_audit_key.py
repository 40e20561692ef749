from __future__ import annotations

import hashlib
import hmac

import pytest

from airoute_cli.core.errors import RunError
from airoute_cli.edges import audit_key
from airoute_cli.edges.audit_key import Seal, user_seal


@pytest.fixture
def state(monkeypatch, tmp_path):
    monkeypatch.setattr(audit_key, "state_folder", lambda: tmp_path / "state")
    return tmp_path / "state"


def test_a_digest_is_an_hmac_under_the_key():
    assert Seal(b"k").digest(b"text") == hmac.new(b"k", b"text", hashlib.sha256).digest()
    assert Seal(b"k").id != Seal(b"l").id


def test_the_key_is_made_once_and_for_the_user_alone(state):
    first = user_seal()
    path = state / "audit.key"
    assert (path.stat().st_mode & 0o777, state.stat().st_mode & 0o777) == (0o600, 0o700)
    path.chmod(0o644)
    assert user_seal().id == first.id
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in state.iterdir()] == ["audit.key"]


def test_a_file_without_a_key_is_told(state):
    state.mkdir()
    for content in ("nonsense", ""):
        (state / "audit.key").write_text(content)
        with pytest.raises(RunError, match=r"audit\.key holds no key; delete it"):
            user_seal()


def test_where_nothing_can_be_written_the_key_is_for_this_process(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(audit_key, "state_folder", lambda: tmp_path / "file" / "state")
    assert user_seal().id != user_seal().id
