"""What reaches dbt from the environment, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.conftest import Project


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
