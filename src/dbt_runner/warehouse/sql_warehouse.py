"""The SQL warehouse that a run uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from dbt_runner.argv import printable
from dbt_runner.errors import ProjectError, SettingsError
from dbt_runner.warehouse.connection import Address
from dbt_runner.warehouse.refusals import Forbidden, Missing, OutOfScope
from dbt_runner.warehouse.rest_api import RestApi

_WAREHOUSE_PATH = re.compile(r"/sql/1\.0/(?:warehouses|endpoints)/([^/?]+)(?:\?.*)?")


@dataclass(frozen=True)
class Warehouse:
    """Where the statements go.

    Attributes:
        http_path: as dbt is told it.
        warehouse_id: `None` for a cluster, which is not looked after.
        name: where it is known.
    """

    http_path: str
    warehouse_id: str | None
    name: str | None = None

    def __str__(self) -> str:
        """The name, with the id if both are known."""
        if self.name is None:
            return str(self.warehouse_id or self.http_path)
        return f"{printable(self.name)} ({self.warehouse_id})"


def find(api: RestApi, address: Address) -> Warehouse:
    """Find the warehouse; only for its name is the workspace asked.

    Forms of an HTTP path: docs.databricks.com, "Get connection details for a Databricks compute
    resource"; `endpoints` is the older word for warehouses.

    Args:
        address: names the warehouse in one way, in a form that was checked already.

    Raises:
        SettingsError: the name is nobody's or shared.
        ProjectError: the warehouses cannot be listed.
        TransientError: the host does not answer.
    """
    if address.warehouse:
        return _by_name(api, address.warehouse)
    path = address.http_path or f"/sql/1.0/warehouses/{address.warehouse_id}"
    found = _WAREHOUSE_PATH.fullmatch(path)
    return Warehouse(path, found[1] if found else None)


def _by_name(api: RestApi, name: str) -> Warehouse:
    try:
        found = api.ask(lambda ws: list(ws.warehouses.list()))
    except (Missing, Forbidden, OutOfScope) as refusal:
        msg = f"warehouse: those on {api.host} cannot be listed: {refusal}; or give warehouse_id"
        raise ProjectError(msg) from refusal
    ids = [each.id for each in found if each.name == name and each.id]
    if len(ids) > 1:
        msg = (
            f"warehouse: {printable(name)} is the name of {len(ids)} warehouses on {api.host}; "
            f"give warehouse_id instead, one of {', '.join(sorted(ids))}"
        )
        raise SettingsError(msg)
    if not ids:
        names = sorted({each.name for each in found if each.name})
        near = get_close_matches(name, names, n=3, cutoff=0.5)
        known = f"did you mean {' or '.join(map(printable, near))}? " if near else ""
        msg = (
            f"warehouse: {printable(name)} is no warehouse on {api.host} that "
            f"{api.principal} may use; {known}`databricks warehouses list` shows them"
        )
        raise SettingsError(msg)
    return Warehouse(f"/sql/1.0/warehouses/{ids[0]}", ids[0], name)
