"""Runs through the real adapter, against real Spark SQL behind the connector's own protocol."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from runs import Finished, Project, Running, Warm
from warehouse.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LIBRARIES = ("databricks.sql", "databricks.sdk", "dbt.adapters.databricks.impl")


@pytest.fixture(scope="session")
def running_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One front for all tests; it is ready within 30 s."""
    began = time.monotonic()
    bench = Bench(tmp_path_factory.mktemp("bench") / "front", Path(os.environ["BENCH_JARS"]))
    seconds = time.monotonic() - began
    try:
        assert seconds < 30, f"the front took {seconds:.0f} s to start"
        yield bench
    finally:
        bench.stop()


@pytest.fixture
def bench(running_bench: Bench) -> Bench:
    """The front, without faults and with an empty record."""
    running_bench.reset()
    return running_bench


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Forks processes for the runs of all tests."""
    found = Warm(*LIBRARIES)
    yield found
    found.close()


class Shop(Project):
    """A dbt project whose target is the bench, in a schema of its own."""

    bench: Bench
    schema: str

    def settle(self, bench: Bench, schema: str, **target: Any) -> Shop:
        """Write its policy."""
        self.bench, self.schema = bench, schema
        parameters = {
            # the connector knows no port, and trusts no authority of ours
            "_connection_uri": f"https://{bench.host}/sql/1.0/warehouses/{bench.warehouse_id}",
            "_tls_trusted_ca_file": str(bench.authority),
            "_retry_delay_max": 5,
            **target.pop("connection_parameters", {}),
        }
        place = {
            "type": "databricks",
            "catalog": "main",
            "schema": schema,
            "warehouse_id": bench.warehouse_id,
            "connection_parameters": parameters,
            **target,
        }
        policy = {"settings": {"target": "bench"}, "targets": {"bench": place}}
        self.write("runner.yml", yaml.safe_dump(policy))
        return self

    def environment(self, **changes: str | None) -> dict[str, str | None]:
        """The variables by which the Databricks SDK finds the bench: a fixed token."""
        return {
            "DATABRICKS_HOST": f"https://{self.bench.host}",
            "DATABRICKS_TOKEN": self.bench.token,
            "REQUESTS_CA_BUNDLE": str(self.bench.authority),
            **changes,
        }

    def machine(self, **changes: str | None) -> dict[str, str | None]:
        """The same for a service principal, whose tokens expire."""
        own = {
            "DATABRICKS_TOKEN": None,
            "DATABRICKS_CLIENT_ID": self.bench.client_id,
            "DATABRICKS_CLIENT_SECRET": self.bench.client_secret,
        }
        return self.environment(**{**own, **changes})

    def run(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Finished:
        """Run to the end."""
        return super().run(*arguments, env=env or self.environment())

    def fork(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Running:
        """Start a run."""
        return super().fork(*arguments, env=env or self.environment())

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Rows of a table in its schema, read without the engine."""
        return self.bench.rows(self.schema, table)


@pytest.fixture
def shop(
    tmp_path: Path, warm: Warm, bench: Bench, request: pytest.FixtureRequest
) -> Iterator[Shop]:
    """An empty project in a schema named for the test."""
    made = Shop(tmp_path, warm)
    name = "".join(c if c.isalnum() else "_" for c in request.node.name.lower())[:60]
    yield made.settle(bench, name)
    made.close()
