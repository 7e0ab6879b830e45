"""The entry point `shell` on the bench: a script has working credentials in every form."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from warehouse.test_cancel import ENDLESS, check_cancelled, wait_until_running
from warehouse.test_job import DRIVER, ship

if TYPE_CHECKING:
    from pathlib import Path

    from runs import Running
    from warehouse.bench import Bench
    from warehouse.conftest import Shop

SDK = """
from databricks.sdk import WorkspaceClient
ws = WorkspaceClient()
print(ws.config.auth_type, [warehouse.name for warehouse in ws.warehouses.list()])
"""


def start(shop: Shop, site: Path, script: str, *words: str) -> Running:
    """Start the task as a service principal, whose login the script does not get to see."""
    ship(shop, site)
    task = shop.root / "task.sh"
    task.write_text(script)
    fixed = (f"--script={task}", "--target=databricks", "--warehouse=Bench Warehouse")
    return shop.start(
        *fixed,
        f"--target_schema={shop.schema}",
        *words,
        packaged=True,
        program=("-c", DRIVER.replace('name="run"', 'name="shell"')),
        env={**shop.machine(), "PYTHONPATH": str(site)},
    )


def assert_no_secret(bench: Bench, text: str) -> None:
    """No login and no token that was ever given out stands there."""
    for secret in (bench.token, bench.client_secret, *bench.told()["tokens"]):
        assert secret not in text


def test_every_client_in_a_script_is_logged_in(shop: Shop, bench: Bench, tmp_path: Path) -> None:
    """dbt-runner, plain dbt and the SDK work in one script with the task's own login."""
    shop.model("one", "select 1 as id").model("two", "select 2 as id")
    script = f"""
dbt-runner
dbt build --select two
python - <<'END'
{SDK}
END
env
cat "$DBT_PROFILES_DIR/profiles.yml"
"""
    running = start(shop, tmp_path / "site", script, "--run_type=run", "--select=one")
    done = running.finish(180)
    assert done.stderr.splitlines()[-1] == "returned None", done.stdout + done.stderr
    assert shop.rows("one") == [{"id": 1}]
    assert shop.rows("two") == [{"id": 2}]
    assert "pat ['Bench Warehouse']" in done.stdout
    assert "DATABRICKS_CLIENT_SECRET" not in done.stdout
    assert "DBT_ACCESS_TOKEN=*****" in done.stdout
    assert_no_secret(bench, done.stdout + done.stderr)


def test_cancelled_script_ends_its_statement(shop: Shop, bench: Bench, tmp_path: Path) -> None:
    """A signal to the task cancels in the warehouse what the run in its script has sent."""
    shop.model("endless", ENDLESS)
    running = start(shop, tmp_path / "site", "dbt-runner\n", "--run_type=full")
    wait_until_running(bench)
    running.send(signal.SIGTERM)
    done = running.finish()
    assert done.stderr.splitlines()[-1] == "task.sh was ended: cancelled by signal SIGTERM"
    assert '"status": "cancelled"' in done.stdout
    assert running.family() == []
    check_cancelled(bench)
    assert_no_secret(bench, done.stdout + done.stderr)


def test_refused_login_is_told_before_the_script(shop: Shop, tmp_path: Path) -> None:
    """Where there is no way into the warehouse, the script is not started."""
    running = start(shop, tmp_path / "site", "touch started\n", "--warehouse=Nowhere")
    done = running.finish()
    assert "Nowhere" in done.stderr.splitlines()[-1]
    assert not (shop.root / "started").exists()
