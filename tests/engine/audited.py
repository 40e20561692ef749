"""Runs with an audit file, made without any server, and forgeries of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import orjson

from airoute_cli.core.figures import Figures
from airoute_cli.core.outcome import Attempt
from airoute_cli.core.request import Message, Request, Row, Text
from airoute_cli.edges.audit_key import Seal
from airoute_cli.edges.run_folder.audit_log import GENESIS, digest_of
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine.audit_trail import AuditTrail
from airoute_cli.routing.planner import Planner

PROFILE = """
[providers.here]
api = "openai"
base_url = "http://127.0.0.1:1/v1"
[models.a]
provider = "here"
name = "a-1"
price = "free"
[models.b]
provider = "here"
name = "b-1"
price = { input = 1.0, output = 2.0 }
[[routes]]
name = "refunds"
models = ["b"]
when = { contains_any = ["refund"] }
[[routes]]
name = "rest"
models = ["a"]
fallback = ["b"]
"""
SEAL = Seal(b"key")


def a_row(number: int) -> Row:
    text = f"refund {number}" if number % 2 else f"hello {number}"
    request = Request((Message("user", (Text(text),)),))
    return Row(f"r{number}", number, bytes([number]) * 16, request, b"{}")


def carry_out(folder: RunFolder, trail: AuditTrail, planner: Planner) -> None:
    figures: dict[str, Figures] = {}
    for number in range(1, 5):
        row = a_row(number)
        plan = planner.plan(row, figures)
        trail.decide(row, plan, figures)
        trail.intend(row, plan.calls[0], 1)
        name = plan.calls[0].model
        trail.ended(row, 1, Attempt(name, 1.0, 2.0, usd=Decimal(0)), None)
        figures[name] = figures.get(name, Figures()).answered(20.0 * number, 30, 11, 10)


def rewrite(run: Path, change: dict[int, bytes | None], *, relink: bool = False) -> str:
    """Change lines by their number from 1 (None drops one); the head of the new chain."""
    audit = run / "audit.jsonl"
    lines = audit.read_bytes().splitlines()
    kept = [change.get(n, line) for n, line in enumerate(lines, 1)]
    head, new = GENESIS, []
    for line in kept:
        if line is None:
            continue
        told = orjson.loads(line) | {"n": len(new) + 1, "prev": head}
        new.append(orjson.dumps(told) if relink else line)
        head = digest_of(new[-1])
    audit.write_bytes(b"".join(line + b"\n" for line in new))
    return head


def forge(run: Path, change: dict[int, bytes | None]) -> None:
    """Change lines, write the chain anew and put its head into run.json."""
    manifest = orjson.loads((run / "run.json").read_bytes())
    manifest["audit"]["head"] = rewrite(run, change, relink=True)
    manifest["audit"]["records"] = len((run / "audit.jsonl").read_bytes().splitlines())
    (run / "run.json").write_bytes(orjson.dumps(manifest))


def line_of(run: Path, number: int) -> bytes:
    return (run / "audit.jsonl").read_bytes().splitlines()[number - 1]
