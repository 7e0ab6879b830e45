"""Start a server: `python -m jobs.server FOLDER WHEELS`, with `tests` on PYTHONPATH.

The token that clients have to show is in BENCH_TOKEN, uv's program in UV; where SQL tasks can be
run, the environment that has Spark is in BENCH_WAREHOUSE, the folder with Delta Lake in BENCH_JARS.
One JSON line on standard output tells the port. The server ends when its standard input does, and
with it Spark and every process of a task, so it never outlives who started it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from pathlib import Path

from jobs.server.environments import Environments
from jobs.server.http import Server
from jobs.server.warehouse import Warehouse
from jobs.server.workspace import Workspace


def main() -> None:
    """Serve until standard input ends."""
    # what the SQL connector complains of is raised too, and standard error is for faults of ours
    logging.getLogger("databricks").setLevel(logging.CRITICAL)
    folder, wheels = Path(sys.argv[1]), Path(sys.argv[2])
    environments = Environments(folder / "environments", os.environ["UV"], wheels)
    workspace = Workspace(folder, environments, _warehouse(folder))
    server = Server(workspace, os.environ["BENCH_TOKEN"])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(json.dumps({"port": server.server_address[1]}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()
    workspace.processes.end_all()
    if workspace.warehouse:
        workspace.warehouse.stop()
    os._exit(0)


def _warehouse(folder: Path) -> Warehouse | None:
    home, jars = os.environ.get("BENCH_WAREHOUSE"), os.environ.get("BENCH_JARS")
    if not (home and jars):
        return None
    return Warehouse(folder / "warehouse", Path(jars), Path(home, "bin/python"))


if __name__ == "__main__":
    main()
