"""Where the tables of a benchmark are built: in DuckDB, or in the warehouse bench, slowed down."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from warehouse.bench import Bench


@dataclass(frozen=True)
class Site:
    """What one contender has for itself.

    Attributes:
        folder: holds `shop`, the project, and everything else that its processes touch.
        schema: never seen before.
    """

    folder: Path
    schema: str

    def settle(self) -> None:
        """Make the folders that its processes expect."""
        for inner in ("home", "tmp", "artifacts", "profiles"):
            (self.folder / inner).mkdir(parents=True)


class Place(Protocol):
    """A database.

    Attributes:
        target: name of the target of ours that leads there.
    """

    target: str

    def output(self, site: Site) -> dict[str, Any]:
        """The output of plain dbt's profile."""

    def policy(self) -> dict[str, Any]:
        """The `runner.yml` that the wheel is built with."""

    def environment(self) -> dict[str, str]:
        """Variables of every contender."""

    def first_sql(self, site: Site) -> float:
        """Unix time of the first model's transaction."""

    def clear(self, site: Site) -> None:
        """Forget the tables."""


class DuckDb:
    """A file for each site."""

    target = "local"

    def output(self, site: Site) -> dict[str, Any]:
        """The file that `dbt-runner` takes too."""
        return {"type": "duckdb", "path": str(self._file(site)), "schema": site.schema}

    def policy(self) -> dict[str, Any]:
        """A target of this kind."""
        production = {"target": self.target, "catalog": "local", "schema": "analytics"}
        target = {"type": "duckdb", "schema": "analytics"}
        return {"targets": {self.target: target}, "production": production}

    def environment(self) -> dict[str, str]:
        """None."""
        return {}

    def first_sql(self, site: Site) -> float:
        """What the model `clock` holds."""
        import duckdb

        with duckdb.connect(str(self._file(site)), read_only=True) as database:
            query = f"select epoch(began_at) from {site.schema}.clock"  # noqa: S608 - our own name
            [(found,)] = database.execute(query).fetchall()
        return float(found)

    def clear(self, site: Site) -> None:
        """Remove the file."""
        self._file(site).unlink()

    def _file(self, site: Site) -> Path:
        return site.folder / "artifacts/local.duckdb"


@dataclass(frozen=True)
class Warehouse:
    """The bench of `make test-warehouse`; each statement waits before the engine gets it."""

    bench: Bench
    target: str = "bench"

    def wait(self, seconds: float) -> None:
        """Have every statement wait so long from now on."""
        self.bench.reset()
        fault = {"do": "delay", "method": "ExecuteStatement", "sql": "", "times": sys.maxsize}
        self.bench.fail({**fault, "seconds": seconds})

    def output(self, site: Site) -> dict[str, Any]:
        """With the fixed token."""
        host = {"host": self.bench.host, "token": self.bench.token}
        path = f"/sql/1.0/warehouses/{self.bench.warehouse_id}"
        return {**self._target(site.schema), **host, "http_path": path}

    def policy(self) -> dict[str, Any]:
        """A target that knows the bench; a run names its schema."""
        target = {**self._target("bench"), "warehouse_id": self.bench.warehouse_id}
        return {"targets": {self.target: target}}

    def environment(self) -> dict[str, str]:
        """What the Databricks SDK looks for."""
        return {
            "DATABRICKS_HOST": f"https://{self.bench.host}",
            "DATABRICKS_TOKEN": self.bench.token,
            "REQUESTS_CA_BUNDLE": str(self.bench.authority),
        }

    def first_sql(self, site: Site) -> float:
        """What the model `clock` holds: when the engine began with it, after the wait."""
        query = f"select unix_micros(began_at) as began from {site.schema}.clock"  # noqa: S608 - our own name
        return float(self.bench.sql(query)[0]["began"]) / 1e6

    def clear(self, site: Site) -> None:
        """Drop the schemas."""
        for suffix in ("", "_staging", "_marts"):
            self.bench.sql(f"drop schema if exists {site.schema}{suffix} cascade")

    def _target(self, schema: str) -> dict[str, Any]:
        parameters = {
            # the connector knows no port, and trusts no authority of ours
            "_connection_uri": f"https://{self.bench.host}/sql/1.0/warehouses/"
            + self.bench.warehouse_id,
            "_tls_trusted_ca_file": str(self.bench.authority),
        }
        place = {"type": "databricks", "catalog": "main", "schema": schema}
        return {**place, "connection_parameters": parameters}


@contextmanager
def warehouse(folder: Path) -> Iterator[Warehouse]:
    """Start the bench, in the environment that has Spark, and end it."""
    python = Path(os.environ["BENCH_WAREHOUSE"], "bin/python")
    bench = Bench(folder, Path(os.environ["BENCH_JARS"]), str(python))
    try:
        yield Warehouse(bench)
    finally:
        bench.stop()
