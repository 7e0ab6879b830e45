"""A run's exit code and summary tell what became of every node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runs import Project

WARNING_TEST = "{{ config(severity='warn') }} select * from {{ ref('good') }}"


def test_failing_model(project: Project) -> None:
    """A model that fails is named with its reason and files, and what needs it is skipped."""
    project.model("good").model("bad", "select no_such_column from {{ ref('good') }}")
    project.model("after", "select * from {{ ref('bad') }}").model("apart")
    result = project.run("--run-type=full")
    assert result.code == result.summary["exit_code"] == 1
    assert result.summary["status"] == "failed"
    assert result.nodes == {"success": 2, "error": 1, "skipped": 1}
    assert list(result.failed) == ["bad", "after"]
    bad = result.failed["bad"]
    assert "no_such_column" in bad["message"]
    assert (project.folder / bad["path"]).is_file()
    assert "no_such_column" in (result.artifacts / bad["compiled"]).read_text()
    assert project.tables() == ["analytics.apart", "analytics.good"]
    assert result.is_complete()
    assert result.stderr == ""


def test_failing_test(project: Project) -> None:
    """A test that fails makes the run red, and the model behind it is skipped."""
    project.model("good").model("after", "select * from {{ ref('good') }}")
    project.write(
        "models/good.yml",
        """
models:
  - name: good
    columns: [{name: id, data_tests: [unique, {accepted_values: {arguments: {values: [2]}}}]}]
""",
    )
    result = project.run("--run-type=incremental")
    assert result.code == 1
    assert result.nodes == {"success": 1, "pass": 1, "fail": 1, "skipped": 1}
    assert "Got 1 result" in result.failed["accepted_values_good_id__2"]["message"]


@pytest.mark.parametrize(("warnings", "code", "status"), [("ok", 0, "warn"), ("error", 1, "fail")])
def test_warning_test(project: Project, warnings: str, code: int, status: str) -> None:
    """A test that warns fails the run only with warnings=error."""
    project.model("good").write("tests/no_rows.sql", WARNING_TEST)
    result = project.run("--run-type=incremental", f"--warnings={warnings}")
    assert result.code == code
    assert result.nodes == {"success": 1, status: 1}
    assert result.statuses()["no_rows"] == status


def test_fail_fast(project: Project) -> None:
    """With fail_fast nothing is begun after the first failure, and it all has a status."""
    project.model("a_bad", "select no_such_column")
    for name in ("b", "c", "d"):
        project.model(name, f"select * from {{{{ ref('{'a_good' if name == 'b' else 'b'}') }}}}")
    project.model("a_good", "select sum(i) as id from range(200000000) as t(i)")
    result = project.run("--run-type=full", "--fail-fast", "--threads=2")
    assert result.code == 1
    assert result.nodes["error"] == 1
    assert "c" not in {line["unique_id"].split(".")[2] for line in result.events("node.started")}
    assert project.tables() in ([], ["analytics.a_good"])


def test_on_run_start_fails(project: Project) -> None:
    """A hook that fails at the start stops the run before any model, whatever the project says."""
    project.model("good").model("after", "select * from {{ ref('good') }}")
    project.write(
        "dbt_project.yml",
        """
name: shop
profile: shop
flags: {skip_nodes_if_on_run_start_fails: false}
on-run-start: ["select no_such_column"]
""",
    )
    result = project.run("--run-type=full")
    assert result.code == 1
    assert result.summary["status"] == "failed"
    assert result.summary["failed"][0]["unique_id"] == "operation.shop.shop-on-run-start-0"
    assert "no_such_column" in result.summary["failed"][0]["message"]
    assert result.nodes == {"error": 1, "skipped": 2}
    assert project.tables() == []


def test_on_run_end_fails(project: Project) -> None:
    """A hook that fails at the end makes the run red, although every node is done."""
    project.model("good")
    project.write(
        "dbt_project.yml", 'name: shop\nprofile: shop\non-run-end: ["select no_such_column"]\n'
    )
    result = project.run("--run-type=full")
    assert result.code == 1
    assert result.nodes == {"success": 1, "error": 1}
    assert list(result.failed) == ["shop-on-run-end-0"]
    assert project.tables() == ["analytics.good"]


def test_parse_error(project: Project) -> None:
    """A project that does not parse ends with dbt's own words, and nothing is built."""
    project.model("good").model("bad", "select * from {{ ref('nowhere') }}")
    result = project.run("--run-type=full")
    assert result.code == 2
    assert result.summary["status"] == "error"
    assert "depends on a node named 'nowhere' which was not found" in result.summary["error"]
    assert result.summary["nodes"] is None
    assert project.tables() == []
    assert result.is_complete()


def test_compile_error(project: Project) -> None:
    """A model whose Jinja breaks while it is compiled is an error of that node."""
    project.model("good").model(
        "bad", "{% if execute %}{{ exceptions.raise_compiler_error('no way') }}{% endif %} select 1"
    )
    result = project.run("--run-type=full")
    assert result.code == 1
    assert result.nodes == {"success": 1, "error": 1}
    assert "no way" in result.failed["bad"]["message"]


def test_unit_test(project: Project) -> None:
    """A unit test that fails keeps its model from being built."""
    project.model("source").model("sums", "select sum(id) as n from {{ ref('source') }}")
    project.write(
        "models/unit.yml",
        """
unit_tests:
  - name: adds_up
    model: sums
    given: [{input: ref('source'), rows: [{id: 1}, {id: 2}]}]
    expect: {rows: [{n: 4}]}
""",
    )
    result = project.run("--run-type=full")
    assert result.code == 1
    assert result.nodes == {"success": 1, "fail": 1, "skipped": 1}
    assert result.statuses()["sums"] == "skipped"
    assert result.failed["sums"]["status"] == "skipped"
    assert project.tables() == ["analytics.source"]


def test_ephemeral_models_are_not_counted(project: Project) -> None:
    """An ephemeral model is part of others and no node of its own."""
    project.write("models/inner.sql", "{{ config(materialized='ephemeral') }} select 7 as id")
    project.model("outer_one", "select * from {{ ref('inner') }}")
    result = project.run("--run-type=full")
    assert result.code == 0
    assert result.nodes == {"success": 1}
    assert project.query("select id from analytics.outer_one") == [(7,)]
    assert [n["unique_id"] for n in result.artifact("plan.json")["commands"][0]["nodes"]] == [
        "model.shop.outer_one"
    ]


def test_model_in_a_folder_named_run(project: Project) -> None:
    """The compiled SQL of a failing model is among the artifacts, whatever its folder is named."""
    project.model("run/bad", "select no_such_column")
    result = project.run("--run-type=full")
    assert result.code == 1
    sql = result.artifacts / result.failed["bad"]["compiled"]
    assert "no_such_column" in sql.read_text(encoding="utf-8")
