from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal as D  # noqa: N817 - an amount on every line
from pathlib import Path

import pytest

from airoute_cli.core.budget import Account, Hold, Limit, Period, Scope, Spent, Standing
from airoute_cli.core.errors import RunError
from airoute_cli.edges.ledger import PRESUMED_DEAD_S, Ledger, ledger_path
from airoute_cli.edges.processes import ProcessId, is_alive, this_process

A, B = Account("free", "r", "a"), Account("", "r", "b")
DAY = Limit(Scope.POLICY, "", Period.DAY, D(10))
MONTH = Limit(Scope.POLICY, "", Period.MONTH, D(10))
FREE = Limit(Scope.TIER, "FREE", Period.DAY, D(10))
NOON = 1_795_608_000.0  # 2026-11-25T12:00:00Z


def look(ledger: Ledger, *limits: Limit, hold: Mapping[Account, Hold] | None = None):
    seen: list[Standing] = []

    def allot(standings: Sequence[Standing]) -> Mapping[Account, Hold]:
        seen.extend(standings)
        return hold or {}

    ledger.exchange({}, limits, allot)
    return seen


def rows(table: str) -> list[tuple]:
    database = sqlite3.connect(ledger_path())
    found = database.execute(f"SELECT * FROM {table}").fetchall()
    database.close()
    return found


def test_the_ledger_is_for_its_user_alone():
    ledger = Ledger("p", "run")
    look(ledger)
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in ledger_path().parent.iterdir()
    }
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(ledger_path().parent.stat().st_mode) == 0o700
    ledger.close({})


def test_amounts_are_exact_and_counted_by_day_month_profile_and_scope():
    ledger = Ledger("p", "run", clock=lambda: NOON)
    tiny = D("0.0000000000000000001")
    booked = {
        ("2026-11-25", A): Spent(rows=1, usd=D(3), unsettled_usd=tiny),
        ("2026-11-24", A): Spent(usd=D(1)),
        ("2026-10-31", A): Spent(usd=D(50)),
        ("2026-11-25", B): Spent(usd=tiny, unpriced=1),
    }
    ledger.exchange(booked, (), lambda _: {})
    ledger.exchange({("2026-11-25", B): Spent(usd=D("0.5"))}, (), lambda _: {})
    day, month, free = look(ledger, DAY, MONTH, FREE)
    assert day.spent_usd == D("3.5") + tiny * 2
    assert month.spent_usd == D("4.5") + tiny * 2
    assert free.spent_usd == 3 + tiny
    ledger.close({})
    other = Ledger("another", "run", clock=lambda: NOON)
    assert look(other, DAY) == [Standing(D(0), D(0))]
    other.close({})


def test_what_others_hold_is_seen_until_they_close():
    mine, theirs = Ledger("p", "one"), Ledger("p", "two")
    look(theirs, hold={A: Hold(D(2), D(1)), B: Hold(D(0), D(4))})
    assert look(mine, DAY, FREE) == [Standing(D(0), D(6)), Standing(D(0), D(2))]
    theirs.close({})
    assert look(mine, DAY) == [Standing(D(0), D(0))]
    mine.close({})


def test_what_a_dead_process_held_for_calls_that_left_is_unsettled():
    program = (
        "from airoute_cli.core.budget import *\n"
        "from airoute_cli.edges.ledger import Ledger\n"
        "from decimal import Decimal\n"
        "ledger = Ledger('p', 'dead')\n"
        "held = {Account('free', 'r', 'a'): Hold(Decimal(9), Decimal('1.25'))}\n"
        "ledger.exchange({}, (), lambda _: held)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert rows("held")
    ledger = Ledger("p", "alive")
    assert look(ledger, DAY) == [Standing(D("1.25"), D(0))]
    (row,) = rows("spent")
    assert (row[0], row[2], Account(*row[3:6]), row[10:12]) == ("p", "dead", A, ("0", "1.25"))
    ledger.close({})
    assert rows("held") == rows("holders") == []


def test_a_process_that_cannot_be_seen_from_here_is_dead_when_it_is_long_silent(monkeypatch):
    now = [NOON]
    elsewhere = ProcessId(1, "1", "another machine")
    with monkeypatch.context() as patched:
        patched.setattr("airoute_cli.edges.ledger.this_process", lambda: elsewhere)
        theirs = Ledger("p", "theirs", clock=lambda: NOON)
        look(theirs, hold={A: Hold(D(1), D(1))})
    mine = Ledger("p", "mine", clock=lambda: now[0])
    assert look(mine, DAY) == [Standing(D(0), D(1))]
    now[0] += PRESUMED_DEAD_S + 1
    assert look(mine, DAY) == [Standing(D(1), D(0))]
    # It was alive after all: it goes on, and what it had held is not taken back.
    theirs.exchange({("2026-11-25", A): Spent(usd=D(1))}, (), lambda _: {A: Hold(D(2), D(2))})
    assert look(mine, DAY) == [Standing(D(2), D(2))]
    theirs.close({})
    mine.close({})


def test_a_pid_that_another_process_has_now_is_another_process():
    mine = this_process()
    assert is_alive(mine)
    assert is_alive(mine._replace(started="0")) is False
    assert is_alive(mine._replace(space="elsewhere")) is None


def test_an_exchange_that_fails_changes_nothing():
    ledger = Ledger("p", "run")

    def fail(_: Sequence[Standing]) -> Mapping[Account, Hold]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.exchange({("2026-11-25", A): Spent(usd=D(1))}, (DAY,), fail)
    assert rows("spent") == []
    ledger.close({})


def test_a_file_that_is_no_ledger_is_told_with_a_remedy():
    ledger_path().parent.mkdir(parents=True)
    ledger_path().write_text("not a database, and long enough to be taken for one" * 40)
    with pytest.raises(
        RunError, match=r"the ledger .*ledger.sqlite cannot be used: .*move it away"
    ):
        Ledger("p", "run")


def test_a_ledger_of_a_later_version_is_left_alone():
    Ledger("p", "run").close({})
    database = sqlite3.connect(ledger_path())
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(RunError, match="written by a newer airoute"):
        Ledger("p", "run")


def test_a_folder_that_cannot_be_written_is_told(home: Path):
    (home / ".state").write_text("a file")
    with pytest.raises(RunError, match="cannot be used"):
        Ledger("p", "run")
