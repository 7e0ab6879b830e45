"""The SQL warehouse: the front of `tests/warehouse`, over a real Spark.

It is started when a task first asks for it, and lasts as long as the server.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from databricks import sql
from databricks.sql.client import Cursor

from warehouse.bench import Bench


@dataclass
class Warehouse:
    """A warehouse that may not have been started.

    Attributes:
        folder: for everything that it writes.
        jars: folder with Delta Lake.
        python: of the environment that has Spark.
    """

    folder: Path
    jars: Path
    python: Path
    _bench: Bench | None = None
    _starting: threading.Lock = field(default_factory=threading.Lock)

    def bench(self) -> Bench:
        """The front, once it answers."""
        with self._starting:
            if self._bench is None:
                self._bench = Bench(self.folder, self.jars, str(self.python))
        return self._bench

    @contextmanager
    def cursor(self, warehouse_id: str) -> Iterator[Cursor]:
        """A session of its own, by the real connector.

        Raises:
            sql.Error: there is no warehouse of this id.
        """
        bench = self.bench()
        path = f"/sql/1.0/warehouses/{warehouse_id}"
        connection = sql.connect(
            bench.host,
            path,
            bench.token,
            # the connector knows no port, and trusts no authority of ours
            _connection_uri=f"https://{bench.host}{path}",
            _tls_trusted_ca_file=str(bench.authority),
            enable_telemetry=False,
        )
        with connection, connection.cursor() as cursor:
            yield cursor

    def stop(self) -> None:
        """End it, where it was started."""
        if self._bench:
            self._bench.stop()
