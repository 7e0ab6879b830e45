"""How a bundle's files are read and merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bundles import definition, findings, job, task, wheel, write
from dbt_runner.bundle import bundle, document
from dbt_runner.bundle.bundle import Bundle
from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.value import Value
from dbt_runner.errors import BundleError

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, files: dict[str, Any]) -> Bundle:
    """Write a bundle, and read it."""
    return bundle.read(write(folder, files))


def deployed(folder: Path, files: dict[str, Any], target: str = "staging") -> Deployment:
    """Write a bundle, and look at a target of it."""
    return read(folder, files).deployment(target)


@pytest.mark.parametrize("name", bundle.FILE_NAMES)
def test_first_file_has_one_of_four_names(tmp_path: Path, name: str) -> None:
    """A bundle is found by its folder under each name that the CLI knows, or by its file."""
    write(tmp_path, {name: definition({"one": job(task())})})
    assert bundle.read(tmp_path).config == bundle.read(tmp_path / name).config
    assert list(bundle.read(tmp_path).deployment("staging").jobs) == ["one"]


def test_jobs_come_from_every_kind_of_file(tmp_path: Path) -> None:
    """Jobs stand in databricks.yml itself, in .yml, .yaml and JSON files, tabs or not."""
    files = {
        "databricks.yml": definition(
            {"a": job(task())}, include=["resources/*.yml", "resources/*.y*ml", "r/**/*.json"]
        ),
        "resources/b.yml": {"resources": {"jobs": {"b": job(task())}}},
        "resources/c.yaml": {"resources": {"jobs": {"c": job(task())}}},
        "r/x/d.json": '{\n\t"resources": {"jobs": {"d": {"name": "d"}}}\n}',
    }
    assert list(deployed(tmp_path, files).jobs) == ["a", "b", "c", "d"]


def test_windows_file_is_read(tmp_path: Path) -> None:
    """A byte order mark and Windows' line ends change neither content nor lines."""
    text = "\ufeffbundle:\r\n  name: a\r\nresources:\r\n  jobs:\r\n    a:\r\n      name: x\r\n"
    (tmp_path / "databricks.yml").write_bytes(text.encode())
    found = bundle.read(tmp_path).deployment("default").jobs["a"]
    assert (found.value.at("name").text, found.place.line) == ("x", 5)


ANCHORS = """\
bundle: {name: a}
definitions:
  task: &task
    max_retries: 0
    timeout_seconds: 60
  tags: &tags {layer: gold, project: a}
resources:
  jobs:
    a:
      tags:
        <<: *tags
        layer: silver
      tasks:
        - <<: *task
          task_key: one
        - {<<: [*task, {max_retries: 3}], task_key: two}
"""


def test_anchors_are_written_out(tmp_path: Path) -> None:
    """Aliases and merge keys give what they name; a key beside them wins."""
    jobs = deployed(tmp_path, {"databricks.yml": ANCHORS}, "default").jobs
    assert jobs["a"].value.at("tags").plain() == {"layer": "silver", "project": "a"}
    tasks = jobs["a"].value.at("tasks").plain()
    assert [one["task_key"] for one in tasks] == ["one", "two"]
    assert all(one["timeout_seconds"] == 60 for one in tasks)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("yes", "yes", id="yes"),
        pytest.param("off", "off", id="off"),
        pytest.param("True", True, id="true"),
        pytest.param("010", 10, id="leading-nought"),
        pytest.param("0x1F", 31, id="hexadecimal"),
        pytest.param("-5", -5, id="negative"),
        pytest.param("1.5", 1.5, id="decimal"),
        pytest.param("190:20:30", "190:20:30", id="no-base-sixty"),
        pytest.param("2024-01-01", "2024-01-01", id="date"),
        pytest.param("~", None, id="null"),
        pytest.param("'1'", "1", id="quoted"),
    ],
)
def test_scalars_are_what_the_cli_takes_them_for(text: str, expected: object) -> None:
    """YAML 1.2 decides, as in the Databricks CLI: `yes`, dates and times are texts."""
    assert document.parse(f"a: {text}", "x.yml").at("a").data == expected


OVERRIDES = """\
bundle: {name: a}
variables:
  catalog: {default: main}
  path: {default: "/Volumes/${var.catalog}/x"}
  words: {type: complex, default: [a, b]}
  unset: {}
targets:
  dev:
    default: true
    mode: development
    resources: {jobs: {a: {max_concurrent_runs: 2}, only_dev: {name: x}}}
  prod:
    mode: production
    variables: {catalog: prod}
    resources:
      jobs:
        a:
          name: changed
          parameters: [{name: day, default: "2"}, {name: new, default: "3"}]
          tasks:
            - {task_key: two, timeout_seconds: 7, depends_on: [{task_key: one}]}
            - {task_key: three}
          environments: [{environment_key: default, spec: {dependencies: [b]}}]
          job_clusters: [{job_cluster_key: c, new_cluster: {num_workers: 4}}]
          email_notifications: {on_failure: [b@x.y]}
resources:
  jobs:
    a:
      name: a ${var.path} ${bundle.target} ${bundle.name} ${var.unset} ${workspace.x}
      parameters: [{name: day, default: "1"}]
      tasks: [{task_key: one}, {task_key: two, max_retries: 1}]
      environments: [{environment_key: default, spec: {environment_version: "4"}}]
      job_clusters: [{job_cluster_key: c, new_cluster: {node_type_id: x, num_workers: 1}}]
      email_notifications: {on_failure: [a@x.y]}
      trigger: {words: "${var.words}"}
"""


def test_target_is_laid_over_the_jobs(tmp_path: Path) -> None:
    """Jobs and mappings merge by key, tasks and the like by their names, other lists are joined."""
    plain = deployed(tmp_path, {"databricks.yml": OVERRIDES}, "prod").jobs["a"].value.plain()
    assert plain["name"] == "changed"
    assert plain["parameters"] == [
        {"name": "day", "default": "2"},
        {"name": "new", "default": "3"},
    ]
    assert plain["tasks"] == [
        {"task_key": "one"},
        {
            "task_key": "two",
            "max_retries": 1,
            "timeout_seconds": 7,
            "depends_on": [{"task_key": "one"}],
        },
        {"task_key": "three"},
    ]
    assert plain["environments"][0]["spec"] == {"environment_version": "4", "dependencies": ["b"]}
    assert plain["job_clusters"][0]["new_cluster"] == {"node_type_id": "x", "num_workers": 4}
    assert plain["email_notifications"]["on_failure"] == ["a@x.y", "b@x.y"]


def test_other_targets_are_left_alone(tmp_path: Path) -> None:
    """What one target overrides is no part of another."""
    found = read(tmp_path, {"databricks.yml": OVERRIDES})
    dev, prod = found.deployment("dev"), found.deployment("prod")
    assert (dev.mode, prod.mode, found.default_target) == ("development", "production", "dev")
    assert list(dev.jobs) == ["a", "only_dev"]
    assert list(prod.jobs) == ["a"]
    assert len(dev.jobs["a"].tasks) == 2


def test_references_are_filled_in_as_far_as_known(tmp_path: Path) -> None:
    """Variables of the target, also within each other; what the files don't say stays written."""
    text = OVERRIDES.replace("          name: changed\n", "")
    deployment = deployed(tmp_path, {"databricks.yml": text}, "prod")
    name = deployment.jobs["a"].value.at("name")
    assert name.text == "a /Volumes/prod/x prod a ${var.unset} ${workspace.x}"
    assert name.source.startswith("a ${var.path} ${bundle.target}")
    assert deployment.jobs["a"].value.at("trigger", "words").plain() == ["a", "b"]


def test_variables_that_hold_each_other_end(tmp_path: Path) -> None:
    """A circle of variables is left as written."""
    text = (
        "variables: {a: {default: '${var.b}'}, b: {default: '${var.a}'}}\n"
        "resources: {jobs: {a: {name: '${var.a}', description: 'x ${var.b}'}}}\n"
    )
    job_a = deployed(tmp_path, {"databricks.yml": text}, "default").jobs["a"]
    assert "${var." in job_a.value.at("name").text
    assert "${var." in job_a.value.at("description").text


def test_job_may_stand_in_a_target_only(tmp_path: Path) -> None:
    """A job, or only its tasks, may be defined in a target; the others have none."""
    files = {
        "databricks.yml": {
            "resources": {"jobs": {"a": {**job(), "tasks": None}}},
            "targets": {
                "one": {"resources": {"jobs": {"a": {"tasks": [task()]}, "b": job(task())}}},
                "two": {},
            },
        }
    }
    found = read(tmp_path, files)
    assert {key: len(one.tasks) for key, one in found.deployment("one").jobs.items()} == {
        "a": 1,
        "b": 1,
    }
    assert [len(one.tasks) for one in found.deployment("two").jobs.values()] == [0]
    assert findings(tmp_path) == []


def test_value_that_is_missing_has_the_place_above() -> None:
    """What is not there can be asked for, and is told at the nearest place that is."""
    value = document.parse("a:\n  b: 1\n", "x.yml")
    assert str(value.at("a", "c", "d").place) == "x.yml:1"
    assert value.at("a", "b", "c") == Value(None, value.at("a", "b").place)


BAD_FILES = [
    pytest.param({}, "{folder}: holds no databricks.yml", id="empty-folder"),
    pytest.param(
        {"databricks.yml": "a: [\n"}, "{folder}/databricks.yml:2: no valid YAML: ", id="syntax"
    ),
    pytest.param({"databricks.yml": "a: b\n\tc: d\n"}, ":2: no valid YAML", id="tab"),
    pytest.param({"databricks.yml": "- a\n"}, "databricks.yml:1: a bundle's file is", id="list"),
    pytest.param({"databricks.yml": "a: 1\nb: 2\na: 3\n"}, ":3: a stands twice", id="twice"),
    pytest.param({"databricks.yml": "a: &a [*a]\n"}, ":1: holds itself by an alias", id="itself"),
    pytest.param({"databricks.yml": "? [a]\n: b\n"}, ":1: a key has to be", id="key"),
    pytest.param({"databricks.yml": "--- {}\n--- {}\n"}, "no valid YAML", id="two-documents"),
    pytest.param({"databricks.yml": "a: *b\n"}, ":1: no valid YAML", id="unknown-alias"),
    pytest.param({"databricks.yml": "a: \x07\n"}, "no valid YAML", id="control-character"),
    pytest.param({"databricks.yml": "[" * 30_000}, "databricks.yml", id="deep"),
    pytest.param(
        {"databricks.yml": "include:\n  - a.yml\n"},
        "databricks.yml:2: include a.yml matches no file; correct the path",
        id="include-of-nothing",
    ),
    pytest.param(
        {"databricks.yml": "include:\n  - r/*.yml\n"},
        "databricks.yml:2: include r/*.yml matches no file; correct it",
        id="no-jobs-at-all",
    ),
    pytest.param({"databricks.yml": "include: [/a/*.yml]\n"}, "no path within", id="absolute"),
    pytest.param(
        {"databricks.yml": "include: [a.*]\n", "a.py": ""}, ":1: include a.* matches a.py", id="py"
    ),
    pytest.param(
        {"databricks.yml": "include: [a.json]\n", "a.json": '{"a": 1\n]'},
        "a.json:2: no valid JSON",
        id="json",
    ),
    pytest.param(
        {
            "databricks.yml": "include: ['*_.yml']\n",
            "a_.yml": "resources:\n  jobs:\n    x: {name: a}\n",
            "b_.yml": "resources:\n  jobs:\n\n    x: {name: a}\n",
        },
        "{folder}/b_.yml:4: job x is defined in {folder}/a_.yml:3 already; rename",
        id="one-job-in-two-files",
    ),
    pytest.param(
        {"databricks.yml": "python: {resources: ['a:b']}\n"},
        "its jobs are made by Python; use `databricks bundle validate",
        id="python",
    ),
]


@pytest.mark.parametrize(("files", "message"), BAD_FILES)
def test_unreadable_bundle_is_one_line(tmp_path: Path, files: dict[str, str], message: str) -> None:
    """What cannot be read is told with file, line and way out."""
    with pytest.raises(BundleError) as caught:
        read(tmp_path, files)
    assert message.replace("{folder}", str(tmp_path)) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_file_that_is_no_text(tmp_path: Path) -> None:
    """A file in another encoding, or a path that is not there, is told as what it is."""
    (tmp_path / "databricks.yml").write_bytes("a: é".encode("utf-16"))
    with pytest.raises(BundleError, match="cannot be read: is no UTF-8 text"):
        bundle.read(tmp_path)
    with pytest.raises(BundleError, match="there is no such file"):
        bundle.read(tmp_path / "elsewhere")


def test_alias_bomb_is_refused(tmp_path: Path) -> None:
    """Ten lines that stand for a thousand million values are not written out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    with pytest.raises(BundleError, match="more than 1,000,000 values"):
        read(tmp_path, {"databricks.yml": "\n".join(lines)})


def test_pattern_may_match_nothing_beside_others(tmp_path: Path) -> None:
    """As in the CLI's own templates, a pattern for a folder that is not there is no fault."""
    files = {
        "databricks.yml": definition({"a": job(wheel())}, include=["resources/*.yml", "r/*.yml"])
    }
    assert list(deployed(tmp_path, files).jobs) == ["a"]


def test_unknown_target_is_refused(tmp_path: Path) -> None:
    """A target that the bundle has not is told with the nearest one."""
    found = read(tmp_path, {"databricks.yml": OVERRIDES})
    with pytest.raises(BundleError, match=r"'prd' is no target of .*; did you mean prod\?"):
        found.deployment("prd")
