"""A process that runs many times stays as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runs import Project

RUNS = 100
SETTLED = 20
PROGRAM = f"""
import json, os, signal, sys, threading
from dbt_runner import cli

def measure():
    import gc
    from dbt.adapters.factory import FACTORY
    from dbt_common.events.event_manager_client import get_event_manager
    gc.collect()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return {{
        "rss": pages * os.sysconf("SC_PAGE_SIZE"),
        "files": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "callbacks": len(get_event_manager().callbacks),
        "loggers": len(get_event_manager().loggers),
        "adapters": len(FACTORY.adapters),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "handlers": [str(signal.getsignal(number)) for number in (1, 2, 15)],
    }}

for number in range(1, {RUNS} + 1):
    cli._run(sys.argv[1:], os.environ, in_job=False, ends_process=False)
    if number in ({SETTLED}, {RUNS}):
        print(json.dumps(measure()), file=sys.stderr, flush=True)
"""


@pytest.mark.slow
def test_many_runs_in_one_process(project: Project) -> None:
    """Between the 20th and the 100th run nothing grows: memory, files, threads, callbacks."""
    project.write("models/orders.sql", "select 1 as id")
    running = project.start("--log-level=error", "--threads=1", program=("-c", PROGRAM))
    result = running.finish(seconds=150)
    assert result.code == 0, result.stderr
    assert len(result.events("run.finished")) == RUNS
    settled, last = map(json.loads, result.stderr.splitlines())
    growth = last.pop("rss") - settled.pop("rss")
    assert growth < 30_000_000
    assert last == settled
    assert settled["folder"] == str(project.root)
    assert list(project.tmp.iterdir()) == []
