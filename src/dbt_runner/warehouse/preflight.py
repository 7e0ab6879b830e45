"""What is made sure of on Databricks while dbt is imported and the project parsed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from dbt_runner.errors import TransientError
from dbt_runner.warehouse.rest_api import RestApi
from dbt_runner.warehouse.sql_warehouse import Warehouse
from dbt_runner.warehouse.start import DEADLINE, Start
from dbt_runner.warehouse.unity_catalog import UnityCatalog


class Preflight:
    """The warehouse runs, the catalog and the schemas are there or may be created.

    No SQL is sent. A run that is cancelled makes each check return at once.

    Args:
        api: the workspace.
        warehouse: what `sql_warehouse.find` gave.
        notice: told what goes on: a dotted event, `level` and facts.
        deadline: seconds that the warehouse may take to start.
    """

    def __init__(
        self,
        api: RestApi,
        warehouse: Warehouse,
        notice: Callable[..., None],
        *,
        deadline: float = DEADLINE,
    ) -> None:
        self._api = api
        self._start = Start(api, warehouse, notice, deadline=deadline)
        self._unity_catalog = UnityCatalog(api, notice)

    def check(self, catalog: str, schema: str) -> None:
        """Start the warehouse, look at the catalog and the schema meanwhile, and wait for it.

        Raises:
            SettingsError: the warehouse or the catalog does not exist.
            ProjectError: the credentials are refused, or a grant is missing.
            TransientError: the host does not answer, or the warehouse does not start.
        """
        look = partial(self._unity_catalog.check, catalog, schema)
        self._go([self._start.request, look, self._start.wait])

    def check_schemas(self, schemas: Iterable[tuple[str, str]]) -> None:
        """Look at further schemas, once the plan names them; those already seen cost nothing.

        Args:
            schemas: pairs of catalog and schema.

        Raises:
            SettingsError: a catalog does not exist.
            ProjectError: a grant is missing.
            TransientError: the host does not answer.
        """
        self._go(partial(self._unity_catalog.check, *pair) for pair in schemas)

    def _go(self, steps: Iterable[Callable[[], None]]) -> None:
        for step in steps:
            if self._api.cancelled():
                return
            try:
                step()
            except TransientError:
                # a cancelled run does not try again, so this is no verdict
                if not self._api.cancelled():
                    raise
