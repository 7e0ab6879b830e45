"""What reaches dbt from the environment, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runs import Project


def test_flags_of_dbt_are_dropped(project: Project) -> None:
    """A flag of dbt that the environment sets for other uses is dropped under both its names."""
    project.write(
        "models/log.sql",
        "{{ config(materialized='incremental') }} select '{{ env_var('SHOP_COLOUR') }}' as colour"
        " {% if env_var('DBT_FULL_REFRESH', '') %} broken {% endif %}",
    )
    own = {"SHOP_COLOUR": "red", "DBT_SHOP": "mine"}
    assert project.run(env=own).code == 0
    flags = {
        "DBT_FULL_REFRESH": "1",
        "DBT_ENGINE_FULL_REFRESH": "true",
        "DBT_TARGET_PATH": str(project.root / "elsewhere"),
        "DBT_FAIL_FAST": "1",
    }
    result = project.run(env={**own, **flags})
    assert result.code == 0
    [dropped] = result.events("environment.dropped")
    assert dropped["level"] == "warning"
    assert dropped["names"] == ", ".join(sorted(flags))
    assert project.query("select colour from analytics.log") == [("red",), ("red",)]
    assert not (project.root / "elsewhere").exists()


def test_variables_reach_models(project: Project) -> None:
    """Variables arrive with their types, and texts as they were written."""
    project.model(
        "found",
        "select {{ var('days') + 1 }} as days, '{{ var('name') }}' as name, "
        "{{ var('codes') | length }} as codes, '{{ var('late') is true }}' as late",
    )
    result = project.run('--vars={"days": 3, "name": "010 ü", "codes": [1, 2], "late": true}')
    assert result.code == 0, result.stdout
    assert project.query("select * from analytics.found") == [(4, "010 ü", 2, "True")]


def test_settings_from_the_environment(project: Project) -> None:
    """`DBT_RUNNER_*` sets what the command line leaves open."""
    project.model("orders").model("parts")
    environment = {"DBT_RUNNER_SELECT": "orders", "DBT_RUNNER_TARGET_SCHEMA": "lab"}
    result = project.run("--target-schema=mart", env=environment)
    assert result.code == 0
    assert project.tables() == ["mart.orders"]


CANARY = "canary-4711-of-a-secret"


def with_secret_path(project: Project, folder: str) -> tuple[str, ...]:
    """Write a profile whose database lies below a secret; the arguments that use it."""
    place = project.root / "profiles"
    place.mkdir()
    path = f"{folder}/{{{{ env_var('DBT_ENV_SECRET_X') }}}}/x.duckdb"
    (place / "profiles.yml").write_text(
        "shop: {target: dev, outputs: {dev: "
        f'{{type: duckdb, schema: analytics, path: "{path}"}}}}}}\n'
    )
    return ("--run-type=full", f"--profiles-dir={place}")


def assert_canary_is_nowhere(project: Project, stdout: str, stderr: str) -> None:
    """Neither a stream nor a file that the run left, nor a file's name, holds the secret."""
    assert CANARY not in stdout
    assert CANARY not in stderr
    kept = [*project.artifacts.rglob("*"), *(project.root / "cache").rglob("*")]
    files = [file for file in kept if file.is_file()]
    assert files
    assert [file for file in files if CANARY in str(file)] == []
    assert [file for file in files if CANARY.encode() in file.read_bytes()] == []


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("level", ["info", "debug"])
def test_secret_in_a_profile_that_fails(project: Project, form: str, level: str) -> None:
    """The value of a secret variable is told nowhere when the database cannot be opened."""
    project.model("orders")
    words = with_secret_path(project, "/nonexistent")
    words = (*words, f"--log-format={form}", f"--log-level={level}")
    result = project.run(*words, env={"DBT_ENV_SECRET_X": CANARY})
    assert result.code != 0
    assert "/nonexistent/*****" in result.stdout
    assert_canary_is_nowhere(project, result.stdout, result.stderr)


@pytest.mark.parametrize("form", ["json", "console"])
def test_secret_in_a_node_that_fails(project: Project, form: str) -> None:
    """The value of a secret variable is told nowhere when a node's error holds it."""
    (project.root / CANARY).mkdir()
    project.model(
        "bad",
        "select case when path like '%x.duckdb' then error(path) end as x from duckdb_databases()",
    )
    words = (*with_secret_path(project, str(project.root)), f"--log-format={form}")
    result = project.run(*words, env={"DBT_ENV_SECRET_X": CANARY})
    assert result.code == 1, result.stdout
    assert "/*****/x.duckdb" in result.stdout
    assert_canary_is_nowhere(project, result.stdout, result.stderr)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("{% do exceptions.warn('at ' ~ target.path) %} select 1 as id", 0),
        ("{% do exceptions.raise_compiler_error('at ' ~ target.path) %} select 1 as id", 2),
        (
            "{% if execute %}{{ exceptions.raise_compiler_error(target.path) }}{% endif %} select",
            1,
        ),
        ("{% do log('at ' ~ target.path, info=true) %}{% do print(target.path) %} select 1", 0),
    ],
    ids=["warning", "parsing", "compiling", "log"],
)
def test_secret_in_what_a_model_tells(project: Project, sql: str, code: int) -> None:
    """The value of a secret variable is told nowhere when a model's Jinja tells it."""
    (project.root / CANARY).mkdir()
    project.write("models/orders.sql", sql)
    words = with_secret_path(project, str(project.root))
    result = project.run(*words, env={"DBT_ENV_SECRET_X": CANARY})
    assert result.code == code, result.stdout
    assert_canary_is_nowhere(project, result.stdout, result.stderr)


def test_secret_in_a_macro_that_fails(project: Project) -> None:
    """The value of a secret variable is told nowhere when a macro's error holds it."""
    (project.root / CANARY).mkdir()
    project.write("runner.yml", "run_types: {note: {commands: [run-operation note]}}\n")
    project.write(
        "macros/note.sql",
        "{% macro note() %}{% do run_query('select error(path) from duckdb_databases()"
        " where path is not null') %}{% endmacro %}",
    )
    words = (*with_secret_path(project, str(project.root)), "--run-type=note")
    result = project.run(*words, env={"DBT_ENV_SECRET_X": CANARY})
    assert result.code == 1, result.stdout
    assert_canary_is_nowhere(project, result.stdout, result.stderr)


def test_secret_as_a_variable(project: Project) -> None:
    """A variable whose name is that of a secret is refused without its value being shown."""
    project.model("orders")
    result = project.run(f'--vars={{"api_token": "{CANARY}"}}')
    assert result.code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "api_token" in result.stderr
    assert CANARY not in result.stderr
    assert not project.artifacts.exists()


def test_project_without_a_profile(project: Project) -> None:
    """A project that names no profile runs on the generated one."""
    project.write("dbt_project.yml", 'name: shop\nversion: "1.0"\n').model("orders")
    result = project.run("--run-type=full")
    assert result.code == 0, result.stdout
    assert project.tables() == ["analytics.orders"]
