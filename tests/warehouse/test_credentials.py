"""How a run logs in, and stays logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from warehouse.bench import Bench
    from warehouse.conftest import Shop

SLOW = "select id, java_method('java.lang.Thread', 'sleep', 4500L) as slept from {}"


def test_run_outlives_its_tokens(shop: Shop, bench: Bench) -> None:
    """Tokens that live for seconds are renewed in time: no node fails of an old one."""
    bench.set(token_life=4)
    shop.model("slow_0", SLOW.format("range(1)"))
    for number in range(1, 5):
        shop.model(f"slow_{number}", SLOW.format(f"{{{{ ref('slow_{number - 1}') }}}}"))
    done = shop.run("--run-type=full", "--threads=1", env=shop.machine())
    assert done.code == 0, done.stdout
    assert done.nodes == {"success": 5}
    [found] = done.events("credentials.found")
    assert found["auth_type"] == "oauth-m2m"
    assert done.summary["timings_s"]["execute"] > 5 * 4
    assert bench.told()["tokens_used"] >= 6
    assert [line for line in done.lines if line.get("level") == "warning"] == []
    assert len(shop.rows("slow_4")) == 1


@pytest.mark.parametrize("kind", ["token", "secret"])
def test_refused_login(shop: Shop, bench: Bench, kind: str) -> None:
    """A wrong token or secret ends the run in one line that does not tell it, and sends nothing."""
    wrong = "wrong-0123456789abcdef"
    env = (
        shop.environment(DATABRICKS_TOKEN=wrong)
        if kind == "token"
        else shop.machine(DATABRICKS_CLIENT_SECRET=wrong)
    )
    done = shop.model("one").run("--run-type=full", env=env)
    assert done.code == 2, done.stdout
    assert done.summary["elapsed_s"] < 20
    error = done.summary["error"]
    assert error.count("\n") == 0
    assert bench.host in error
    assert wrong not in done.stdout + done.stderr
    assert bench.statements() == []


def test_two_ways_to_log_in(shop: Shop, bench: Bench) -> None:
    """Of a token and a service principal, the one that is renewed is used; the other is named."""
    env = shop.machine(DATABRICKS_TOKEN=bench.token)
    done = shop.model("one").run("--run-type=full", env=env)
    assert done.code == 0, done.stdout
    [found] = done.events("credentials.found")
    assert found["host"] == bench.host
    assert (found["auth_type"], found["ignored"]) == ("oauth-m2m", "pat")
    assert len(shop.rows("one")) == 1
