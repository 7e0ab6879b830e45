"""Forks processes in which the libraries of a run are imported already, to save their seconds.

Reads one JSON request per line and answers with one number: the id of a process that was started,
or the exit code of one that was waited for. Its arguments are further libraries. Of dbt-runner
nothing is imported before the fork.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import statements
import volume

LIBRARIES = (
    "dbt.cli.main",
    "dbt.task.build",
    "dbt.task.docs.generate",
    "pydantic_settings",
    "rich.live",
    "structlog",
)


def become(request: dict[str, Any]) -> None:
    """Turn this process into one that was started with a command line of its own."""
    os.setsid()
    for name, number in (("stdout", 1), ("stderr", 2)):
        handle = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
        os.close(handle)
    os.environ.clear()
    os.environ.update(request["env"])
    tempfile.tempdir = None
    os.chdir(request["cwd"])
    sys.argv = request["argv"]
    if request.get("site"):
        sys.path.insert(0, request["site"])
    noted = os.environ.pop("NOTED_STATEMENTS", None)
    if noted:
        statements.install(Path(noted))
    volume.install()


def serve() -> bool:
    """Answer requests; return whether this is a forked process, which is to run."""
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                become(request)
                return True
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    return False


for library in (*LIBRARIES, *sys.argv[1:]):
    importlib.import_module(library)
# one for all, or each process would start an interpreter for its own
resource_tracker.ensure_running()
if serve():
    from dbt_runner.cli import main

    sys.exit(main())
