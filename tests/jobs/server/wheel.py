"""The Python wheel task (docs: jobs/python-wheel)."""

from __future__ import annotations

import json
from pathlib import Path

from jobs.server import compute
from jobs.server.attempt import Attempt, End

DRIVER = Path(__file__).with_name("driver.py")


def run(attempt: Attempt) -> End:
    """Call the entry point; named parameters arrive as `--name=value`, one word each.

    Source: `PythonWheelTask.named_parameters` in the SDK. An empty value is taken to arrive as
    `--name=`, and pushed ones behind the task's own.
    """
    settings = attempt.settings
    named = [f"--{name}={value}" for name, value in settings.get("named_parameters", {}).items()]
    file = attempt.workspace.folder / "logs" / f"{attempt.record.run_id}.json"
    told = {
        "package_name": settings["package_name"],
        "entry_point": settings["entry_point"],
        "parameters": [*settings.get("parameters", ()), *named],
        "error_file": str(file),
    }
    end, _ = compute.run(attempt, [str(DRIVER), json.dumps(told)])
    if file.exists():
        attempt.record.output.update(json.loads(file.read_text(encoding="utf-8")))
    return end
