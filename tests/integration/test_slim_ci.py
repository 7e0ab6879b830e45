"""`ci` builds what differs from production, and nothing else; on request it prunes its schema."""

from __future__ import annotations

import json
import shutil
import signal
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from runs import Project

# What dbt does with a command does not hang on the version of Python.
pytestmark = pytest.mark.slow

PRODUCTION = "production: {target: local, catalog: local, schema: analytics}\n"
CI = ("--run-type=ci", "--target-schema=pr_1")
KEY = "--resume-key=pr"
PRUNED = (*CI, "--prune")


def in_production(project: Project) -> Project:
    """A project with three models in a row and one apart, built in production."""
    project.write("runner.yml", PRODUCTION)
    project.model("orders", "select 1 as id").model("apart")
    project.model("items", "select id from {{ ref('orders') }}")
    project.model("sums", "select sum(id) as n from {{ ref('items') }}")
    assert project.run("--run-type=full", "--target-schema=analytics").code == 0
    return project


def tables(project: Project, schema: str = "pr_1") -> list[str]:
    """Names of what stands in a schema."""
    found = (name.split(".") for name in project.tables())
    return [name for place, name in found if place == schema]


def test_ci_without_production(project: Project) -> None:
    """`ci` needs to know production, and says what to write down, or what to run first."""
    project.model("orders")
    result = project.run("--run-type=ci")
    assert result.code == 2
    assert "runner.yml: production: {target: …, catalog: …, schema: …}" in result.stderr
    assert not project.artifacts.exists()


def test_first_run(project: Project) -> None:
    """The line that says that production never ran holds the command that makes up for it."""
    project.write("runner.yml", PRODUCTION).model("orders")
    result = project.run(*CI)
    assert result.code == 2
    assert "has no complete run of the whole graph in" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not project.artifacts.exists()
    command = result.stderr.partition("run once: dbt-runner ")[2].partition(";")[0]
    assert project.fork(*command.split(), "--log-format=json").finish().code == 0
    assert (tables(project, "analytics"), tables(project)) == (["orders"], [])
    result = project.run(*CI)
    assert (result.code, result.nodes) == (0, {})


def test_unreadable_artifacts_are_no_missing_run(project: Project) -> None:
    """Where production's artifacts cannot be read, that is said, not that it never ran."""
    project.model("orders")
    (project.root / "file").write_text("no folder")
    project.write("runner.yml", PRODUCTION.replace("}", f", artifacts: {project.root / 'file'}}}"))
    result = project.run(*CI)
    assert result.code == 2
    assert "production's artifacts cannot be read" in result.stderr


def test_ci(project: Project) -> None:
    """`ci` builds what differs from production, and reads the rest from there."""
    project.write("runner.yml", PRODUCTION)
    project.model("orders", "select 42 as id").model("parts")
    project.model("sums", "select sum(id) as n from {{ ref('orders') }}")
    assert project.run("--run-type=full", "--target-schema=analytics").code == 0
    assert project.run("--select=parts", "--target-schema=analytics").code == 0

    same = project.run(*CI)
    assert (same.code, same.nodes) == (0, {})
    project.model("sums", "select sum(id) + 1 as n from {{ ref('orders') }}")
    result = project.run(*CI)
    assert (result.code, result.nodes) == (0, {"success": 1})
    assert project.query("select n from pr_1.sums") == [(43,)]
    assert tables(project) == ["sums"]
    assert project.query("select n from analytics.sums") == [(42,)]


def test_volume_that_is_not_there(project: Project) -> None:
    """Where a run does not see the volume of production's artifacts, that is said."""
    project.model("orders")
    project.write("runner.yml", PRODUCTION.replace("}", ", artifacts: /Volumes/prod/nowhere/runs}"))
    result = project.run(*CI)
    assert result.code == 2
    assert "artifacts belong on /Volumes/prod/nowhere/runs, which is not there" in result.stderr


def test_production_keeps_its_artifacts_elsewhere(project: Project) -> None:
    """Production's artifacts are looked for in the folder that runner.yml names for them."""
    in_production(project)
    kept = project.root / "production"
    project.artifacts.rename(kept)
    project.artifacts.mkdir()
    shutil.move(kept / "local.duckdb", project.file)
    assert "has no complete run" in project.run(*CI).stderr
    project.write("runner.yml", PRODUCTION.replace("}", f", artifacts: {kept}}}"))
    project.model("sums", "select sum(id) + 1 as n from {{ ref('items') }}")
    result = project.run(*CI)
    assert (result.code, result.statuses()) == (0, {"sums": "success"})
    assert project.query("select n from pr_1.sums") == [(2,)]
    assert result.artifacts.is_relative_to(project.artifacts)


HANGING = {
    "dbt_project.yml": """
name: shop
profile: shop
flags: {state_modified_compare_more_unrendered_values: false}
models:
  shop:
    by_project: {+materialized: "{{ 'table' if target.schema == 'analytics' else 'view' }}"}
    tagged: {+schema: "{{ env_var('PLACE', 'home') }}"}
seeds:
  shop: {+alias: "colours_{{ target.schema }}"}
""",
    "models/by_project/by_project.sql": "select 1 as id",
    "models/tagged/tagged.sql": "select 1 as id",
    "models/by_config.sql": """
{{ config(materialized='table' if target.schema == 'analytics' else 'view') }} select 1 as id
""",
    "models/by_variable.sql": "{{ config(meta={'at': env_var('PLACE', 'home')}) }} select 1 as id",
    "models/by_properties.sql": "select 1 as id",
    "models/on_source.sql": "select * from {{ source('raw', 'orders') }}",
    "models/properties.yml": """
models:
  - name: by_properties
    config: {materialized: "{{ 'table' if target.schema == 'analytics' else 'view' }}"}
sources:
  - name: raw
    schema: "{{ target.schema ~ '_raw' }}"
    tables: [{name: orders}]
""",
    "seeds/colours.csv": "id,colour\n1,red\n",
    "runner.yml": PRODUCTION,
}


@pytest.fixture
def hanging(project: Project) -> Project:
    """A project whose configuration hangs on target and environment, built in production."""
    for path, text in HANGING.items():
        project.write(path, text)
    project.artifacts.mkdir()
    with duckdb.connect(str(project.file)) as database:
        for schema in ("analytics_raw", "pr_1_raw"):
            database.execute(f"create schema {schema}")
            database.execute(f"create table {schema}.orders as select 1 as id")
    result = project.run("--run-type=full", "--target-schema=analytics")
    assert (result.code, result.nodes) == (0, {"success": 7})
    return project


def test_configuration_by_target_is_no_change(hanging: Project) -> None:
    """What hangs on the target or the environment is compared as written, whatever it comes to."""
    result = hanging.run(*CI, env={"PLACE": "away"})
    assert (result.code, result.nodes) == (0, {}), result.stdout
    # parsed a second time, on what the first run kept
    result = hanging.run(*CI, env={"PLACE": "away"})
    assert (result.code, result.nodes) == (0, {}), result.stdout


def test_change_of_the_text_is_one(hanging: Project) -> None:
    """A change of the very expression, or of the query, is a change, and the only one."""
    for path, old, new, node in (
        ("models/by_config.sql", "else 'view'", "else 'incremental'", "by_config"),
        ("models/by_variable.sql", "'home'", "'hut'", "by_variable"),
        ("models/properties.yml", "else 'view'", "else 'incremental'", "by_properties"),
        ("dbt_project.yml", "else 'view'", "else 'incremental'", "by_project"),
        ("models/tagged/tagged.sql", "1 as id", "2 as id", "tagged"),
        ("seeds/colours.csv", "red", "blue", "colours"),
    ):
        hanging.write(path, HANGING[path].replace(old, new))
        result = hanging.run(*CI, env={"PLACE": "away"})
        assert (result.code, result.statuses()) == (0, {node: "success"}), result.stdout
        hanging.write(path, HANGING[path])


def test_prune(project: Project) -> None:
    """What an earlier commit left is read in production's place, unless it is pruned."""
    in_production(project)
    project.model("orders", "select 10 as id")
    assert project.run(*CI).nodes == {"success": 3}
    project.model("orders", "select 1 as id")
    project.model("sums", "select sum(id) + 5 as n from {{ ref('items') }}")
    assert project.run(*CI).nodes == {"success": 1}
    assert project.query("select n from pr_1.sums") == [(15,)]
    result = project.run(*PRUNED)
    assert (result.code, result.nodes) == (0, {"success": 1})
    assert project.query("select n from pr_1.sums") == [(6,)]
    assert [line["relation"] for line in result.events("relation.dropped")] == [
        "local.pr_1.items",
        "local.pr_1.orders",
    ]
    assert tables(project) == ["sums"]
    assert tables(project, "analytics") == ["apart", "items", "orders", "sums"]


def test_prune_where_nothing_differs(project: Project) -> None:
    """A commit that takes everything back leaves an empty schema; the next run drops nothing."""
    in_production(project)
    project.model("orders", "select 10 as id")
    assert project.run(*CI).nodes == {"success": 3}
    project.model("orders", "select 1 as id")
    result = project.run(*PRUNED)
    assert (result.code, result.nodes, tables(project)) == (0, {}, [])
    assert len(result.events("relation.dropped")) == 3
    result = project.run(*PRUNED)
    assert (result.code, result.nodes) == (0, {})
    assert result.events("relation.dropped") == []


def test_prune_drops_what_the_project_no_longer_has(project: Project) -> None:
    """A model that was built here and then renamed or removed is pruned too; views as tables."""
    in_production(project)
    project.write("models/shown.sql", "select * from {{ ref('items') }}")
    project.model("fresh_name", "select 7 as id")
    assert project.run(*CI).nodes == {"success": 2}
    (project.folder / "models/shown.sql").unlink()
    (project.folder / "models/fresh_name.sql").rename(project.folder / "models/new_name.sql")
    assert project.run(*PRUNED).nodes == {"success": 1}
    assert tables(project) == ["new_name"]


def test_prune_leaves_what_is_not_its_own(project: Project) -> None:
    """Sources, tables that no run made, other schemas and schemas of a fixed name stay."""
    project.write(
        "macros/names.sql",
        """
{% macro generate_schema_name(custom_schema_name, node) %}
  {%- if custom_schema_name == 'shared' -%} shared
  {%- else -%} {{ target.schema }}{{ '_' ~ custom_schema_name if custom_schema_name }}
  {%- endif -%}
{% endmacro %}
""",
    )
    project.write("models/s.yml", "sources: [{name: s, schema: pr_1, tables: [{name: seen}]}]")
    project.model("reads", "select * from {{ source('s', 'seen') }}")
    for schema in ("deep", "shared"):
        project.model(schema, f"{{{{ config(schema='{schema}') }}}} select 1 as id")
    project.artifacts.mkdir()
    with duckdb.connect(str(project.file)) as database:
        for schema in ("pr_1", "pr_1_deep", "pr_10"):
            database.execute(f"create schema {schema}")
        for name in (
            *("pr_1.seen", "pr_1.by_hand", "pr_1.items", 'pr_1."Orders"'),
            *("pr_10.items", "pr_1_deep.deep"),
        ):
            database.execute(f"create table {name} as select 1 as id")
    in_production(project)
    project.model("apart", "select 2 as id")
    result = project.run(*PRUNED)
    assert (result.code, result.statuses()) == (0, {"apart": "success"})
    dropped = {line["relation"] for line in result.events("relation.dropped")}
    assert dropped == {"local.pr_1.items", "local.pr_1.orders", "local.pr_1_deep.deep"}
    assert tables(project) == ["apart", "by_hand", "seen"]
    assert (tables(project, "pr_10"), tables(project, "shared")) == (["items"], ["shared"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--run-type=full", "--target-schema=pr_1"), "prune: the run type full does not build a"),
        (("--run-type=fresh", "--target-schema=pr_1"), "prune: the run type fresh does not"),
        (("--run-type=ci",), "prune: local.analytics is production's own"),
        (("--run-type=ci", "--target=guarded"), "prune: the target guarded is protected"),
    ],
)
def test_prune_is_refused(project: Project, words: tuple[str, ...], message: str) -> None:
    """Where pruning has no meaning or would do harm it is refused, and nothing is touched."""
    in_production(project)
    project.write(
        "runner.yml",
        PRODUCTION + "targets:\n  local: {type: duckdb}\n"
        "  guarded: {type: duckdb, catalog: guarded, protected: true, schemas: ['*']}\n",
    )
    before = project.tables()
    result = project.run(*words, "--prune")
    assert result.code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert project.tables() == before


def test_prune_spares_every_schema_of_production(project: Project) -> None:
    """Also a schema that production only writes beside its own is refused, after the parse."""
    project.write("runner.yml", PRODUCTION).model("orders")
    project.write("models/below.sql", "{{ config(schema='deep', materialized='table') }} select 1")
    assert project.run("--run-type=full", "--target-schema=analytics").code == 0
    before = project.tables()
    result = project.run("--run-type=ci", "--target-schema=analytics_deep", "--prune")
    assert result.code == 2
    assert (
        "prune: local.analytics_deep holds what the run compares with"
        in (result.summary["message"])
    )
    assert project.tables() == before


def test_prune_stays_inside_the_policy(project: Project) -> None:
    """A schema that the target does not allow is not pruned, though nothing is built there."""
    in_production(project)
    project.write("models/below.sql", "{{ config(schema='deep', materialized='table') }} select 1")
    assert project.run("--run-type=full", "--target-schema=analytics").code == 0
    project.write(
        "runner.yml",
        PRODUCTION + "targets: {local: {type: duckdb, schemas: [analytics, pr_1]}}\n",
    )
    with duckdb.connect(str(project.file)) as database:
        database.execute("create schema pr_1_deep")
        database.execute("create table pr_1_deep.below as select 1 as id")
    assert project.run(*CI).code == 0
    result = project.run(*PRUNED)
    assert result.code == 2
    assert "local.pr_1_deep, which the target local does not allow" in result.summary["message"]
    assert tables(project, "pr_1_deep") == ["below"]


def test_cancelled_before_the_first_command_drops_nothing(project: Project) -> None:
    """A run that is cancelled while it plans leaves what is there."""
    in_production(project)
    project.model("orders", "select 10 as id")
    assert project.run(*CI).nodes == {"success": 3}
    project.model("orders", "select 1 as id")
    running = project.fork(*PRUNED)
    running.wait_for('"run.parsing"')
    running.send(signal.SIGTERM)
    result = running.finish()
    assert result.code == 143
    assert result.events("relation.dropped") == []
    assert tables(project) == ["items", "orders", "sums"]


def test_defer_of_ones_own_prunes_too(project: Project) -> None:
    """Any run type that builds a part and defers may prune, with the state that it was given."""
    in_production(project)
    place = project.artifacts / "shop/local/local/analytics/runs"
    state = next(place.iterdir()) / "commands/01-build"
    assert project.run("--target-schema=pr_1").nodes == {"success": 4}
    words = ("--select=sums", "--target-schema=pr_1", f"--state={state}", "--defer", "--prune")
    result = project.run(*words)
    assert (result.code, result.nodes) == (0, {"success": 1})
    assert tables(project) == ["sums"]


def test_prune_leaves_what_an_earlier_attempt_built(project: Project) -> None:
    """A later attempt of one run drops nothing that the first one built for it."""
    project.artifacts.mkdir()
    with duckdb.connect(str(project.file)) as database:
        database.execute("create schema raw")
        database.execute("create table raw.flag as select 1 as id")
    in_production(project)
    project.model("sums", "select sum(items.id) as n from {{ ref('items') }}, raw.flag")
    project.model("orders", "select 10 as id")
    with duckdb.connect(str(project.file)) as database:
        database.execute("drop table raw.flag")
    result = project.run(*PRUNED, KEY)
    assert (result.code, result.nodes) == (1, {"success": 2, "error": 1})
    with duckdb.connect(str(project.file)) as database:
        database.execute("create table raw.flag as select 1 as id")
    result = project.run(*PRUNED, KEY)
    assert (result.code, result.nodes) == (0, {"success": 3})
    assert result.statuses() == {"sums": "success"}
    assert result.events("relation.dropped") == []
    assert project.query("select n from pr_1.sums") == [(10,)]


def failed_once(project: Project, *words: str) -> str:
    """`ci` fails at the second of two models in a row; the id of the attempt."""
    in_production(project)
    project.model("orders", "select 10 as id")
    project.model("sums", "select sum(items.id) as n from {{ ref('items') }}, raw.flag")
    result = project.run(*CI, KEY, *words)
    assert (result.code, result.nodes) == (1, {"success": 2, "error": 1})
    with duckdb.connect(str(project.file)) as database:
        database.execute("create schema raw")
        database.execute("create table raw.flag as select 1 as id")
    return str(result.summary["attempt"])


def test_a_later_attempt_compares_with_the_same_production(project: Project) -> None:
    """Where production has moved on, a later attempt keeps to what the first one compared with."""
    attempt = failed_once(project)
    place = project.artifacts / "shop/local/local/analytics/runs"
    (first,) = place.iterdir()
    assert project.run("--run-type=incremental", "--target-schema=analytics").code == 0
    assert len(list(place.iterdir())) == 2
    result = project.run(*CI, KEY)
    assert (result.code, result.summary["resumed_from"]) == (0, attempt)
    assert result.artifact("plan.json")["state"] == str(first / "commands/01-build")


def test_a_later_attempt_favors_no_state_over_its_own(project: Project) -> None:
    """With `favor_state` too, what an earlier attempt built is read, and not production's."""
    failed_once(project, "--favor-state")
    result = project.run(*CI, KEY, "--favor-state")
    assert (result.code, result.statuses()) == (0, {"sums": "success"})
    assert project.query("select n from pr_1.sums") == [(10,)]


def test_another_state_is_another_run(project: Project) -> None:
    """What an attempt is told to compare with counts, and what stands in it, not where it lies."""
    in_production(project)
    (first,) = (project.artifacts / "shop/local/local/analytics/runs").iterdir()
    for name in ("a", "b"):
        shutil.copytree(first / "commands/01-build", project.root / name)
    project.model("orders", "select 10 as id")
    words = (*CI, KEY, "--state")
    assert project.run(*words, str(project.root / "a")).nodes == {"success": 3}
    assert project.run(*words, str(project.root / "b")).summary["carried"] == 3
    manifest = project.root / "b/manifest.json"
    manifest.write_text(manifest.read_text() + " ")
    result = project.run(*words, str(project.root / "b"))
    assert result.events("run.not_resumed")[0]["differs"] == ["state: manifest.json"]
    assert result.nodes == {"success": 3}
    assert result.summary["carried"] == 0


def test_a_state_that_a_plan_names_is_looked_for_among_productions_runs(project: Project) -> None:
    """Who may write into the run's own artifacts does not say what it compares with."""
    failed_once(project)
    (place,) = project.artifacts.glob("shop/local/local/pr_1/runs/*")
    (first,) = (project.artifacts / "shop/local/local/analytics/runs").iterdir()
    forged = project.root / "runs/forged"
    shutil.copytree(first, forged)
    plan = json.loads((place / "plan.json").read_text())
    plan["state"] = str(forged / "commands/01-build")
    (place / "plan.json").write_text(json.dumps(plan))
    result = project.run(*CI, KEY)
    assert result.artifact("plan.json")["state"] == str(first / "commands/01-build")


def test_packaged_project(project: Project) -> None:
    """On a laptop `ci` follows `full` with nothing to set up, and finds that nothing differs."""
    words = (f"--artifacts={project.artifacts}", "--log-format=json", "--target-schema=pr_1")
    ci = project.start(*words, "--run-type=ci", packaged=True).finish()
    assert ci.code == 2
    assert (
        "run once: dbt-runner --run-type incremental --target local --target-schema analytics"
        in (ci.stderr)
    )
    assert project.start(*words[:2], "--run-type=full", packaged=True).finish().code == 0
    ci = project.start(*words, "--run-type=ci", packaged=True).finish()
    assert (ci.code, ci.nodes) == (0, {})
