"""Many clients that are killed, under a network and a workspace that fail."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from jobs_api import GET_RUN, RUN_NOW, TOKEN, serving

INTENTS = int(os.environ.get("INTENTS", "200"))
SEED = os.environ.get("SEED", "5")
DRIVER = Path(__file__).parents[1] / "trigger_driver.py"
FAULTS = {
    RUN_NOW: ["drop_before", "drop_after", "drop_after", "429:0", "500", "503", "slow:0.2"],
    GET_RUN: ["drop_before", "429:0", "503", "slow:0.1"],
}


@pytest.mark.slow
def test_one_run_for_each_intent(tmp_path: Path) -> None:
    """However often a client dies, and whatever the network does, one run comes of one intent."""
    chance = random.Random(SEED)  # noqa: S311 - chaos, not secrets

    def fault(path: str, _number: int) -> str | None:
        rate = 0.35 if path == RUN_NOW else 0.05
        return chance.choice(FAULTS.get(path, ["503"])) if chance.random() < rate else None

    with serving() as server:
        names = ("run_type", "target_schema")
        parameters = [{"name": name, "default": ""} for name in names]
        server.jobs[12] = {"name": "build", "parameters": parameters}
        server.faults = fault
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "DATABRICKS_HOST": server.url,
            "DATABRICKS_TOKEN": TOKEN,
        }
        done = subprocess.run(
            [sys.executable, str(DRIVER), "12", str(INTENTS), SEED],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr[-3000:]
        told = json.loads(done.stdout)
        runs = Counter(
            run.request["job_parameters"]["target_schema"] for run in server.runs.values()
        )
    assert runs == {f"intent_{number}": 1 for number in range(INTENTS)}
    assert told["codes"] == [0] * INTENTS, done.stderr[-3000:]
    # the test would show nothing if nobody died
    assert told["killed"] > INTENTS / 4
    sent = Counter(body["idempotency_token"] for body in server.bodies(RUN_NOW))
    assert len(sent) >= INTENTS
    assert max(sent.values()) > 1
