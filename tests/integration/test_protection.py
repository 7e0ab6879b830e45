"""What a target's policy refuses is refused before any SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runs import Project

POLICY = """
targets:
  local: {type: duckdb, schema: analytics, protected: true, schemas: [analytics, "analytics_*"]}
"""
ELSEWHERE = """
{% macro generate_schema_name(name, node) %}
  {{- 'payroll' if name == 'secret' else target.schema -}}
{% endmacro %}
"""


@pytest.fixture(autouse=True)
def _policy(project: Project) -> None:
    project.write("runner.yml", POLICY).model("orders")


def schemas(project: Project) -> set[str]:
    """Schemas of the database file that DuckDB did not make itself."""
    rows = project.query("select schema_name from information_schema.schemata")
    return {name for (name,) in rows} - {"main", "information_schema", "pg_catalog"}


@pytest.mark.parametrize(
    "arguments", [("--run-type=full",), ("--full-refresh",), ("--run-type=seed", "--full-refresh")]
)
def test_protected_target_refuses_full(project: Project, arguments: tuple[str, ...]) -> None:
    """A protected target is not rebuilt from nothing: not even the database file is made."""
    result = project.run(*arguments)
    assert result.code == 2
    assert "full_refresh_confirm=analytics" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
    assert not project.artifacts.exists()


def test_confirmed_full_refresh(project: Project) -> None:
    """A protected target is rebuilt when its schema is named again, and no other one."""
    result = project.run("--run-type=full", "--full-refresh-confirm=analytics_x")
    assert result.code == 2
    result = project.run("--run-type=full", "--full-refresh-confirm=analytics")
    assert result.code == 0
    assert project.tables() == ["analytics.orders"]


def test_foreign_schema(project: Project) -> None:
    """A schema that the target does not allow is refused, and nothing is made in the database."""
    result = project.run("--target-schema=payroll")
    assert result.code == 2
    assert "would write into local.payroll" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
    assert not project.file.exists()


def test_macro_that_writes_elsewhere(project: Project) -> None:
    """What counts is the schema that the project's own macros make, node by node."""
    project.write("macros/names.sql", ELSEWHERE)
    project.write("models/pay.sql", "{{ config(schema='secret') }} select 1 as id")
    result = project.run("--target-schema=analytics")
    assert result.code == 2
    assert "would write into local.payroll" in result.summary["error"]
    assert schemas(project) == set()
    assert project.run("--exclude=pay").code == 0
    assert schemas(project) == {"analytics"}


def test_stored_failures_are_written_too(project: Project) -> None:
    """A test that stores its failures writes, so its schema is checked as well."""
    project.write("macros/names.sql", ELSEWHERE)
    project.write(
        "tests/kept.sql",
        "{{ config(store_failures=true, schema='secret') }} select * from {{ ref('orders') }}",
    )
    result = project.run()
    assert result.code == 2
    assert "would write into local.payroll" in result.summary["error"]
    assert schemas(project) == set()


@pytest.mark.parametrize("run_type", ["note", "noted", "freshness", "test"])
def test_foreign_schema_is_refused_whatever_runs(project: Project, run_type: str) -> None:
    """The schema of the run itself has to be allowed, also where no planned node writes."""
    project.write(
        "runner.yml",
        POLICY
        + "run_types:\n  note: {commands: [run-operation note]}\n"
        + "  noted: {commands: [build, run-operation note]}\n",
    )
    project.write(
        "macros/note.sql",
        "{% macro note() %}{% do run_query('create schema ' ~ target.schema) %}{% endmacro %}",
    )
    project.write("tests/no_rows.sql", "select 1 as id where false")
    project.write(
        "models/sources.yml",
        """
sources:
  - name: raw
    tables:
      - name: orders
        config: {loaded_at_query: select now(), freshness: {error_after: {count: 1, period: day}}}
""",
    )
    result = project.run(f"--run-type={run_type}", "--target-schema=payroll")
    assert result.code == 2
    assert "would write into local.payroll" in result.stderr
    assert result.stdout == ""
    assert not project.artifacts.exists()


def test_allowed_schema_of_a_macro(project: Project) -> None:
    """A macro runs in a schema that the protected target allows."""
    project.write("runner.yml", POLICY + "run_types: {note: {commands: [run-operation note]}}\n")
    project.write(
        "macros/note.sql",
        "{% macro note() %}{% do run_query('create schema ' ~ target.schema) %}{% endmacro %}",
    )
    assert project.run("--run-type=note", "--target-schema=analytics_x").code == 0
    assert schemas(project) == {"analytics_x"}
