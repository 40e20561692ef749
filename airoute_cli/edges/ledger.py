"""The ledger: what was spent on this machine, and what processes hold of it just now.

One SQLite file in the user's state folder, mode 0600. A process holds amounts for its calls before
they leave. When it dies, what it held for calls that had left becomes unsettled, and counts as
spent: what is settled here <= what the providers counted <= settled + unsettled.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from airoute_cli.core.budget import Account, Hold, Limit, Period, Spent, Standing
from airoute_cli.core.errors import RunError
from airoute_cli.core.money import ZERO
from airoute_cli.edges.paths import state_folder
from airoute_cli.edges.processes import ProcessId, is_alive, this_process
from airoute_cli.edges.state_database import make_private, transaction

NAME = "ledger.sqlite"
VERSION = 1
BUSY_S = 30.0
# A process of another machine or container cannot be seen; it says at least this often that it is.
SIGN_OF_LIFE_S = 60.0
PRESUMED_DEAD_S = 900.0
_LOOK_FOR_DEAD_EVERY_S = 2.0
_DAY_S = 86_400

_ACCOUNT = "tier TEXT, route TEXT, model TEXT"
_TABLES = (
    f"""CREATE TABLE spent (profile TEXT, day TEXT, run TEXT, {_ACCOUNT},
        rows INTEGER, attempts INTEGER, input_tokens INTEGER, output_tokens INTEGER,
        usd TEXT, unsettled_usd TEXT, estimated_usd TEXT, reported_usd TEXT, unpriced INTEGER,
        PRIMARY KEY (profile, day, run, tier, route, model)) WITHOUT ROWID""",
    f"""CREATE TABLE totals (profile TEXT, period TEXT, {_ACCOUNT}, usd TEXT,
        PRIMARY KEY (profile, period, tier, route, model)) WITHOUT ROWID""",
    """CREATE TABLE holders (holder INTEGER PRIMARY KEY, pid INTEGER, started TEXT, space TEXT,
        profile TEXT, run TEXT, day TEXT, seen REAL)""",
    f"""CREATE TABLE held (holder INTEGER, {_ACCOUNT}, reserved_usd TEXT, begun_usd TEXT,
        PRIMARY KEY (holder, tier, route, model)) WITHOUT ROWID""",
)
# Amounts are texts of exact decimals, and ``plus`` adds them.
_BOOK = """INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET rows = rows + excluded.rows,
        attempts = attempts + excluded.attempts,
        input_tokens = input_tokens + excluded.input_tokens,
        output_tokens = output_tokens + excluded.output_tokens,
        usd = plus(usd, excluded.usd),
        unsettled_usd = plus(unsettled_usd, excluded.unsettled_usd),
        estimated_usd = plus(estimated_usd, excluded.estimated_usd),
        reported_usd = plus(reported_usd, excluded.reported_usd),
        unpriced = unpriced + excluded.unpriced"""
_TOTAL = """INSERT INTO totals VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET usd = plus(usd, excluded.usd)"""
_TOTALS = "SELECT tier, route, model, usd FROM totals WHERE profile = ? AND period = ?"
_OTHERS = """SELECT tier, route, model, reserved_usd, begun_usd FROM held
    JOIN holders USING (holder) WHERE profile = ? AND holder != ?"""
_SIGN_IN = """INSERT OR REPLACE INTO holders VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_HOLDERS = "SELECT holder, pid, started, space, profile, run, day, seen FROM holders"
_HELD = "SELECT tier, route, model, begun_usd FROM held WHERE holder = ?"
_HOLD = "INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?, ?, ?)"
_LET_GO = "DELETE FROM held WHERE holder = ?"
_SIGN_OUT = "DELETE FROM holders WHERE holder = ?"

# Given how limits stand, what this process is to hold of each account. It runs inside the
# transaction, so that no other process can take the same amount.
Allot = Callable[[Sequence[Standing]], Mapping[Account, Hold]]
Booked = Mapping[tuple[str, Account], Spent]  # by day


class Holder(NamedTuple):
    """A process in the ledger; ``day`` and ``seen`` are those of its last exchange."""

    holder: int
    process: ProcessId
    profile: str
    run: str
    day: str
    seen: float


def ledger_path() -> Path:
    """The file."""
    return state_folder() / NAME


def day_of(moment: float) -> str:
    """The day of UTC, as in ``2026-11-25``; its first seven characters are the month."""
    return _written(int(moment // _DAY_S))


@lru_cache  # asked for with everything that is spent
def _written(day: int) -> str:
    """A day of Unix time, which knows no leap seconds."""
    return datetime.fromtimestamp(day * _DAY_S, UTC).date().isoformat()


class Ledger:
    """The ledger as one run of one profile sees it. Not for two threads at once; close it.

    Every method raises RunError where the file cannot be used.
    """

    def __init__(self, profile: str, run: str, clock: Callable[[], float] = time.time) -> None:
        self._profile = profile
        self._run = run
        self._clock = clock
        self._holder: int | None = None
        self._looked = 0.0
        self._database = open_ledger()

    def exchange(self, booked: Booked, limits: Sequence[Limit], allot: Allot) -> None:
        """Book what was spent, and hold what ``allot`` makes of it, in one transaction."""
        now = self._clock()
        with as_sentence(), transaction(self._database):
            self._sign_in(now)
            self._bury_the_dead(now)
            for (day, account), spent in booked.items():
                self._book(self._profile, day, self._run, account, spent)
            holds = allot([self._standing(limit, day_of(now)) for limit in limits])
            self._database.execute(_LET_GO, (self._holder,))
            for account, hold in holds.items():
                if hold.most_usd:
                    amounts = (str(hold.reserved_usd), str(hold.begun_usd))
                    self._database.execute(_HOLD, (self._holder, *account, *amounts))

    def close(self, booked: Booked) -> None:
        """Book what is left, hold nothing more, and close the file."""
        try:
            self.exchange(booked, (), lambda _: {})
            with as_sentence(), transaction(self._database):
                self._database.execute(_SIGN_OUT, (self._holder,))
        finally:
            self._database.close()

    def _sign_in(self, now: float) -> None:
        """Be seen; anew where others have taken this process for dead."""
        row = (*this_process(), self._profile, self._run, day_of(now), now)
        told = self._database.execute(_SIGN_IN, (self._holder, *row))
        self._holder = told.lastrowid if self._holder is None else self._holder

    def _bury_the_dead(self, now: float) -> None:
        if now - self._looked < _LOOK_FOR_DEAD_EVERY_S:
            return
        self._looked = now
        for holder in holders(self._database):
            if holder.holder != self._holder and is_dead(holder, now):
                self._bury(holder)

    def _bury(self, dead: Holder) -> None:
        """What it held for calls that had left may have been billed."""
        for *account, begun in self._database.execute(_HELD, (dead.holder,)).fetchall():
            spent = Spent(unsettled_usd=Decimal(begun))
            if spent.unsettled_usd:
                self._book(dead.profile, dead.day, dead.run, Account(*account), spent)
        for statement in (_LET_GO, _SIGN_OUT):
            self._database.execute(statement, (dead.holder,))

    def _book(self, profile: str, day: str, run: str, account: Account, spent: Spent) -> None:
        amounts = [str(one) if isinstance(one, Decimal) else one for one in spent]
        self._database.execute(_BOOK, (profile, day, run, *account, *amounts))
        if counted := spent.counted_usd:
            for period in (day, day[:7]):
                self._database.execute(_TOTAL, (profile, period, *account, str(counted)))

    def _standing(self, limit: Limit, day: str) -> Standing:
        period = day if limit.period is Period.DAY else day[:7]
        spent = self._database.execute(_TOTALS, (self._profile, period))
        others = self._database.execute(_OTHERS, (self._profile, self._holder))
        return Standing(
            sum((Decimal(usd) for *key, usd in spent if limit.covers(Account(*key))), ZERO),
            sum((_most(row) for row in others if limit.covers(Account(*row[:3]))), ZERO),
        )


def open_ledger() -> sqlite3.Connection:
    """The open file with its tables, made where it is missing. Raises RunError."""
    path = ledger_path()
    try:
        make_private(path)
    except OSError as error:
        raise _failed(error.strerror or str(error)) from None
    with as_sentence():
        database = sqlite3.connect(
            path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        database.create_function("plus", 2, _plus, deterministic=True)
        _prepare(database)
    return database


def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA synchronous = NORMAL")
    if _version(database) == VERSION:
        return
    with suppress(sqlite3.OperationalError):  # another process is at it
        database.execute("PRAGMA journal_mode = WAL")
    with transaction(database):
        found = _version(database)
        if found == 0:
            for statement in (*_TABLES, f"PRAGMA user_version = {VERSION}"):
                database.execute(statement)
    if found > VERSION:
        database.close()
        raise _failed("it was written by a newer airoute; update this one")


def _version(database: sqlite3.Connection) -> int:
    (found,) = database.execute("PRAGMA user_version").fetchone()
    return int(found)


def holders(database: sqlite3.Connection) -> list[Holder]:
    """The processes that hold something, or may yet."""
    rows = database.execute(_HOLDERS).fetchall()
    return [Holder(row[0], ProcessId(*row[1:4]), *row[4:]) for row in rows]


def is_dead(holder: Holder, now: float) -> bool:
    """Whether what it holds will never be settled."""
    alive = is_alive(holder.process)
    return now - holder.seen > PRESUMED_DEAD_S if alive is None else not alive


def _most(row: Sequence[Any]) -> Decimal:
    return Hold(Decimal(row[3]), Decimal(row[4])).most_usd


def _plus(one: str, other: str) -> str:
    return str(Decimal(one) + Decimal(other))


@contextmanager
def as_sentence() -> Iterator[None]:
    """Errors of SQLite as a RunError with a remedy."""
    try:
        yield
    except sqlite3.Error as error:
        raise _failed(str(error)) from None


def _failed(why: str) -> RunError:
    return RunError(
        f"the ledger {ledger_path()} cannot be used: {why}. Budgets are counted in it; mend the "
        "file or the disk, or move it away to begin a new one"
    )
