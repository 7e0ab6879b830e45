"""Start a server: `python -m jobs.server FOLDER WHEELS`, with `tests` on PYTHONPATH.

The token that clients have to show is in BENCH_TOKEN, uv's program in UV. One JSON line on standard
output tells the port. The server ends when its standard input does, and with it every process of a
task, so it never outlives who started it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from jobs.server.environments import Environments
from jobs.server.http import Server
from jobs.server.workspace import Workspace


def main() -> None:
    """Serve until standard input ends."""
    folder, wheels = Path(sys.argv[1]), Path(sys.argv[2])
    environments = Environments(folder / "environments", os.environ["UV"], wheels)
    workspace = Workspace(folder, environments)
    server = Server(workspace, os.environ["BENCH_TOKEN"])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(json.dumps({"port": server.server_address[1]}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()
    workspace.processes.end_all()
    os._exit(0)


if __name__ == "__main__":
    main()
