"""Runs of an installed package that brings a baked parse state along."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import manifests
from runs import Finished, Project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runs import Warm

# The bake takes seconds, and what dbt does with a state does not hang on the version of Python.
pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parents[2] / "src/dbt_runner"
FILES = {
    "dbt_project.yml": """
name: shop
version: "1.0"
profile: shop
flags: {send_anonymous_usage_stats: false}
vars: {layer: core, unread: 1}
models: {shop: {marts: {+schema: marts}}}
on-run-end: "create or replace table {{ target.schema }}.ended as select 1 as id"
""",
    "runner.yml": """
targets: {local: {type: duckdb, schema: analytics}}
vars: {layer: {type: string}, unread: {type: integer}}
""",
    "seeds/codes.csv": "id,name\n1,a\n2,b\n",
    "models/orders.sql": """
{{ config(materialized='incremental', unique_key='id', meta={
  'layer': var('layer'), 'owner': env_var('SHOP_OWNER', 'nobody')}) }}
select id, name from {{ ref('codes') }}
""",
    "models/marts/sums.sql": """
{{ config(materialized='table') }}
{% if execute and env_var('SHOP_FAILS', '') %}{{ exceptions.raise_compiler_error('no') }}{% endif %}
select count(*) as n from {{ ref('orders') }}
""",
    # dbt warns of what is described and not there
    "models/schema.yml": "models: [{name: orders, columns: [{name: id, data_tests: [not_null]}]}, "
    "{name: missing}]",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install --target` leaves of a wheel with the state of a project."""
    folder = tmp_path_factory.mktemp("wheel")
    made = folder / "project"
    for name, text in FILES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text, encoding="utf-8")
    shutil.copytree(SOURCE, folder / "site/dbt_runner", copy_function=shutil.copy2)
    command = [sys.executable, "-m", "dbt_runner", "bake", f"--project-dir={made}"]
    states = folder / "site/dbt_runner/_baked"
    done = subprocess.run([*command, f"--output={states}"], capture_output=True, check=True)
    assert done.stdout.decode().startswith("local: baked"), done.stdout
    assert str(folder).encode() not in (states / "local.json").read_bytes()
    return folder / "site"


def test_bytes_are_the_same_twice(site: Path, tmp_path: Path) -> None:
    """Another bake, at another place and time, gives the same bytes of state and key."""
    project = tmp_path / "a longer place" / "shop"
    for name, text in reversed(FILES.items()):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "dbt_runner", "bake", f"--project-dir={project}"]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    words = [*command, f"--output={tmp_path}"]
    subprocess.run(words, env=environment, capture_output=True, check=True)
    for name in ("local.state", "local.json"):
        assert (tmp_path / name).read_bytes() == (site / "dbt_runner/_baked" / name).read_bytes()


class Baked(Project):
    """A project, run by a package of its own."""

    installed: Path

    def go(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Finished:
        """Run it in a fresh interpreter."""
        place = {"PYTHONPATH": str(self.installed)}
        return self.start(*arguments, env={**place, **(env or {})}).finish()

    @property
    def state(self) -> Path:
        """The state that it serves."""
        return self.installed / "dbt_runner/_baked/local.state"


@pytest.fixture
def baked(tmp_path: Path, warm: Warm, site: Path) -> Iterator[Baked]:
    """The project at another place than it was baked at, and a package that may be changed."""
    made = Baked(tmp_path, warm)
    for name, text in FILES.items():
        made.write(name, text)
    made.installed = tmp_path / "site"
    shutil.copytree(site, made.installed, copy_function=shutil.copy2)
    yield made
    made.close()


def test_another_schema_is_written_alone(baked: Baked) -> None:
    """A state serves a schema that it has never heard of, and everything lands there."""
    done = baked.go("--run-type=full", "--target-schema=dev_me")
    assert done.code == 0, done.stdout + done.stderr
    assert done.summary["parse"] == "baked"
    assert (done.summary["catalog"], done.summary["target_schema"]) == ("local", "dev_me")
    assert baked.tables() == ["dev_me.codes", "dev_me.ended", "dev_me.orders", "dev_me_marts.sums"]


def test_manifest_is_that_of_a_parse(baked: Baked) -> None:
    """The artifacts of a run from the state are those of one that parsed, but for times and ids."""
    served = baked.go("--run-type=full")
    shutil.rmtree(baked.state.parent)
    parsed = baked.go("--run-type=full")
    assert (served.summary["parse"], parsed.summary["parse"][:5]) == ("baked", "full:")
    one, other = (
        manifests.comparable(done.artifacts / "commands/01-build/manifest.json", {})
        for done in (served, parsed)
    )
    assert manifests.differences(one, other) == []
    for told in (served, parsed):
        warned = [line["message"] for line in told.events("dbt.warned")]
        assert (len(warned), told.summary["warnings"]) == (1, 1), warned
        assert "models/schema.yml" in warned[0]
        assert "missing" in warned[0]


def test_warnings_as_errors_parse(baked: Baked) -> None:
    """What dbt warned of when the state was made is an error of a run that takes it for one."""
    done = baked.go("--run-type=full", "--warnings=error")
    assert done.code == 2
    assert "missing" in done.summary["error"]
    assert done.summary["parse"] != "baked"


@pytest.mark.parametrize("run_type", ["incremental", "test", "run", "seed", "compile", "docs"])
def test_every_run_type_is_served(baked: Baked, run_type: str) -> None:
    """What is run of the project makes no difference to its parse."""
    assert baked.go("--run-type=full").code == 0
    done = baked.go(f"--run-type={run_type}")
    assert (done.code, done.summary["parse"]) == (0, "baked"), done.stdout + done.stderr


def test_resumed_run_is_served(baked: Baked) -> None:
    """An attempt that goes on with another is served, and does what is left."""
    failed = baked.go("--run-type=full", "--resume-key=one", env={"SHOP_FAILS": "yes"})
    assert (failed.code, failed.summary["parse"]) == (1, "baked"), failed.stdout + failed.stderr
    done = baked.go("--run-type=full", "--resume-key=one")
    assert (done.code, done.summary["parse"]) == (0, "baked"), done.stdout + done.stderr
    assert done.summary["resumed_from"] == failed.summary["attempt"]
    assert list(done.statuses()) == ["sums"]


def test_fingerprint_is_that_of_a_parse(baked: Baked) -> None:
    """Else an attempt that was served would not go on with one that parsed."""
    served = baked.go("--run-type=full")
    shutil.rmtree(baked.state.parent)
    parsed = baked.go("--run-type=full")
    one, other = (done.artifact("plan.json")["fingerprint"] for done in (served, parsed))
    assert one == other


@pytest.mark.parametrize(
    ("arguments", "env", "named"),
    [
        (['--vars={"layer": "raw"}'], {}, "the variable layer"),
        ([], {"SHOP_OWNER": "me"}, "the environment variable SHOP_OWNER"),
    ],
)
def test_what_the_parse_reads_is_named(
    baked: Baked, arguments: list[str], env: dict[str, str], named: str
) -> None:
    """A variable that the parse read has another value: the project is parsed with that one."""
    done = baked.go("--run-type=full", *arguments, env=env)
    assert done.code == 0, done.stdout + done.stderr
    assert done.summary["parse"].startswith("full: ")
    assert named in done.summary["parse"]
    meta = done.artifact("commands/01-build/manifest.json")["nodes"]["model.shop.orders"]["meta"]
    assert meta == {
        "layer": "raw" if arguments else "core",
        "owner": env.get("SHOP_OWNER", "nobody"),
    }


def test_what_the_parse_does_not_read_is_served(baked: Baked) -> None:
    """Other variables, and other environment, change nothing that is parsed."""
    done = baked.go("--run-type=full", '--vars={"unread": 2}', env={"SHOP_OTHER": "x"})
    assert (done.code, done.summary["parse"]) == (0, "baked"), done.stdout + done.stderr


def test_changed_file_is_parsed_and_then_kept(baked: Baked) -> None:
    """A stale state is left for dbt's own: all anew first, then what this machine has kept."""
    baked.write("models/marts/sums.sql", "select 7 as n")
    first = baked.go("--run-type=full", "--target-schema=dev")
    second = baked.go("--run-type=full", "--target-schema=dev")
    assert [done.code for done in (first, second)] == [0, 0]
    for done, how in ((first, "full: "), (second, "partial: ")):
        assert done.summary["parse"].startswith(f"{how}models/marts/sums.sql has changed")
    assert baked.query("select n from dev_marts.sums") == [(7,)]


def test_tampered_state_is_refused(baked: Baked) -> None:
    """Bytes that are not those that were built are not loaded."""
    baked.state.write_bytes(baked.state.read_bytes()[:-1] + b"x")
    done = baked.go("--run-type=full")
    assert done.code == 0
    assert "not the one that was built" in done.summary["parse"]


def test_user_profile_is_parsed(baked: Baked) -> None:
    """What stands in a profiles.yml of one's own was not there when the state was made."""
    output = {"type": "duckdb", "path": str(baked.file), "schema": "own"}
    profile = {"shop": {"target": "local", "outputs": {"local": output}}}
    (baked.root / "profiles").mkdir()
    (baked.root / "profiles/profiles.yml").write_text(json.dumps(profile), encoding="utf-8")
    baked.artifacts.mkdir()
    done = baked.go("--run-type=full", f"--profiles-dir={baked.root / 'profiles'}")
    assert done.code == 0, done.stdout + done.stderr
    assert "profiles_dir" in done.summary["parse"]
    assert "own.orders" in baked.tables()


def test_declared_names_alone(baked: Baked) -> None:
    """A project that decides on its schema can have a state for the one that its target has."""
    sql = "{{ config(materialized='table' if target.schema == 'analytics' else 'view') }} select 1"
    baked.write("models/decides.sql", sql + " as id")
    command = [sys.executable, "-m", "dbt_runner", "bake", f"--project-dir={baked.folder}"]
    command += [f"--output={baked.state.parent}"]
    told = subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout
    assert told.startswith("local: not baked: model.shop.decides: compares the schema")
    assert not baked.state.exists()
    command += ["--names=declared"]
    told = subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout
    assert told.startswith("local: baked for local.analytics alone")
    declared, other = (
        baked.go("--run-type=run", "--select=decides", *words)
        for words in ([], ["--target-schema=dev"])
    )
    assert declared.summary["parse"] == "baked"
    assert "local.dev is not local.analytics" in other.summary["parse"]
    kinds = baked.query(
        "select table_schema, table_type from information_schema.tables where table_name='decides'"
    )
    assert sorted(kinds) == [("analytics", "BASE TABLE"), ("dev", "VIEW")]
