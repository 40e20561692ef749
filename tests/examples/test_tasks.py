"""The example's classifier by model, on the embedded model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from airoute_cli.engine.audit_verify import verify

pytest_plugins = ("tests.embedded_fixtures",)

EXAMPLES = Path(__file__).parents[2] / "examples"
ROUTES = {"refund": "refunds", "repair": "workshop"}
BROKEN = "The pedal broke, I want my money back"
PROMPTS = (BROKEN, "is the helmet light usb-c?", BROKEN)


def test_the_embedded_model_chooses_the_routes(tmp_path: Path, weights: Path):
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    profile = tmp_path / "examples" / "tasks.toml"
    profile.write_text(profile.read_text().replace("smollm2-135m-instruct", str(weights)))
    rows = [{"custom_id": f"r{n}", "prompt": text} for n, text in enumerate(PROMPTS)]
    rows.append({"custom_id": "big", "prompt": "hello", "metadata": {"tier": "enterprise"}})
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    batch = ["batch", "rows.jsonl", "-o", "run", "--profile", str(profile)]
    done = subprocess.run(
        [sys.executable, "-m", "airoute_cli", *batch],
        cwd=tmp_path,
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    lines = map(json.loads, (tmp_path / "run" / "results.jsonl").read_text().splitlines())
    told = {line["custom_id"]: line["airoute"] for line in lines}
    assert told["big"]["route"] == "enterprise"
    assert "label" not in told["big"]
    for number in range(len(PROMPTS)):
        one = told[f"r{number}"]
        label = one["label"]
        assert label["said"] in {"refund", "repair", "question", "other"}
        assert 0 < label["confidence"] <= 1
        assert label["by"] == "logprobs"
        assert one["route"] == ROUTES.get(label["task"], "everything-else")
    assert told["r0"]["label"]["said"] == told["r2"]["label"]["said"]
    calls = Counter(one.get("role", "answer") for row in told.values() for one in row["attempts"])
    assert calls == {"classifier": 2, "answer": 4}
    assert verify(tmp_path / "run").holds
