"""The SQL files of the bundle's jobs, on Spark; volumes and grants are none of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

PROGRAM = """
import json, os, sys
from pathlib import Path
from pyspark.sql import SparkSession
from front.spark import Spark

folder, jars = Path(sys.argv[1]), sorted(Path(sys.argv[2]).glob("*.jar")) if sys.argv[2:] else []
if jars:
    session = Spark(jars, folder, ()).session()
else:
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.warehouse.dir", str(folder)).getOrCreate()
given, query = json.load(sys.stdin)
found = []
for file, parameters in given:
    text = "\\n".join(l for l in Path(file).read_text().splitlines() if not l.startswith("--"))
    for sql in filter(None, (part.strip() for part in text.split(";"))):
        args = {name: value for name, value in parameters.items() if f":{name}" in sql}
        if jars:
            # with Delta's own parser before it, Spark 4.2 binds no parameters in commands
            for name, value in args.items():
                sql = sql.replace(f":{name}", f"'{value}'")
            args = {}
        try:
            session.sql(sql, args=args).collect()
            found.append([sql, None])
        except Exception as error:
            found.append([sql, str(error)])
print(json.dumps([found, [list(row) for row in session.sql(query).collect()]]))
"""


def run(query: str, folder: Path, jars: str, *files: tuple[str, dict[str, str]]) -> Any:
    """Run the statements of SQL files, then a query: each statement's error, and the rows."""
    given = [[(str(ROOT / "resources" / name), values) for name, values in files], query]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), *([jars] if jars else [])],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": "."},
        input=json.dumps(given),
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_setup(tmp_path: Path) -> None:
    """A name that holds SQL stays a name, and a second run changes nothing."""
    place = {"catalog": "spark_catalog", "schema": "finance"}
    setup = {**place, "volume": "v", "landing_volume": "l", "readers": "a`b; drop schema x"}
    files = [("setup/schema_setup.sql", setup)] * 2
    statements, [[granted]] = run("select grant_reading", tmp_path, "", *files)
    refused = [(sql.split("(")[0].split()[:2], error) for sql, error in statements if error]
    unknown = [["CREATE", "VOLUME"], ["CREATE", "VOLUME"], ["EXECUTE", "IMMEDIATE"]]
    assert [words for words, _ in refused] == unknown * 2
    assert all("'VOLUME'" in error or "GRANT is not valid" in error for _, error in refused)
    assert granted == (
        "GRANT USE SCHEMA, SELECT ON SCHEMA `spark_catalog`.`finance` TO `a``b; drop schema x`"
    )


def test_log(tmp_path: Path) -> None:
    """A refresh is noted once, however often its task is tried."""
    log = {"catalog": "spark_catalog", "target_schema": "finance"}
    setup = {**log, "schema": "finance", "volume": "v", "landing_volume": "l", "readers": "r"}
    files = [
        ("setup/schema_setup.sql", setup),
        *[("refresh/refresh_log.sql", {**log, "refresh_run": number}) for number in "112"],
    ]
    query = "select refresh_run, refreshed_at is not null from `finance`.refresh_log order by 1"
    statements, rows = run(query, tmp_path, os.environ["BENCH_JARS"], *files)
    assert [error for sql, error in statements if "refresh_log" in sql and error] == []
    assert rows == [["1", True], ["2", True]]
