"""A later attempt does what is planned and not done yet, whatever ended the one before it."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from runs import Finished, Project

pytestmark = pytest.mark.slow

SLOW = "select count(*) as n from range(1000000000000) as t(i) where hash(i) % 7 = 1"
KEY = "--resume-key=night-1"
FULL = ("--run-type=full", "--threads=1", KEY)


def with_broken_model(project: Project) -> None:
    """A model that fails as long as the database lacks what it needs, between two others."""
    project.model("first").model("second", "select * from {{ ref('first') }}, analytics.needed")
    project.model("third", "select id from {{ ref('second') }}")
    project.write(
        "models/all.yml",
        "models: [{name: first, columns: [{name: id, data_tests: [unique]}]},"
        " {name: third, columns: [{name: id, data_tests: [not_null]}]}]",
    )


def mend(project: Project) -> None:
    """Give the database what the broken model needs; the project stays as it is."""
    with duckdb.connect(str(project.file)) as database:
        database.execute("create or replace table analytics.needed as select 1 as needed")


def executed(result: Finished) -> set[str]:
    """Names of the nodes that a run began."""
    return {line["unique_id"].split(".")[2] for line in result.events("node.started")}


def results(result: Finished, command: str = "01-build") -> dict[str, str]:
    """Name → status in dbt's own results."""
    content = result.artifact(f"commands/{command}/run_results.json")
    names = [one["unique_id"] for one in content["results"]]
    assert len(names) == len(set(names))
    return {one["unique_id"].split(".")[2]: one["status"] for one in content["results"]}


def test_after_a_failure(project: Project) -> None:
    """What failed and what waited for it is executed, and the results tell of both attempts."""
    with_broken_model(project)
    first = project.run(*FULL)
    assert first.code == 1
    assert first.nodes == {"success": 1, "pass": 1, "error": 1, "skipped": 2}
    mend(project)
    second = project.run(*FULL)
    assert second.code == 0
    assert executed(second) == {"second", "third", "not_null_third_id"}
    assert second.nodes == {"success": 3, "pass": 2}
    assert second.summary["resumed_from"] == first.summary["attempt"]
    assert second.summary["carried"] == 2
    assert set(results(second).values()) == {"success", "pass"}
    assert len(results(second)) == 5
    assert second.is_complete()


def test_nothing_is_left(project: Project) -> None:
    """An attempt after one that did everything says so, executes nothing, and is complete."""
    project.model("first")
    first = project.run(*FULL)
    before = project.query("select * from duckdb_tables()")
    second = project.run(*FULL)
    assert second.code == 0
    assert executed(second) == set()
    (resumed,) = second.events("run.resumed")
    assert (resumed["attempt"], resumed["done"], resumed["left"]) == (
        first.summary["attempt"],
        1,
        0,
    )
    assert results(second) == {"first": "success"}
    assert project.query("select * from duckdb_tables()") == before
    # production's state may be compared with it
    assert second.artifact("commands/01-build/manifest.json")["nodes"].keys() == {
        "model.shop.first"
    }


def test_after_a_kill(project: Project) -> None:
    """A node that was done 2 s before a kill is not executed again."""
    project.model("first").model("slow", SLOW)
    project.model("last", "select 1 as id from {{ ref('first') }} limit 1")
    running = project.start(*FULL[:1], "--threads=2", KEY)
    running.wait_for('"node.finished", "unique_id": "model.shop.last"')
    time.sleep(2)
    running.send(signal.SIGKILL)
    assert running.finish().code == -signal.SIGKILL
    after = project.fork(*FULL[:1], KEY)
    after.wait_for('"node.started", "unique_id": "model.shop.slow"')
    after.send(signal.SIGTERM)
    second = after.finish()
    assert executed(second) == {"slow"}
    assert second.nodes == {"success": 2, "cancelled": 1}
    third = project.fork(*FULL[:1], KEY)
    third.wait_for('"node.started", "unique_id": "model.shop.slow"')
    third.send(signal.SIGTERM)
    ended = third.finish()
    assert ended.summary["resumed_from"] == second.summary["attempt"]
    assert ended.summary["carried"] == 2


def test_two_at_once(project: Project) -> None:
    """A second attempt that waits for the first one goes on with what that had done by its end."""
    project.model("first").model("slow", SLOW)
    running = project.start(*FULL[:1], "--threads=2", KEY)
    running.wait_for('"node.started", "unique_id": "model.shop.slow"')
    second = project.fork(*FULL, "--wait-for-lock=60")
    second.wait_for('"lock.waiting"')
    running.wait_for('"node.finished", "unique_id": "model.shop.first"')
    time.sleep(2)
    running.send(signal.SIGKILL)
    second.wait_for('"node.started", "unique_id": "model.shop.slow"')
    second.send(signal.SIGTERM)
    result = second.finish()
    assert executed(result) == {"slow"}
    assert result.summary["carried"] == 1


def test_by_the_job_run(project: Project) -> None:
    """The job run and the task link attempts too; another task is another run."""
    with_broken_model(project)
    told = ("--run-type=full", "--job-run-id=7", "--task-key=build")
    project.run(*told)
    mend(project)
    other = project.run("--run-type=full", "--job-run-id=7", "--task-key=other")
    assert other.summary["resumed_from"] is None
    assert project.run(*told).summary["carried"] == 2


def test_never(project: Project) -> None:
    """An attempt may be told to do everything."""
    project.model("first")
    project.run(*FULL)
    assert executed(project.run(*FULL, "--resume=never")) == {"first"}


def test_full_refresh_of_what_is_missing(project: Project) -> None:
    """What a `full` run left is rebuilt from nothing, and what it did is not."""
    incremental = "{{ config(materialized='incremental', unique_key='id') }}"
    project.write("models/kept.sql", incremental + "select 1 as id")
    project.write("models/left.sql", incremental + "select 1 as id from analytics.needed")
    assert project.run("--run-type=full").code == 1
    mend(project)
    assert project.run("--run-type=full").code == 0
    with duckdb.connect(str(project.file)) as database:
        database.execute("insert into analytics.kept values (2)")
        database.execute("insert into analytics.left values (2)")
        database.execute("drop table analytics.needed")
    assert project.run(*FULL).code == 1
    # by the failed attempt
    assert project.query("select count(*) from analytics.kept") == [(1,)]
    with duckdb.connect(str(project.file)) as database:
        database.execute("insert into analytics.kept values (2)")
    mend(project)
    assert project.run(*FULL).code == 0
    assert project.query("select count(*) from analytics.kept") == [(2,)]
    assert project.query("select count(*) from analytics.left") == [(1,)]


def test_another_selection_is_another_run(project: Project) -> None:
    """Attempts with one key that were to do other commands are not linked."""
    project.model("first").model("second")
    project.run(*FULL, "--select=first")
    result = project.run(*FULL)
    assert result.summary["resumed_from"] is None
    assert executed(result) == {"first", "second"}


@pytest.mark.parametrize("mismatch", ["full", "error"])
def test_mismatch(project: Project, mismatch: str) -> None:
    """What has changed since is told, and everything is run, or nothing."""
    project.write(
        "dbt_project.yml", (project.folder / "dbt_project.yml").read_text() + "vars: {a: 1}\n"
    )
    project.model("first", "select {{ var('a') }} as id, '{{ env_var('B', 'x') }}' as b")
    project.run(*FULL)
    project.model("second")
    result = project.run(*FULL, f"--resume-mismatch={mismatch}", '--vars={"a": 2}', env={"B": "y"})
    told = ["environment: B", "files: shop://models/second.sql", "variables: a"]
    if mismatch == "error":
        assert result.code == 2
        assert "; ".join(told) in result.summary["error"]
        assert project.tables() == ["analytics.first"]
    else:
        assert result.code == 0
        assert result.events("run.not_resumed")[0]["differs"] == told
        assert executed(result) == {"first", "second"}


def test_secrets_are_not_compared(project: Project) -> None:
    """Not even a digest of a secret is stored: a password may be short enough to be guessed."""
    project.model("first", "select '{{ env_var('DB_PASSWORD') }}' as a, '{{ env_var('B') }}' as b")
    first = project.run(*FULL, env={"DB_PASSWORD": "tiger", "B": "x"})
    assert first.artifact("plan.json")["fingerprint"]["environment"].keys() == {"B"}
    assert executed(project.run(*FULL, env={"DB_PASSWORD": "lion", "B": "x"})) == set()


def test_after_a_parse_error(project: Project) -> None:
    """An attempt that never came to a plan is passed over."""
    with_broken_model(project)
    first = project.run(*FULL)
    project.model("bad", "select * from {{ ref('nowhere') }}")
    assert project.run(*FULL).code == 2
    (project.folder / "models/bad.sql").unlink()
    mend(project)
    result = project.run(*FULL)
    assert result.summary["resumed_from"] == first.summary["attempt"]
    assert result.code == 0


def test_another_database(project: Project) -> None:
    """What was done in another database file is not done, though all names are the same."""
    profile = (
        "shop: {target: dev, outputs: {dev: {type: duckdb, schema: analytics, "
        "path: \"{{ env_var('FILE') }}\"}}}"
    )
    (project.root / "profiles").mkdir()
    (project.root / "profiles/profiles.yml").write_text(profile)
    project.model("first")
    files = []
    for name in ("a", "b"):
        (project.root / name).mkdir()
        files.append(project.root / name / "shop.duckdb")
    words = (*FULL, f"--profiles-dir={project.root / 'profiles'}")
    assert project.run(*words, env={"FILE": str(files[0])}).code == 0
    result = project.run(*words, env={"FILE": str(files[1])})
    assert result.events("run.not_resumed")[0]["differs"] == ["place: database"]
    assert project.tables(files[1]) == ["analytics.first"]
    for _ in range(2):
        assert executed(project.run(*words, env={"FILE": ":memory:"})) == {"first"}


def test_another_selector(project: Project) -> None:
    """What a selector stands for is part of what a run is to do."""
    selectors = "selectors: [{name: nightly, definition: %s}]"
    project.model("first").model("second").write("selectors.yml", selectors % "first")
    words = ("--run-type=incremental", "--selector=nightly", KEY)
    assert executed(project.run(*words)) == {"first"}
    project.write("selectors.yml", selectors % "second")
    result = project.run(*words)
    assert result.events("run.not_resumed")[0]["differs"] == ["selectors: nightly"]
    assert executed(result) == {"second"}


def test_nodes_that_are_gone(project: Project) -> None:
    """A plan with a node that the project no longer has is another one, and no smaller one."""
    with_broken_model(project)
    project.model("some_days", "{{ config(enabled=(target.threads == 1)) }} select 1 as id")
    assert project.run(*FULL).nodes["success"] == 2
    mend(project)
    # what decides it is in no file, variable or version
    result = project.run(*FULL, "--threads=2", env={"XDG_CACHE_HOME": "/nowhere"})
    assert result.events("run.not_resumed")[0]["differs"] == ["nodes: model.shop.some_days"]
    assert (result.code, result.nodes) == (0, {"success": 3, "pass": 2})


def test_elsewhere(project: Project) -> None:
    """Where the project lies is no matter: a retry may install the wheel somewhere else."""
    with_broken_model(project)
    rows = "\n".join(str(number) for number in range(200_000))
    project.write("seeds/large.csv", f"number\n{rows}\n").write("seeds/small.csv", "a\n1\n")
    first = project.run(*FULL)
    assert first.nodes["success"] == 3
    mend(project)
    moved = project.folder.rename(project.root / "moved")
    result = project.run(*FULL, f"--project-dir={moved}", env={"XDG_CACHE_HOME": "/nowhere"})
    assert result.summary["resumed_from"] == first.summary["attempt"]
    assert executed(result) == {"second", "third", "not_null_third_id"}
    (moved / "seeds/large.csv").write_text(f"number\n{rows}\n0\n")
    result = project.run(*FULL, f"--project-dir={moved}")
    assert result.events("run.not_resumed")[0]["differs"] == ["files: shop://seeds/large.csv"]


def test_nodes_of_every_kind(project: Project) -> None:
    """A later attempt plans all that the one before it planned, whatever kind of node it is."""
    project.model("first", "select 1 as id").model("last", "select id from analytics.needed")
    project.write("models/between.sql", "{{ config(materialized='ephemeral') }} select 1 as id")
    project.model("on_between", "select * from {{ ref('between') }}")
    project.write("seeds/letters.csv", "letter\na\n")
    project.write(
        "snapshots/history.sql",
        "{% snapshot history %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
        "select * from {{ ref('last') }}{% endsnapshot %}",
    )
    project.write(
        "tests/stored.sql",
        "{{ config(store_failures=true) }} select * from {{ ref('last') }} where false",
    )
    project.write(
        "models/all.yml",
        "unit_tests: [{name: unit, model: last, given: [], expect: {rows: []}},"
        " {name: other, model: first, given: [], expect: {rows: [{id: 1}]}}]\n"
        "exposures: [{name: board, type: dashboard, owner: {name: me},"
        " depends_on: [ref('last')]}]\n",
    )
    first = project.run(*FULL)
    assert first.code == 1
    mend(project)
    with duckdb.connect(str(project.file)) as database:
        database.execute("create or replace table analytics.needed as select 1 as id where false")
    second = project.run(*FULL)
    assert (second.code, second.summary["resumed_from"]) == (0, first.summary["attempt"])
    plans = [one.artifact("plan.json")["commands"] for one in (first, second)]
    assert plans[0] == plans[1]
    assert second.summary["nodes"]["total"] == first.summary["nodes"]["total"]


def test_fail_fast(project: Project) -> None:
    """What was not started is executed."""
    with_broken_model(project)
    project.model("z_last")
    assert project.run(*FULL, "--fail-fast").code == 1
    mend(project)
    result = project.run(*FULL)
    assert result.nodes == {"success": 4, "pass": 2}
    assert "first" not in executed(result)


def test_tests_that_did_not_run(project: Project) -> None:
    """Of a model that was built, a test that failed is executed again, with what waited for it."""
    project.model("first", "select 1 as id").model("second", "select * from {{ ref('first') }}")
    project.write(
        "tests/no_rows.sql", "select * from {{ ref('first') }}, analytics.needed where false"
    )
    assert project.run(*FULL).nodes == {"success": 1, "error": 1, "skipped": 1}
    mend(project)
    result = project.run(*FULL)
    assert executed(result) == {"no_rows", "second"}
    assert result.code == 0


def test_warnings(project: Project) -> None:
    """A node that warned is done, unless warnings are errors."""
    project.model("first")
    project.write(
        "tests/warns.sql", "{{ config(severity='warn') }} select * from {{ ref('first') }}"
    )
    assert project.run(*FULL).nodes == {"success": 1, "warn": 1}
    assert executed(project.run(*FULL)) == set()
    strict = project.run(*FULL, "--warnings=error")
    assert executed(strict) == {"warns"}
    assert strict.code == 1


def test_a_hook_that_failed(project: Project) -> None:
    """If only a hook on the run's end failed, it runs again, around one node."""
    project.write(
        "dbt_project.yml",
        (project.folder / "dbt_project.yml").read_text()
        + 'on-run-end: ["insert into analytics.needed values (2)"]\n',
    )
    project.model("first").model("second")
    project.write("tests/no_rows.sql", "select * from {{ ref('first') }} where false")
    first = project.run(*FULL)
    assert first.code == 1
    assert first.nodes == {"success": 2, "pass": 1, "error": 1}
    mend(project)
    result = project.run(*FULL)
    assert result.code == 0
    assert executed(result) == {"no_rows"}
    assert project.query("select count(*) from analytics.needed") == [(2,)]
    again = project.run(*FULL)
    assert executed(again) == set()
    assert project.query("select count(*) from analytics.needed") == [(2,)]


def test_a_kill_before_the_last_hook(project: Project) -> None:
    """A hook on the run's end that a killed attempt never came through runs, around one node."""
    project.write(
        "dbt_project.yml",
        project.read("dbt_project.yml") + 'on-run-end: ["{{ note() }}"]\n',
    )
    project.write(
        "macros/note.sql",
        "{% macro note() %}{% if execute %}{% set rows = "
        "run_query('select n from analytics.needed').columns[0].values()[0] %}"
        "insert into analytics.notes select count(*) from range({{ rows }}) as t(i) "
        "where hash(i) % 7 = 1{% endif %}{% endmacro %}",
    )
    project.model("first").model("second")
    project.write("tests/no_rows.sql", "select * from {{ ref('first') }} where false")
    project.artifacts.mkdir()
    with duckdb.connect(str(project.file)) as database:
        database.execute("create schema analytics")
        database.execute("create table analytics.notes (n int)")
        database.execute("create table analytics.needed as select 1000000000000 as n")
    running = project.start(*FULL)
    running.wait_for('"node.finished", "unique_id": "test.shop.no_rows"')
    time.sleep(2)
    running.send(signal.SIGKILL)
    running.finish()
    with duckdb.connect(str(project.file)) as database:
        database.execute("update analytics.needed set n = 1")
    result = project.run(*FULL)
    assert (result.code, executed(result)) == (0, {"no_rows"})
    assert len(project.query("from analytics.notes")) == 1
    for _ in range(2):
        assert executed(project.run(*FULL)) == set()
    assert len(project.query("from analytics.notes")) == 1


def test_several_commands(project: Project) -> None:
    """A list of commands goes on in the command that was not through."""
    project.model("first").model("second", "select id from {{ ref('first') }}, analytics.needed")
    project.write(
        "macros/note.sql",
        "{% macro note() %}{% do run_query('insert into analytics.notes values (1)') %}"
        "{% endmacro %}",
    )
    project.write(
        "runner.yml",
        "run_types: {nightly: {commands: [run-operation note, run, docs generate, test]}}\n"
        "targets: {local: {type: duckdb, schema: analytics}}\n",
    )
    project.artifacts.mkdir()
    with duckdb.connect(str(project.file)) as database:
        database.execute("create schema analytics")
        database.execute("create table analytics.notes (n int)")
    words = ("--run-type=nightly", KEY)
    assert project.run(*words).nodes["error"] == 1
    mend(project)
    with duckdb.connect(str(project.file)) as database:
        database.execute("insert into analytics.first values (2)")
    result = project.run(*words)
    assert result.code == 0, result.stdout
    assert result.summary["carried"] == 2
    assert project.query("select count(*) from analytics.first") == [(2,)]
    assert project.query("select count(*) from analytics.notes") == [(1,)]
    assert executed(project.run(*words)) == set()


def test_artifacts_that_were_lost(project: Project) -> None:
    """After exit code 4 nothing is executed again, and the artifacts are made up for."""
    project.model("first").model("slow", SLOW.replace("1000000000000", "300000000"))
    running = project.fork(*FULL, "--threads=1")
    running.wait_for('"node.started", "unique_id": "model.shop.slow"')
    [folder] = project.artifacts.glob("shop/local/local/analytics/runs/*")
    (folder / "commands").write_text("no folder")
    assert running.finish().code == 4
    result = project.run(*FULL)
    assert (result.code, executed(result)) == (0, set())
    assert results(result) == {"first": "success", "slow": "success"}
    assert result.is_complete()


def test_artifacts_that_are_half_there(project: Project) -> None:
    """What is made as a whole is made again, if the attempt was killed while it stored it."""
    project.model("first").write("tests/no_rows.sql", "select * from analytics.needed where false")
    project.write(
        "runner.yml",
        "run_types: {nightly: {commands: [run, docs generate, test]}}\n"
        "targets: {local: {type: duckdb, schema: analytics}}\n",
    )
    words = ("--run-type=nightly", KEY)
    first = project.run(*words)
    assert first.nodes == {"success": 3, "error": 1}
    (first.artifacts / "commands/02-docs-generate/index.html").unlink()
    [file] = (first.artifacts / "journal").iterdir()
    content = json.loads(file.read_text())
    content["entries"] = [
        one for one in content["entries"] if (one["command"], one["unique_id"]) != (1, "")
    ]
    file.write_text(json.dumps(content))
    mend(project)
    second = project.run(*words)
    assert (second.code, second.summary["carried"]) == (0, 1)
    assert (second.artifacts / "commands/02-docs-generate/index.html").is_file()
    third = project.run(*words)
    assert (third.code, third.summary["carried"]) == (0, 4)
    assert (third.artifacts / "commands/02-docs-generate/index.html").is_file()


def test_command(project: Project) -> None:
    """Any attempt can be gone on with by its id, without a key; a chain of them is one run."""
    with_broken_model(project)
    first = project.run("--run-type=full", "--threads=1", '--vars={"x": [1, "b"]}')
    mend(project)
    attempt = first.summary["attempt"]
    second = project.run("resume", attempt)
    assert second.code == 0, second.stderr
    assert second.summary["run_type"] == "full"
    assert second.summary["carried"] == 2
    third = project.run("resume", attempt)
    assert third.summary["resumed_from"] == second.summary["attempt"]
    assert executed(third) == set()


def test_command_of_a_lost_machine(project: Project) -> None:
    """Who goes on by an attempt's id waits as long as the lease of that one may count."""
    project.model("first").model("slow", SLOW)
    running = project.start("--run-type=full", "--threads=1")
    running.wait_for('"node.started", "unique_id": "model.shop.slow"')
    attempt = json.loads(running.stdout.read_text().splitlines()[0])["attempt"]
    running.send(signal.SIGSTOP)
    again = project.fork("resume", attempt)
    again.wait_for('"lock.waiting"')
    time.sleep(2)
    assert again.is_alive()
    again.send(signal.SIGTERM)
    assert again.finish().code == 143


def test_command_for_a_run_that_only_looks(project: Project) -> None:
    """Such a run is begun anew, with the settings that it had."""
    project.model("first").model("second")
    first = project.run("--run-type=compile", "--select=first")
    second = project.run("resume", first.summary["attempt"])
    assert (second.code, second.nodes) == (0, {"success": 1})
    assert second.summary["resume_key"] == first.summary["resume_key"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "resume: needs ATTEMPT"),
        (("0000",), "resume: '0000' is no attempt in"),
        (("ATTEMPT", "--run-type=test"), "there is nothing to go on with"),
        (("ATTEMPT", "--select=first"), "there is nothing to go on with"),
    ],
)
def test_command_refused(project: Project, words: tuple[str, ...], told: str) -> None:
    """One line, exit code 2, and nothing is started."""
    project.model("first")
    attempt = project.run("--run-type=full").summary["attempt"]
    words = tuple(word.replace("ATTEMPT", attempt) for word in words)
    result = project.run("resume", *words)
    assert result.code == 2
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not result.stdout
