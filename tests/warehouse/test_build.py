"""The basic way through, on a small project."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.conftest import Shop


def test_model_is_built(shop: Shop) -> None:
    """A model becomes a Delta table."""
    done = shop.model("one", "select 1 as id, 'x' as name").run("--run-type=full")
    assert done.code == 0, done.stdout + done.stderr
    assert shop.rows("one") == [{"id": 1, "name": "x"}]
