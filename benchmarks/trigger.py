"""How long `dbt-runner trigger` takes from its start to its request, against importing the SDK.

The request is timed where it arrives: at a stand-in for the Jobs API on loopback. Before it the
client has read its settings, logged in, looked at the job, checked the parameters by the rules of
the run, and put the token on disk. Without any of that, a client in Python has to import the SDK.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from paired import Contender, compare

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from jobs_api import RUN_NOW, TOKEN, JobsApi, serving

RUNS = int(os.environ.get("RUNS", "15"))
JOB = 12


@dataclass(frozen=True)
class UntilRequest(Contender):
    """A command timed until its request arrives."""

    server: JobsApi

    def seconds(self) -> float:
        """From its start to the request."""
        self.server.arrived.clear()
        began = time.time()
        subprocess.run(
            self.words, env=self.environment, cwd=self.folder, check=True, capture_output=True
        )
        [arrived] = [when for path, when in self.server.arrived if path == RUN_NOW]
        return arrived - began


def main() -> int:
    """Print the figure."""
    scripts = Path(sysconfig.get_path("scripts"))
    with tempfile.TemporaryDirectory(prefix="bench-trigger-") as name, serving() as server:
        folder = Path(name)
        names = ("run_type", "target_schema")
        declared = [{"name": name, "default": ""} for name in names]
        wheel = {"package_name": "dbt_runner", "entry_point": "run"}
        task = {"task_key": "build", "python_wheel_task": wheel}
        server.jobs[JOB] = {"name": "build", "parameters": declared, "tasks": [task]}
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DATABRICKS_HOST": server.url,
            "DATABRICKS_TOKEN": TOKEN,
        }
        words = ["trigger", str(JOB), "--run-type=full", "--target-schema=finance", "--no-wait"]
        ours = UntilRequest(
            "dbt-runner trigger", [str(scripts / "dbt-runner"), *words], environment, folder, server
        )
        sdk = Contender(
            "import databricks.sdk",
            [str(scripts / "python"), "-c", "import databricks.sdk"],
            environment,
            folder,
        )
        reached = compare("trigger_vs_import_sdk", ours, sdk, runs=RUNS, goal=1.6)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
