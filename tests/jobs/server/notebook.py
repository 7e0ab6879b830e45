"""The notebook task (docs: jobs/notebook), by the executor in `tests/notebooks.py`."""

from __future__ import annotations

import json
from pathlib import Path

from jobs.server import compute
from jobs.server.attempt import Attempt, End

EXECUTOR = Path(__file__).parents[2] / "notebooks.py"
EXITED = "notebook exited with: "


def run(attempt: Attempt) -> End:
    """Run all cells, with the base parameters as widgets; it fails where there is no executor.

    What the notebook exits with is `notebook_output`; `logs` are for other kinds of tasks
    (docs: api/workspace/jobs/getrunoutput).
    """
    if not EXECUTOR.exists():
        return End("FAILED", "this bench cannot run notebook_task: tests/notebooks.py is missing")
    path = attempt.settings["notebook_path"]
    parameters = json.dumps(attempt.settings.get("base_parameters", {}))
    end, text = compute.run(attempt, [str(EXECUTOR), path, parameters])
    output = attempt.record.output
    lines = text.strip().splitlines()
    if end.result == "SUCCESS" and lines and lines[-1].startswith(EXITED):
        value = lines[-1].removeprefix(EXITED)
        output["notebook_output"] = {"result": value, "truncated": False}
    elif "Traceback (most recent call last)" in text:
        output["error_trace"] = text[text.rfind("Traceback (most recent call last)") :]
    if end.result == "SUCCESS":
        for name in ("logs", "logs_truncated"):
            output.pop(name)
    return end
