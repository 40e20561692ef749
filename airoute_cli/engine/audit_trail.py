"""What a run writes into its audit chain while it lasts."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from airoute_cli import __version__
from airoute_cli.core.completion import Completion
from airoute_cli.core.figures import Figures, Snapshot
from airoute_cli.core.outcome import Attempt
from airoute_cli.core.plan import Call, CallRole, Plan
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import Row
from airoute_cli.edges.audit_key import Seal
from airoute_cli.edges.run_folder.audit_log import AuditLog
from airoute_cli.edges.run_folder.intents import intent_told
from airoute_cli.engine import audit_records as records
from airoute_cli.engine.stored_profile import ProfileChain
from airoute_cli.routing.rules import parts_of

# The most whose digests are kept; it should be as many as are under way.
_ROWS_KEPT = 2_048


class AuditTrail:
    """The writer of one pass. Every method raises RunError where the disk does not take it."""

    def __init__(
        self,
        log: AuditLog,
        chain: ProfileChain,
        seal: Seal,
        pass_number: int,
        wall: Callable[[], float] = time.time,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """``before`` is the number and the digest of the record that an earlier pass ended with."""
        profiles = (chain.profile, *(one.profile for one in chain.earlier))
        self._log = log
        self._seal = seal.digest
        # A row's is asked for with its plan, and again for each of its calls.
        self._rows: dict[bytes, str] = {}
        self._pass = pass_number
        self._wall = wall
        self._content = chain.profile.audit_content
        self._models = len(chain.profile.models)
        self._hosts = {name: records.host_of(m) for name, m in chain.profile.models.items()}
        self._keys = tuple(dict.fromkeys(key for one in profiles for key in _keys_read(one)))
        self._told: dict[str, Figures] = {}
        self.lost = dict(before) if before and not log.holds(*_place(before)) else None
        self._open(chain, seal)

    def decide(self, row: Row, plan: Plan, snapshot: Snapshot) -> None:
        """Record a plan; it is written with its first call at the latest."""
        told: dict[str, Any] = {
            "event": records.DECISION,
            "at": round(self._wall(), 3),
            "pass": self._pass,
            "line": row.line,
            "custom_id": row.custom_id if row.has_id else None,
            "row": self._rows.get(row.digest) or self._row(row.digest),
        }
        if plan.basis:
            told["features"] = records.basis_told(plan.basis, self._keys)
        if changed := self._changed(snapshot):
            told["figures"] = changed
        records.tell_plan(told, plan, self._models)
        if self._content:
            told["content"] = _json(row.raw)
        self._log.add_soon(told)

    def intend(self, row: Row, call: Call, attempt: int) -> None:
        """Record a call before it leaves, so that a crash cannot hide that it may be billed."""
        self._log.add(
            intent_told(
                row.line,
                row.custom_id if row.has_id else None,
                self._rows.get(row.digest) or self._row(row.digest),
                call.model,
                self._pass,
                attempt,
                call.worst_usd,
                None if call.role is CallRole.ANSWER else call.role,
            )
        )

    def ended(self, row: Row, number: int, attempt: Attempt, completion: Completion | None) -> None:
        """Record how an attempt ended; it is written before what came of its row."""
        told: dict[str, Any] = {
            "event": records.ATTEMPT,
            "pass": self._pass,
            "line": row.line,
            "custom_id": row.custom_id if row.has_id else None,
            "attempt": number,
            "model": attempt.model,
            "host": self._hosts[attempt.model],
        }
        records.tell_attempt(told, attempt, completion, self._seal)
        if self._content:
            told["content"] = completion.text if completion else attempt.message
        self._log.add_soon(told)

    def _row(self, digest: bytes) -> str:
        """The keyed digest of a row, which is kept for its next record."""
        if len(self._rows) >= _ROWS_KEPT:
            self._rows.clear()  # sooner than to look for the oldest: it is made again where needed
        made = self._rows[digest] = self._seal(digest).hex()
        return made

    def _open(self, chain: ProfileChain, seal: Seal) -> None:
        """Record that a pass begins, and with which profile."""
        told: dict[str, Any] = {
            "event": records.RESUMED if self._log.records else records.STARTED,
            "at": round(self._wall(), 3),
            "pass": self._pass,
            "profile": chain.profile.digest,
            "facts": chain.facts,
            "key": seal.id,
            "airoute": __version__,
            "python": platform.python_version(),
        }
        if self._log.repaired:
            told["cut"] = self._log.repaired
        if self.lost:
            told["lost"] = self.lost
        self._log.add(told)

    def _changed(self, snapshot: Snapshot) -> dict[str, Any]:
        """The figures that are not what was told last."""
        changed: dict[str, Any] = {}
        for name, figures in snapshot.items():
            if self._told.get(name) is not figures:
                self._told[name] = figures
                changed[name] = records.figures_told(figures)
        return changed


def end_pass(
    log: AuditLog,
    pass_number: int,
    state: str,
    rows: Mapping[str, int],
    wall: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """Record that a pass has ended in order; the number of this record and the run's head."""
    told = {"event": records.ENDED, "at": round(wall(), 3), "pass": pass_number}
    log.add(told | {"state": state, "rows": dict(rows)})
    return {"records": log.records, "head": log.head}


def end_in(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What ``end_pass`` gave for run.json; {} where it does not stand there."""
    end = manifest.get("audit")
    if not isinstance(end, Mapping):
        return {}
    whole = isinstance(end.get("records"), int) and isinstance(end.get("head"), str)
    return dict(end) if whole else {}


def _place(end: Mapping[str, Any]) -> tuple[int, str]:
    return end["records"], end["head"]


def _keys_read(profile: Profile) -> Iterator[str]:
    """The keys of metadata that decide anything under a profile."""
    yield from profile.policy.require_metadata
    rules, routes = profile.policy.rules, profile.routes
    for when in (*(rule.when for rule in rules), *(route.when for route in routes)):
        for part in parts_of(when):
            yield from part.metadata


def _json(raw: bytes) -> Any:
    """A row as it stands in the record: its own JSON, or its text."""
    line = raw.strip()
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return raw.decode("utf-8", "backslashreplace")
    return orjson.Fragment(line)
