"""What the journal costs: the processor time of its thread, of all that a run takes.

The run builds 1,000 views in a new DuckDB file. Times on a clock would not show a difference of a
hundredth on a machine that others use too; processor time does.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = int(os.environ.get("RUNS", "5"))
NODES = 1000
GOAL = 0.01
PROGRAM = """
import sys, time
from pathlib import Path
from dbt_runner import cli
from dbt_runner.store.journal import Journal

file, *words = sys.argv[1:]
write_on = Journal._write_on

def measured(self):
    write_on(self)
    Path(file).write_text(str(time.thread_time()))

Journal._write_on = measured
cli._run(words, {}, in_job=False, ends_process=False)
print(time.process_time(), file=sys.stderr)
"""


def main() -> int:
    """Print the figure."""
    shares = [_share() for _ in range(RUNS)]
    share = statistics.median(shares)
    spread = f"{min(shares):.4f} to {max(shares):.4f}"
    sys.stderr.write(f"journal: {share:.4f} of a run's processor time ({spread}), goal {GOAL}\n")
    figure = {"figure": "journal_cost", "ratio": round(share, 4), "n": RUNS, "goal": GOAL}
    sys.stdout.write(json.dumps({**figure, "nodes": NODES}) + "\n")
    return 0 if share <= GOAL else 1


def _share() -> float:
    with tempfile.TemporaryDirectory(prefix="bench-journal-") as name:
        folder = Path(name)
        models = folder / "shop/models"
        models.mkdir(parents=True)
        (folder / "shop/dbt_project.yml").write_text("name: shop\nprofile: shop\n")
        for number in range(NODES):
            (models / f"m_{number:04}.sql").write_text(f"select {number} as id")
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                PROGRAM,
                str(folder / "journal"),
                "--run-type=full",
                f"--project-dir={folder / 'shop'}",
                f"--artifacts={folder / 'artifacts'}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=True,
            encoding="utf-8",
        )
        whole = float(done.stderr.splitlines()[-1])
        return float((folder / "journal").read_text()) / whole


if __name__ == "__main__":
    sys.exit(main())
