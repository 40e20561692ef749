"""``airoute rehearse`` as a command."""

from __future__ import annotations

import json
from pathlib import Path

PROFILE = """
[models.first]
provider = "away"
name = "m"
price = { input = 1, output = 2 }
[providers.away]
api = "openai"
base_url = "http://nowhere.example/v1"
api_key_env = "NOT_SET"
[[routes]]
name = "all"
models = ["first"]
"""


def test_what_would_have_happened_without_a_key(airoute, tmp_path: Path):
    (tmp_path / "airoute.toml").write_text(PROFILE)
    rows = "".join(json.dumps({"prompt": f"say {n}"}) + "\n" for n in range(400))
    (tmp_path / "rows.jsonl").write_text(rows)
    drawn = airoute("rehearse", "--faults", "429:5%,401@301", "-i", "rows.jsonl", "-o", "kept")
    assert drawn.returncode == 0, drawn.stderr
    assert "rehearsed 400 rows in" in drawn.stdout
    assert "lost: none" in drawn.stdout
    assert "exit code 4 (stopped early: unavailable)" in drawn.stdout
    assert "away refuses the key in NOT_SET" in drawn.stderr
    assert (tmp_path / "kept" / "results.jsonl").exists()
    before = set(tmp_path.iterdir())
    told = airoute("rehearse", "--faults", "500:2%", "rows.jsonl", "--json")
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout)
    assert (report["exit_code"], report["lost_rows"], report["seed"]) == (0, 0, 0)
    assert report["summary"]["rows"]["completed"] == 400
    assert report["virtual_seconds"] > report["seconds"]
    assert set(tmp_path.iterdir()) == before
    wrong = airoute("rehearse", "--faults", "429", "rows.jsonl")
    assert wrong.returncode == 2
    assert "write it as KIND:RATE" in wrong.stderr
