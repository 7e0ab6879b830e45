"""Runs the notebook of databricks-dbt-factory, which runs dbt in a job's task, as that task would.

`python factory.py <notebook> <project> <profiles> <dbt command>`. What a notebook finds on
Databricks and not here is stood in for: `dbutils` with its widgets, and a workspace, which the
notebook asks for the login; it says that it knows nothing, so the given token counts.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace


class Workspace(BaseHTTPRequestHandler):
    """Knows nothing."""

    def do_GET(self) -> None:
        """Not found."""
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Run it."""
    notebook, project, profiles, command = sys.argv[1:]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Workspace)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["DATABRICKS_HOST"] = f"http://127.0.0.1:{server.server_port}"
    os.environ["DATABRICKS_TOKEN"] = "none"  # noqa: S105 - nobody takes it
    # relative names of a project are resolved beside the notebook's place in the workspace
    os.chdir(project)
    values = {"dbt_commands": json.dumps([command]), "profiles_directory": profiles}
    widgets = SimpleNamespace(text=lambda *_: None, get=lambda name: values.get(name, ""))
    runpy.run_path(notebook, init_globals={"dbutils": SimpleNamespace(widgets=widgets)})


if __name__ == "__main__":
    main()
