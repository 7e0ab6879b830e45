"""Apache Spark with Delta, one session for each connection."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from front.parameters import bind

_SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.sources.default": "delta",
    # as a SQL warehouse has it
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    # a laptop's measures
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    # compiling a plan takes longer than going over some thousand rows without
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.driver.memory": "2g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # loopback only
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


class SqlError(Exception):
    """The engine refused a statement; the text is the engine's own."""


class Spark:
    """The engine.

    Args:
        jars: files of Delta Lake.
        folder: where the tables lie.
        catalogs: names that are known as catalogs; all of them are Spark's one session catalog.
    """

    def __init__(self, jars: Iterable[Path], folder: Path, catalogs: tuple[str, ...]) -> None:
        builder = SparkSession.builder.master("local[2]").appName("bench")
        for name, value in _SETTINGS.items():
            builder = builder.config(name, value)
        builder = builder.config("spark.jars", ",".join(map(str, jars)))
        builder = builder.config("spark.sql.warehouse.dir", str(folder / "tables"))
        java = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto "
        # the default of one tier's is full after some thousand statements, and compiling then ends
        java += "-XX:ReservedCodeCacheSize=256m "
        java += f"-Dderby.system.home={folder} -Djava.io.tmpdir={folder}"
        builder = builder.config("spark.driver.extraJavaOptions", java)
        builder = builder.config("spark.local.dir", str(folder / "scratch"))
        self._root = builder.getOrCreate()
        self._root.sparkContext.setLogLevel("OFF")
        self._catalogs = catalogs
        self._cancelled: set[str] = set()
        self._lock = threading.Lock()
        self.run(self._root, "select 1")

    def session(self) -> SparkSession:
        """A session with temporary views and settings of its own, and every catalog."""
        session = self._root.newSession()
        # the catalog is made when it is first asked for, by the settings of the thread's session
        session._get_j_spark_session_class(session._jvm).setActiveSession(session._jsparkSession)
        manager = session._jsparkSession.sessionState().catalogManager()
        # Spark has no second name for a catalog, so it goes where those that were loaded are kept
        known = manager.getClass().getDeclaredField("catalogs")
        known.setAccessible(True)
        for name in self._catalogs:
            known.get(manager).put(name, manager.v2SessionCatalog())
        return session

    def run(
        self,
        session: SparkSession,
        sql: str,
        group: str | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """Run one statement; `group` is the name by which it can be cancelled.

        Raises:
            SqlError: the engine refused it, or it was cancelled.
        """
        context = self._root.sparkContext
        try:
            sql = bind(session, sql, parameters) if parameters else sql
            if group:
                context.setJobGroup(group, "bench", interruptOnCancel=True)
            found = session.sql(sql)
            # the metrics of `optimize` say that they are never null, and are
            return (
                pa.table({})
                if "clusteringStats" in found.schema.simpleString()
                else found.toArrow()
            )
        except PySparkException as error:
            if group in self._cancelled:
                msg = "cancelled"
                raise SqlError(msg) from error
            raise SqlError(_message(error)) from error
        except Exception as error:
            # what Java throws without a class of PySpark's, such as Delta's conflicts
            raise SqlError(_message(error)) from error

    def cancel(self, group: str) -> None:
        """Have a running statement end, also if it is only being planned."""
        with self._lock:
            self._cancelled.add(group)
        self._root.sparkContext._jsc.sc().cancelJobGroupAndFutureJobs(group)

    def schemas(self) -> list[str]:
        """Names of all schemas."""
        return [row[0] for row in self._root.sql("show schemas in spark_catalog").collect()]

    def tables(self, schema: str) -> list[tuple[str, str]]:
        """(name, TABLE or VIEW) of everything in a schema that lasts."""
        rows = self._root.sql(f"show tables in spark_catalog.`{schema}`").collect()
        views = self._root.sql(f"show views in spark_catalog.`{schema}`").collect()
        names = {row["viewName"] for row in views}
        return [
            (row["tableName"], "VIEW" if row["tableName"] in names else "TABLE")
            for row in rows
            if not row["isTemporary"]
        ]

    def knows(self, catalog: str) -> bool:
        """Whether there is a catalog of this name."""
        return catalog.lower() in self._catalogs

    def stop(self) -> None:
        """End the engine."""
        self._root.stop()


def _message(error: Exception) -> str:
    text = str(error).split("JVM stacktrace")[0]
    java = re.search(
        r"^: (?:[\w.$]+(?:Exception|Error)): (.*?)(?:\n\tat |\Z)", text, re.MULTILINE | re.DOTALL
    )
    return (java[1] if java else text).strip()
