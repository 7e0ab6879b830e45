"""What `dbt-runner jobs check` takes for 200 jobs after Python's start, in seconds.

Each job is the packaged main job, in a file of its own, checked for the three bundle targets.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import sysconfig
import tempfile
from pathlib import Path

from paired import Contender

ROOT = Path(__file__).parents[1]
RUNS = int(os.environ.get("RUNS", "7"))
JOBS = 200
GOAL = 1.0


def main() -> int:
    """Print the figure."""
    with tempfile.TemporaryDirectory(prefix="bench-check-") as name:
        folder = Path(name)
        _write(folder)
        environment = {"PATH": os.environ["PATH"], "HOME": name}
        script = str(Path(sysconfig.get_path("scripts"), "dbt-runner"))
        check = Contender("jobs check", [script, "jobs", "check"], environment, folder)
        start = Contender("python", [sys.executable, "-c", "pass"], environment, folder)
        check.seconds()
        pairs = [(check.seconds(), start.seconds()) for _ in range(RUNS)]
    spent, empty = (statistics.median(column) for column in zip(*pairs, strict=True))
    value = spent - empty
    sys.stderr.write(
        f"check_{JOBS}_jobs         jobs check {spent:.2f} s, python {empty:.2f} s, "
        f"difference {value:.2f} s, goal {GOAL} s\n"
    )
    line = {"figure": f"check_{JOBS}_jobs", "value": round(value, 3), "n": RUNS, "goal": GOAL}
    sys.stdout.write(json.dumps(line) + "\n")
    return 0 if value <= GOAL else 1


def _write(folder: Path) -> None:
    shutil.copy(ROOT / "databricks.yml", folder)
    shutil.copytree(ROOT / "dbt_project", folder / "dbt_project")
    text = (ROOT / "resources/dbt/dbt_build_job.yml").read_text(encoding="utf-8")
    (folder / "resources/dbt").mkdir(parents=True)
    for number in range(JOBS):
        job = text.replace("dbt_build_job:", f"dbt_build_{number}_job:")
        file = folder / "resources/dbt" / f"dbt_build_{number}_job.yml"
        file.write_text(job, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
