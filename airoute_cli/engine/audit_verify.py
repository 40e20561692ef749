"""Checks the audit file of a run: its chain, its end, and every decision in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airoute_cli.edges.run_folder.audit_chain import MOST_FAULTS, Chain, Fault, Link, read_links
from airoute_cli.edges.run_folder.folder import AUDIT, RunFiles
from airoute_cli.engine.audit_records import DECISION, OPENINGS
from airoute_cli.engine.audit_replay import UNREADABLE, Replay
from airoute_cli.engine.audit_trail import end_in
from airoute_cli.engine.stored_profile import stored_profile

_RUNNING = "running"


@dataclass(slots=True)
class Verdict:
    """What was checked and what was found.

    ``head_line`` is the line of the record that has the wanted head. ``notes`` are sentences about
    what could not be checked.
    """

    path: Path
    records: int = 0
    decisions: int = 0
    head: str = ""
    head_line: int | None = None
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def blame(self, fault: Fault) -> None:
        """Note a fault, unless enough are noted."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


def verify(run: Path, wanted_head: str | None = None) -> Verdict:
    """Check the audit file of a run folder, line by line.

    ``wanted_head`` is what the person has noted when the run ended. Raises UsageError where there
    is no run, RunError where its profile cannot be read.
    """
    files = RunFiles.open(run)
    manifest = files.read_manifest()
    verdict = Verdict(run / AUDIT)
    replay = Replay(stored_profile(files))
    for link in checked_links(files.path, manifest, verdict):
        if link.digest == wanted_head:
            verdict.head_line = link.line
        for fault in _faults(link, replay, verdict):
            verdict.blame(fault)
    if wanted_head is not None and verdict.head_line is None:
        message = "no record has the head that was asked for: the chain was written anew, or cut"
        verdict.faults.append(Fault(verdict.records, message))
    verdict.faults.sort()
    del verdict.faults[MOST_FAULTS:]
    return verdict


def checked_links(run: Path, manifest: Mapping[str, Any], verdict: Verdict) -> Iterator[Link]:
    """Every link of a run's chain; what is wrong with the chain is noted in ``verdict``."""
    end = end_in(manifest)
    running = manifest.get("state") == _RUNNING
    chain = Chain(None if running else end.get("head"))
    kept = not end
    for link in chain.follow(read_links(run / AUDIT)):
        kept = kept or (link.number == end["records"] and link.digest == end["head"])
        if lost := link.told.get("lost"):
            verdict.blame(Fault(link.line, _lost(link.told, lost)))
        yield link
    last = chain.last
    verdict.faults += chain.faults
    verdict.records, verdict.head = (last.line, last.digest) if last else (0, "")
    if running:
        verdict.notes.append(
            "the run has not ended in order, so that nothing holds its last records: "
            "go on with it (--resume), or compare --head"
        )
    if last is None:
        verdict.faults.append(Fault(1, "there is no record in it"))
    elif not running and not end:
        message = "run.json does not hold the head with which the run ended"
        verdict.blame(Fault(verdict.records, message))
    elif not verdict.faults and (not kept or (not running and last.digest != end["head"])):
        verdict.faults.append(Fault(verdict.records, _end(verdict, end)))


def _end(verdict: Verdict, end: Mapping[str, Any]) -> str:
    if verdict.records < end["records"]:
        return (
            f"the file ends with it, and run.json says that there are {end['records']:,} records: "
            "its end was cut off"
        )
    if verdict.records > end["records"]:
        return f"run.json says that the run ended with record {end['records']:,}"
    return "it is not the record that was written there: run.json holds another head"


def _faults(link: Link, replay: Replay, verdict: Verdict) -> Iterator[Fault]:
    try:
        replay.follow(link.told)
        event = link.told.get("event")
        if event in OPENINGS and (changed := _other_profile(link.told, replay)):
            yield Fault(link.line, changed)
        elif event == DECISION:
            verdict.decisions += 1
            if changed := replay.difference(link.told):
                yield Fault(link.line, f"made again, the decision differs in {changed}")
    except UNREADABLE as error:
        yield Fault(link.line, f"it cannot be read ({type(error).__name__})")


def _lost(told: Mapping[str, Any], end: Any) -> str:
    end = end if isinstance(end, Mapping) else {}
    return (
        f"when pass {told.get('pass')} began, the file did not hold record {end.get('records')}, "
        f"with which the run had ended before (head {end.get('head')}): it was cut or written anew"
    )


def _other_profile(told: Mapping[str, Any], replay: Replay) -> str | None:
    decider = replay.decider(told["pass"])
    if told.get("facts") == decider.facts and told.get("profile") == decider.profile.digest:
        return None
    return (
        f"pass {told['pass']} began with another profile or other prices than profile.json holds "
        "for it"
    )
