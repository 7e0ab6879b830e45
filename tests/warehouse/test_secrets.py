"""No secret is found anywhere after a run, nor in the process list while it goes on."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runs import Finished
    from warehouse.bench import Bench
    from warehouse.conftest import Shop

VARIABLES = ("DATABRICKS_TOKEN", "DATABRICKS_CLIENT_SECRET")
SLOW = "select count(*) as n from range(100000) a cross join range(100000) b where a.id <> b.id"


def check(shop: Shop, done: Finished) -> None:
    """Look for all secrets in all that the run left: its home, artifacts, folders and output."""
    bench = shop.bench
    secrets = [bench.token, bench.client_secret, *bench.told()["tokens"]]
    files = [file for file in shop.root.rglob("*") if file.is_file()]
    assert len(files) > 5
    texts = {str(file): file.read_bytes() for file in files}
    texts["output"] = (done.stdout + done.stderr).encode()
    found = {name for name, text in texts.items() for s in secrets if s.encode() in text}
    assert found == set()


@pytest.mark.parametrize("login", ["environment", "machine"])
@pytest.mark.parametrize("level", ["info", "debug"])
def test_after_success_and_failure(shop: Shop, bench: Bench, login: str, level: str) -> None:
    """Neither a fixed token nor a client's secret or its tokens are left behind."""
    shop.model("good").model("bad", "select nothing as id")
    seen = [f"{{{{ env_var('{name}', 'none') }}}}" for name in VARIABLES]
    shop.model("curious", f"select '{''.join(seen)}' as a")
    env = getattr(shop, login)()
    done = shop.run("--run-type=full", f"--log-level={level}", env=env)
    assert (done.code, set(done.failed)) == (1, {"bad"})
    assert shop.rows("curious") == [{"a": "nonenone"}]
    check(shop, done)


def test_while_it_runs_and_after_a_cancel(shop: Shop, bench: Bench) -> None:
    """The process list shows no secret, and a cancelled run leaves none."""
    running = shop.model("slow", SLOW).fork(
        "--run-type=full", "--log-level=debug", env=shop.machine()
    )
    deadline = time.monotonic() + 60
    while not bench.statements("cross join"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    lines = [Path(f"/proc/{number}/cmdline").read_bytes() for number in running.family()]
    assert lines
    for secret in (bench.client_secret, *bench.told()["tokens"]):
        assert not [line for line in lines if secret.encode() in line]
    running.send(signal.SIGTERM)
    done = running.finish()
    assert done.code == 143
    check(shop, done)
