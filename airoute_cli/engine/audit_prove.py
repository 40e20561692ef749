"""Proves from the audit file of a run that every call for the rows of a rule was one it allows."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airoute_cli.core.errors import UsageError
from airoute_cli.edges.run_folder.audit_chain import MOST_FAULTS, Fault, Link
from airoute_cli.edges.run_folder.folder import AUDIT, RunFiles
from airoute_cli.edges.run_folder.intents import EVENT as INTENT
from airoute_cli.edges.run_folder.scratch import scratch
from airoute_cli.engine.audit_records import ATTEMPT, DECISION, OPENINGS, host_of
from airoute_cli.engine.audit_replay import UNREADABLE, Replay
from airoute_cli.engine.audit_verify import Verdict, checked_links
from airoute_cli.engine.stored_profile import ProfileChain, stored_profile

_TABLES = (
    """CREATE TABLE decided (pass INTEGER, line INTEGER, leaves INTEGER,
        PRIMARY KEY (pass, line)) WITHOUT ROWID""",
    "CREATE TABLE governed (row TEXT PRIMARY KEY) WITHOUT ROWID",
)
_DECIDE = "INSERT OR REPLACE INTO decided VALUES (?, ?, ?)"
_DECIDED = "SELECT leaves FROM decided WHERE pass = ? AND line = ?"
_GOVERN = "INSERT OR IGNORE INTO governed VALUES (?)"
_COUNT = "SELECT count(*) FROM governed"
_NOT_GOVERNED = -1
# What the database says of values that are none that a run has written.
_UNSTORABLE = (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.InterfaceError)


@dataclass(slots=True)
class Proof:
    """What was found of a rule: the rows that it governed, and the calls that were made for them.

    ``calls`` counts them by model and where it is; ``leaves`` holds the sets of models that the
    rule left, as they came up. Of them ``declared`` are those that it takes for private by the
    profile's word alone.
    """

    rule: str
    verdict: Verdict
    rows: int = 0
    decisions: int = 0
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    leaves: list[frozenset[str]] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)

    @property
    def holds(self) -> bool:
        """Whether the chain is whole and no call was outside."""
        return self.verdict.holds


def prove(run: Path, rule: str) -> Proof:
    """Follow the audit file once; what it needs of each row is kept on the disk.

    Raises UsageError where there is no run, or no profile of it has such a rule.
    """
    files = RunFiles.open(run)
    chain = stored_profile(files)
    _require_rule(rule, chain)
    proof = Proof(rule, Verdict(run / AUDIT))
    with scratch(*_TABLES) as database:
        proving = _Proving(proof, Replay(chain), database)
        for link in checked_links(run, files.read_manifest(), proof.verdict):
            proving.follow(link)
        proof.rows = database.execute(_COUNT).fetchone()[0]
    proof.verdict.faults.sort()
    del proof.verdict.faults[MOST_FAULTS:]
    return proof


def _require_rule(rule: str, chain: ProfileChain) -> None:
    profiles = (*(one.profile for one in chain.earlier), chain.profile)
    known = dict.fromkeys(one.name for profile in profiles for one in profile.policy.rules)
    if rule not in known:
        names = ", ".join(f'"{name}"' for name in known) or "none"
        raise UsageError(f'no profile of this run has a rule "{rule}"; there are: {names}')


class _Proving:
    def __init__(self, proof: Proof, replay: Replay, database: sqlite3.Connection) -> None:
        self._proof = proof
        self._replay = replay
        self._database = database
        self._sets: dict[frozenset[str], int] = {}

    def follow(self, link: Link) -> None:
        told = link.told
        try:
            self._replay.follow(told)
            event = told.get("event")
            if event == DECISION:
                self._decide(link.line, told)
            elif event in {INTENT, ATTEMPT}:
                self._call(link.line, told, counts=event == INTENT)
            elif event in OPENINGS:
                self._begin(told)
        except (*UNREADABLE, *_UNSTORABLE) as error:
            self._blame(link.line, f"it cannot be read ({type(error).__name__})")

    def _begin(self, told: Mapping[str, Any]) -> None:
        profile = self._replay.decider(told["pass"]).profile
        rule = next((one for one in profile.policy.rules if one.name == self._proof.rule), None)
        if rule and rule.require.private:
            models = profile.models.items()
            self._proof.declared |= {name for name, model in models if model.private_by_claim}
        if rule is None:
            note = f"pass {told['pass']} ran under a profile without this rule"
            self._proof.verdict.notes.append(note)

    def _decide(self, line: int, told: Mapping[str, Any]) -> None:
        self._proof.verdict.decisions += 1
        leaves = self._replay.left_by(self._proof.rule, told)
        if (leaves is not None) is not (self._proof.rule in told.get("rules", ())):
            says = "does" if leaves is None else "does not"
            self._blame(
                line, f"the record says that the rule {says} govern the row, and it is not so"
            )
        number = _NOT_GOVERNED
        if leaves is not None:
            self._proof.decisions += 1
            self._database.execute(_GOVERN, (told["custom_id"] or told["row"],))
            number = self._number(leaves)
        self._database.execute(_DECIDE, (told["pass"], told["line"], number))

    def _number(self, leaves: frozenset[str]) -> int:
        if leaves not in self._sets:
            self._sets[leaves] = len(self._proof.leaves)
            self._proof.leaves.append(leaves)
        return self._sets[leaves]

    def _call(self, line: int, told: Mapping[str, Any], *, counts: bool) -> None:
        found = self._database.execute(_DECIDED, (told["pass"], told["line"])).fetchone()
        if found is None:
            self._blame(line, "a call for a row of which no decision is recorded")
            return
        if found[0] == _NOT_GOVERNED:
            return
        model, leaves = told["model"], self._proof.leaves[found[0]]
        host = host_of(self._replay.decider(told["pass"]).profile.models[model])
        if counts:
            self._proof.calls[model, host] += 1
        if model not in leaves:
            names = ", ".join(sorted(leaves)) or "nobody"
            self._blame(line, f"a call to {model}, and the rule leaves {names}")
        elif told.get("host", host) != host:
            self._blame(
                line, f"a call to {model} at {told['host']}, which the profile has at {host}"
            )

    def _blame(self, line: int, message: str) -> None:
        self._proof.verdict.blame(Fault(line, message))
