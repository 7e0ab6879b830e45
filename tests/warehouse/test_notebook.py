"""The notebook of pattern P1 on the bench: its shell cell is logged in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import notebooks
from warehouse.test_job import ship

if TYPE_CHECKING:
    from warehouse.bench import Bench
    from warehouse.conftest import Shop

NOTEBOOK = Path(__file__).parents[2] / "resources" / "dbt" / "dbt_notebook.py"


def test_shell_cell_is_logged_in(shop: Shop, bench: Bench, tmp_path: Path) -> None:
    """The notebook hands its own login to the shell cell, and prints no secret."""
    ship(shop.model("one"), tmp_path / "site")
    chosen = {
        "run_type": "full",
        "target": "databricks",
        "warehouse_id": bench.warehouse_id,
        "target_schema": shop.schema,
    }
    done = shop.start(
        str(NOTEBOOK),
        json.dumps(chosen),
        packaged=True,
        program=(notebooks.__file__,),
        env={**shop.machine(), "PYTHONPATH": str(tmp_path / "site")},
    ).finish(120)
    last = done.stdout.splitlines()[-1]
    assert last.startswith(notebooks.EXITED), done.stdout + done.stderr
    assert json.loads(last.removeprefix(notebooks.EXITED))["target"] == "databricks"
    assert shop.rows("one") == [{"id": 1}]
    assert "by oauth-m2m" in done.stdout
    for secret in (bench.client_secret, *bench.told()["tokens"]):
        assert secret not in done.stdout + done.stderr
