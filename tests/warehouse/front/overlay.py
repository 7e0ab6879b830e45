"""What the engine lacks and the front adds, each with its reason. It proves nothing of Databricks.

| added | because |
|---|---|
| catalogs `main` and `samples` | Delta's catalog can only be Spark's session catalog, so every \
catalog is that one under another name (`spark.Spark`); schemas are shared by the catalogs |
| `describe table extended … as json` for tables | Spark has it for views only |
| columns in `show table extended` | Delta keeps them out of Spark's catalog, so for a table they \
are missing there |
| `information_schema` | Unity Catalog's; `tables` tells of the schemas that a statement names, \
all else is a view over nothing, with the columns that are asked for |
| tags | Unity Catalog's; taken and forgotten |
| `analyze table` | Spark refuses it for Delta; taken and forgotten |
| grants | Unity Catalog's; there are none, and none are enforced |
| `statement_timeout`, `query_tags` and other session settings of a warehouse | kept in the record |
| `use catalog` | Spark calls it `set catalog`; there is only one, so taken and forgotten |
| `current_catalog()` | names the first catalog instead of Spark's own |
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from front.arrow import strings
from front.spark import SqlError

Run = Callable[[str], pa.Table]

_FLAGS = re.IGNORECASE | re.DOTALL
_COMMENTS = re.compile(r"\s*(/\*.*?\*/|--[^\n]*(\n|$))", re.DOTALL)
_INFORMATION = re.compile(r"(?:`?\w+`?\.)?`?information_schema`?\.`?(\w+)`?", re.IGNORECASE)
_INFORMATION_COLUMNS = {
    "table_tags": "catalog_name schema_name table_name tag_name tag_value",
    "column_tags": "catalog_name schema_name table_name column_name tag_name tag_value",
    "column_masks": "table_catalog table_schema table_name column_name mask_name using_columns",
    "row_filters": "table_catalog table_schema table_name filter_name target_columns",
    "table_constraints": "constraint_catalog constraint_schema constraint_name table_catalog "
    "table_schema table_name constraint_type",
    "key_column_usage": "constraint_catalog constraint_schema constraint_name table_catalog "
    "table_schema table_name column_name ordinal_position position_in_unique_constraint",
    "referential_constraints": "constraint_catalog constraint_schema constraint_name "
    "unique_constraint_catalog unique_constraint_schema unique_constraint_name",
    "views": "table_catalog table_schema table_name view_definition",
    "tables": "table_catalog table_schema table_name table_type comment table_owner "
    "last_altered data_source_format",
    "columns": "table_catalog table_schema table_name column_name ordinal_position data_type "
    "full_data_type is_nullable comment",
}
_NOTHING = pa.table({})
_TAKEN_AND_FORGOTTEN = (
    r"alter\s+(table|view|schema)\s+\S+\s+(alter\s+column\s+\S+\s+)?(un)?set\s+tags\b",
    r"analyze\s+table\b",
    r"(grant|revoke)\b",
    r"use\s+catalog\b",
    r"set\s+(query_tags|statement_timeout|use_cached_result)\b",
)


def execute(sql: str, run: Run, catalog: str) -> pa.Table:
    """Run a statement on the engine, or in its place where the engine lacks it.

    Args:
        run: the engine.
        catalog: the name that Spark's own catalog goes by.
    """
    bare = _bare(sql)
    if any(re.match(pattern, bare, _FLAGS) for pattern in _TAKEN_AND_FORGOTTEN):
        return _NOTHING
    if re.match(r"show\s+grants?\b", bare, _FLAGS):
        return strings(["Principal", "ActionType", "ObjectType", "ObjectKey"], [])
    described = re.match(r"desc(?:ribe)?\s+table\s+extended\s+(\S+)\s+as\s+json$", bare, _FLAGS)
    if described:
        return _describe(described[1], bare, run, catalog)
    if re.match(r"show\s+table\s+extended\b", bare, _FLAGS):
        return _with_columns(run(bare), run, catalog)
    if re.search(r"information_schema`?\.`?tables\b", bare, _FLAGS):
        bare = _INFORMATION.sub(lambda _: _tables(bare, run, catalog), bare)
    bare = _INFORMATION.sub(lambda found: _empty(found[1].lower()), bare)
    bare = re.sub(r"\bcurrent_catalog\(\)", f"'{catalog}'", bare, flags=re.IGNORECASE)
    return run(bare)


def _bare(sql: str) -> str:
    """A statement without the comments before it."""
    while found := _COMMENTS.match(sql):
        sql = sql[found.end() :]
    return sql.strip().rstrip(";").strip()


def _empty(name: str) -> str:
    columns = _INFORMATION_COLUMNS.get(name)
    if columns is None:
        return f"information_schema.{name}"
    nulls = ", ".join(f"cast(null as string) as {column}" for column in columns.split())
    return f"(select {nulls} where false)"


def _tables(sql: str, run: Run, catalog: str) -> str:
    """`information_schema.tables`, as far as a statement asks for it."""
    schemas = set(re.findall(r"table_schema\s*=\s*'(\w+)'", sql, _FLAGS))
    known = {row["namespace"] for row in run(f"show schemas in `{catalog}`").to_pylist()}
    rows = []
    for schema in sorted(schemas & known):
        place = f"`{catalog}`.`{schema}`"
        views = {row["viewName"] for row in run(f"show views in {place}").to_pylist()}
        for row in run(f"show tables in {place}").to_pylist():
            name = row["tableName"]
            kind, form = ("VIEW", "null") if name in views else ("MANAGED", "'DELTA'")
            rows.append(
                f"('{catalog}', '{schema}', '{name}', '{kind}', null, 'bench', now(), {form})"
            )
    if not rows:
        return _empty("tables")
    return f"(values {', '.join(rows)} as t({_INFORMATION_COLUMNS['tables'].replace(' ', ', ')}))"


def _describe(relation: str, sql: str, run: Run, catalog: str) -> pa.Table:
    try:
        return run(sql)
    except SqlError as error:
        if "NOT_SUPPORTED_COMMAND_FOR_V2_TABLE" not in str(error):
            raise
    rows = run(f"describe table extended {relation}").to_pylist()
    end = next((at for at, row in enumerate(rows) if row["col_name"][:1] in ("", "#")), len(rows))
    details = {row["col_name"]: row["data_type"] for row in rows[end:]}
    names = [name.strip("`") for name in relation.split(".")]
    found: dict[str, Any] = {
        "table_name": names[-1],
        "catalog_name": catalog,
        "namespace": names[-2:-1],
        "schema_name": names[-2],
        "columns": [
            {
                "name": row["col_name"],
                "type": _type(row["data_type"]),
                "nullable": True,
                **({"comment": row["comment"]} if row["comment"] else {}),
            }
            for row in rows[:end]
        ],
        "type": details.get("Type", "MANAGED"),
        "provider": details.get("Provider", "delta"),
        "owner": "bench",
        "table_properties": _properties(details.get("Table Properties", "")),
    }
    if "Comment" in details:
        found["comment"] = details["Comment"]
    if "View Text" in details:
        found["view_text"] = details["View Text"]
    return strings(["json_metadata"], [[json.dumps(found)]])


def _with_columns(found: pa.Table, run: Run, catalog: str) -> pa.Table:
    """What `show table extended` tells, with the columns of every table."""
    rows = found.to_pylist()
    for row in rows:
        if "\nSchema: " in row["information"]:
            continue
        columns = run(f"describe table `{catalog}`.`{row['namespace']}`.`{row['tableName']}`")
        lines = [
            f" |-- {column['col_name']}: {column['data_type']} (nullable = true)\n"
            for column in columns.to_pylist()
        ]
        row["information"] += "".join(["Schema: root\n", *lines])
    return pa.Table.from_pylist(rows, schema=found.schema)


def _type(text: str) -> dict[str, Any]:
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", text)
    if decimal:
        return {"name": "decimal", "precision": int(decimal[1]), "scale": int(decimal[2])}
    return {"name": "timestamp_ltz" if text == "timestamp" else text}


def _properties(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in re.split(r",(?=[\w.]+=)", text.strip("[]")) if part)
    return {name: value for name, _, value in pairs}
