"""What `dbt-runner` costs on top of plain dbt, on the same project and the same data.

Both build the packaged project from nothing (`--full-refresh`) into a DuckDB file of their own,
with as many threads, after a first run that leaves each its parse state. Plain dbt runs as its
users run it: its own flags, its own target folder, its log file.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from pathlib import Path

from paired import Contender, compare

from dbt_runner import project
from dbt_runner.warehouse import duckdb

RUNS = int(os.environ.get("RUNS", "7"))
THREADS = 8
SCALE = 0.01


def main() -> int:
    """Print both figures."""
    scripts = Path(sysconfig.get_path("scripts"))
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("DBT_", "PYTHON"))},
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    with tempfile.TemporaryDirectory(prefix="bench-overhead-") as name:
        folder = Path(name)
        ours = Contender(
            "dbt-runner",
            [
                str(scripts / "dbt-runner"),
                "--run-type=full",
                f"--artifacts={folder / 'ours'}",
                f"--threads={THREADS}",
                f"--sample-scale={SCALE}",
            ],
            environment,
            folder,
        )
        reached = compare(
            "run_vs_dbt_build", ours, _plain(scripts, folder, environment), runs=RUNS, goal=1.05
        )
        reached &= compare(
            "help_vs_dbt_help",
            Contender("dbt-runner", [str(scripts / "dbt-runner"), "--help"], environment, folder),
            Contender("dbt", [str(scripts / "dbt"), "--help"], environment, folder),
            runs=RUNS,
            goal=0.2,
        )
    return 0 if reached else 1


def _plain(scripts: Path, folder: Path, environment: dict[str, str]) -> Contender:
    """`dbt build` on a DuckDB file with the same sample data."""
    file = folder / "plain" / "local.duckdb"
    duckdb.offer_samples(file, SCALE, lambda: False)
    found = project.find(None)
    profile = duckdb.connection(found.profile, "local", file, "analytics", "local")
    profiles = profile.write_profile(folder / "plain" / "profiles")
    words = [
        str(scripts / "dbt"),
        "build",
        "--full-refresh",
        f"--project-dir={found.folder}",
        f"--profiles-dir={profiles}",
        f"--target-path={folder / 'plain' / 'target'}",
        f"--log-path={folder / 'plain' / 'logs'}",
        f"--threads={THREADS}",
    ]
    return Contender("dbt build", words, environment, folder)


if __name__ == "__main__":
    sys.exit(main())
