"""What a selection that matches nothing, or not all of what it names, does to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runs import Project


@pytest.fixture(autouse=True)
def _models(project: Project) -> None:
    project.model("orders").model("parts")


@pytest.mark.parametrize(("empty", "code", "status"), [("", 3, "error"), ("ok", 0, "success")])
def test_nothing_selected(project: Project, empty: str, code: int, status: str) -> None:
    """A run that selects nothing is red with a code of its own, unless that was to be expected."""
    result = project.run("--select=tag:nightly", f"--empty-selection={empty}")
    assert result.code == code
    assert result.summary["status"] == status
    assert result.summary["nodes"]["total"] == 0
    assert project.tables() == []
    assert result.is_complete()


def test_one_name_among_others_is_mistyped(project: Project) -> None:
    """A name that matches nothing among others that do is refused before anything is built."""
    result = project.run("--select=orders partz")
    assert result.code == 2
    assert "select: partz matches nothing in shop" in result.summary["error"]
    assert result.events("node.started") == []
    assert project.tables() == []


def test_excluded_name_is_mistyped(project: Project) -> None:
    """A name in exclude that matches nothing is only worth a warning."""
    result = project.run("--exclude=partz")
    assert result.code == 0
    [warning] = result.events("selection.unmatched")
    assert (warning["level"], warning["criterion"]) == ("warning", "partz")
    assert project.tables() == ["analytics.orders", "analytics.parts"]


def test_graph_operators(project: Project) -> None:
    """dbt's graph operators and intersections choose as they do with dbt."""
    project.model("sums", "select * from {{ ref('orders') }}")
    result = project.run("--select=+sums,config.materialized:table", "--exclude=sums")
    assert result.code == 0
    assert list(result.statuses()) == ["orders"]


def test_selector_of_the_project(project: Project) -> None:
    """A selector of selectors.yml selects; one that is not there is refused."""
    project.write(
        "selectors.yml",
        "selectors: [{name: only_parts, definition: {method: fqn, value: parts}}]\n",
    )
    assert project.run("--selector=only_parts").nodes == {"success": 1}
    assert project.tables() == ["analytics.parts"]
    result = project.run("--selector=only_party")
    assert result.code == 2
    assert "only_party" in result.summary["error"]


def test_seed_without_seeds(project: Project) -> None:
    """Loading seeds where there are none is nothing selected."""
    result = project.run("--run-type=seed")
    assert result.code == 3
    assert "nothing selected" in result.summary["error"]


NOTED = """
run_types:
  noted: {commands: [run-operation note, build]}
"""
NOTE = """
{% macro note() %}
  {% do run_query("create schema if not exists noted") %}
  {% do run_query("create table noted.notes as select 1 as id") %}
{% endmacro %}
"""


def test_macro_does_not_hide_that_nothing_is_selected(project: Project) -> None:
    """A run type's macro is no node of the selection: without any, it does not run."""
    project.write("runner.yml", NOTED).write("macros/note.sql", NOTE)
    result = project.run("--run-type=noted", "--select=partz")
    assert result.code == 3
    assert "nothing selected" in result.summary["error"]
    assert result.events("node.started") == []
    assert project.tables() == []


def test_macro_does_not_hide_a_mistyped_name(project: Project) -> None:
    """A mistyped name is refused before a run type's macro runs."""
    project.write("runner.yml", NOTED).write("macros/note.sql", NOTE)
    result = project.run("--run-type=noted", "--select=orders partz")
    assert result.code == 2
    assert "select: partz matches nothing in shop" in result.summary["error"]
    assert result.events("node.started") == []
    assert project.tables() == []
    result = project.run("--run-type=noted", "--select=orders")
    assert (result.code, result.nodes) == (0, {"success": 2})
    assert project.tables() == ["analytics.orders", "noted.notes"]


@pytest.mark.parametrize("token", ["orders,partz", "partz,orders"])
def test_mistyped_name_in_an_intersection(project: Project, token: str) -> None:
    """An intersection with a mistyped name is named as a whole, and nothing is built."""
    result = project.run(f"--select={token} parts")
    assert result.code == 2
    assert f"select: {token} matches nothing in shop" in result.summary["error"]
    assert result.events("node.started") == []
    assert project.tables() == []
