"""The command `dbt-runner jobs`: words, output, ends."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bundles import NOTEBOOK, TAGS, definition, job, notebook, start, task, wheel, write
from dbt_runner import cli
from dbt_runner import help as help_text
from dbt_runner.bundle import bundle, check, command
from dbt_runner.bundle.rules import Rule
from dbt_runner.errors import BundleError, RulesBroken, RunnerError, SettingsError
from rule_examples.small import after

DOCS = Path(__file__).parents[2] / "docs" / "job-rules.md"

ORCHESTRATOR = """\
bundle:
  name: shop
targets:
  dev: {mode: development}
  prod: {mode: production}
resources:
  jobs:
    top:
      schedule: {quartz_cron_expression: 0 0 2 * * ?, timezone_id: Etc/UTC}
      tags:
        job_level: orchestrator
        layer: all
        environment: ${bundle.target}
        project: shop
        compute_type: none
        job_type: pipeline
      tasks:
        - task_key: load
          run_job_task: {job_id: 42}
"""


def told(*words: str, stdin: str = "") -> str:
    """What the command prints, whether or not it finds something."""
    said: list[str] = []
    try:
        command.run(words, said.append, io.StringIO(stdin))
    except RulesBroken:
        assert said
    return "\n".join(said)


def lines(folder: Path, text: str) -> list[str]:
    """The lines of a check of one file, without the folder."""
    write(folder, {"databricks.yml": text})
    return told("check", str(folder)).replace(f"{folder}/", "").splitlines()


def test_findings_are_lines_and_a_count(tmp_path: Path) -> None:
    """A finding is file, line, code, message and fix, and the targets where not all have it."""
    assert lines(tmp_path, ORCHESTRATOR) == [
        "databricks.yml:8: DJ508 job top tells nobody when it fails [prod]; "
        + Rule.NOBODY_TOLD.fix,
        f"databricks.yml:19: DJ201 task top.load has job_id: 42; {Rule.JOB_REFERENCE.fix}",
        "2 findings in 1 job",
    ]


def test_one_target_is_checked_if_named(tmp_path: Path) -> None:
    """--target leaves the others out."""
    write(tmp_path, {"databricks.yml": ORCHESTRATOR})
    assert "DJ508" not in told("check", str(tmp_path), "--target=dev")
    assert told("check", str(tmp_path), "--target", "prod").endswith("2 findings in 1 job")


def test_nothing_found_is_said(tmp_path: Path) -> None:
    """A check that finds nothing says so and raises nothing."""
    write(tmp_path, {"databricks.yml": definition({"a": job(task()), "b": job(task())})})
    said: list[str] = []
    command.run(["check", str(tmp_path)], said.append)
    assert said == ["nothing found in 2 jobs"]


def test_findings_end_with_exit_code_one(tmp_path: Path) -> None:
    """Whoever calls it from CI sees 1; the report has told what it is."""
    write(tmp_path, {"databricks.yml": ORCHESTRATOR})
    with pytest.raises(RulesBroken) as caught:
        command.run(["check", str(tmp_path)], lambda _: None)
    assert (caught.value.exit_code, caught.value.reported) == (1, True)


def test_json_is_one_object(tmp_path: Path) -> None:
    """--format=json gives every part of a finding a name."""
    write(tmp_path, {"databricks.yml": ORCHESTRATOR})
    found = json.loads(told("check", str(tmp_path), "--format=json"))
    assert (found["jobs"], found["targets"]) == (1, ["dev", "prod"])
    assert found["findings"][1] == {
        "code": "DJ201",
        "rule": Rule.JOB_REFERENCE.title,
        "file": f"{tmp_path}/databricks.yml",
        "line": 19,
        "job": "top",
        "task": "load",
        "targets": ["dev", "prod"],
        "message": "task top.load has job_id: 42",
        "fix": Rule.JOB_REFERENCE.fix,
    }


def test_bundle_of_the_working_folder_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a path it is the working folder's, and files are named from there."""
    monkeypatch.chdir(write(tmp_path, {"databricks.yml": ORCHESTRATOR}))
    assert told("check").startswith("databricks.yml:8: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["chekc"], "jobs: 'chekc' is no command; did you mean check?", id="verb"),
        pytest.param(["x"], "jobs: 'x' is no command; there is check and graph", id="far"),
        pytest.param(["check", "--targt=a"], "did you mean --target?", id="option"),
        pytest.param(["check", "--tar=a"], "'--tar=a' is not understood", id="abbreviation"),
        pytest.param(["check", "a", "b"], "'b' is not understood", id="two-paths"),
        pytest.param(["check", "--format=xml"], "invalid choice: 'xml'", id="format"),
        pytest.param(["check", "--target"], "expected one argument", id="no-value"),
        pytest.param(["graph", "--format=json"], "'--format=json' is not", id="graph"),
    ],
)
def test_words_that_are_not_understood(words: list[str], message: str) -> None:
    """A mistyped word ends with one line, exit code 2 and the nearest name."""
    with pytest.raises(SettingsError) as caught:
        command.run(words, lambda _: None)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("words", [["--help"], ["check", "--help"], ["check", "-h"], []])
def test_help_lists_the_rules(words: list[str]) -> None:
    """Help is usage and every rule, 100 columns wide."""
    text = told(*words)
    assert "usage: dbt-runner jobs check [PATH]" in text
    assert all(f"  {rule.code}  {rule.title}" in text for rule in Rule)
    assert max(map(len, text.splitlines())) <= 100


def test_main_help_names_the_command() -> None:
    """`dbt-runner --help` says that there is more."""
    assert "dbt-runner jobs check|graph [PATH]" in help_text.text()


def test_docs_list_the_rules() -> None:
    """docs/job-rules.md has a row for each rule, as the code has it, and for nothing else."""
    text = DOCS.read_text(encoding="utf-8")
    rows = [
        f"| `{rule.code}` | {rule.title} | {rule.fix} |".replace("<", "&lt;")
        for rule in sorted(Rule, key=lambda rule: rule.code)
    ]
    assert [line for line in text.splitlines() if line.startswith("| `DJ")] == rows


def ends(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit code of the console script."""
    monkeypatch.setattr(sys, "argv", ["dbt-runner", *words])
    return cli.main()


def test_console_script_goes_to_the_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """0, 1 and 2 are what a shell sees; what cannot be read is one line on standard error."""
    good = write(tmp_path / "good", {"databricks.yml": definition({"a": job(task())})})
    bad = write(tmp_path / "bad", {"databricks.yml": ORCHESTRATOR})
    assert ends(monkeypatch, "jobs", "check", str(good)) == 0
    assert ends(monkeypatch, "jobs", "check", str(bad)) == 1
    assert capfd.readouterr().err == ""
    assert ends(monkeypatch, "jobs", "check", str(tmp_path / "none")) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"dbt-runner: .*/none: there is no such file; .*\n", said.err)
    assert ends(monkeypatch, "job", "check") == 2
    assert "'job' is no command; did you mean jobs?" in capfd.readouterr().err


def test_entry_point_of_a_wheel_task_does_not_offer_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a job the words are run parameters; `jobs` is none."""
    monkeypatch.setattr(sys, "argv", ["dbt_runner", "jobs", "check"])
    with pytest.raises(RunnerError, match="'jobs' is no command; there is: run"):
        cli.run()


def test_dbt_is_not_imported(tmp_path: Path) -> None:
    """A check needs neither dbt nor the Databricks SDK, so it starts at once."""
    write(tmp_path, {"databricks.yml": definition({"a": job(wheel(package_name="dbt_runner"))})})
    code = (
        "import sys; from dbt_runner.bundle import command; "
        f"command.run(['check', {str(tmp_path)!r}], print); "
        "sys.exit(bool({'dbt', 'databricks', 'rich', 'structlog'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


IGNORES = """\
bundle:
  name: shop
targets: {staging: {}}
resources:
  jobs:
    # dbt-runner: ignore DJ501 billed by workspace
    # dbt-runner: ignore DJ202 deployed by another bundle
    top:
      tags: {job_level: orchestrator}
      tasks:
        - task_key: load
          run_job_task:
            job_id: 42 # dbt-runner: ignore DJ201 an old job
        - task_key: again
          depends_on:
            # dbt-runner: ignore DJ203 comes later
            - task_key: lod
          run_job_task:
            job_id: ${resources.jobs.other.id}
"""


def test_ignore_hides_a_finding(tmp_path: Path) -> None:
    """On its line, above it, or above the job's key."""
    assert lines(tmp_path, IGNORES) == ["nothing found in 1 job"]


def test_ignore_of_another_rule_hides_nothing(tmp_path: Path) -> None:
    """An ignore hides one code, and one that hides nothing is a finding."""
    found = lines(tmp_path, IGNORES.replace("ignore DJ203", "ignore DJ204"))
    assert [line.split(": ")[1][:5] for line in found[:-1]] == ["DJ902", "DJ203"]
    assert found[0].startswith("databricks.yml:16: DJ902 the ignore of DJ204 hides nothing")


def test_ignore_needs_a_reason(tmp_path: Path) -> None:
    """Without one it hides nothing, and is a finding itself."""
    found = lines(tmp_path, IGNORES.replace(" an old job", ""))
    assert [line.split(": ")[1][:5] for line in found[:-1]] == ["DJ201", "DJ901"]


def test_ignore_is_needed_in_one_target_only(tmp_path: Path) -> None:
    """What hides something in one target is no finding when another one is checked alone."""
    text = ORCHESTRATOR.replace("    top:", "    # dbt-runner: ignore DJ508 a test\n    top:")
    write(tmp_path, {"databricks.yml": text})
    assert "DJ902" not in told("check", str(tmp_path), "--target=dev")
    assert "DJ508" not in told("check", str(tmp_path))


def test_parameter_of_a_job_above_is_named_with_its_job(tmp_path: Path) -> None:
    """An orchestrator's parameters win over what a composite below hands on in a loop."""
    give = {"target_schema": "{{input}}", "run_type": "seed", "own": "x"}
    loop = {"inputs": "[]", "task": start("load", "one", give=give)}
    declared = [{"name": name, "default": "a"} for name in ("target_schema", "run_type")]
    jobs = {
        "load": job(task()),
        "all_schemas": job(task("each", for_each_task=loop), level="composite"),
        "nightly": job(start("all_schemas"), level="orchestrator", parameters=declared),
    }
    write(tmp_path, {"databricks.yml": definition(jobs)})
    found = [line.partition(": ")[2] for line in told("check", str(tmp_path)).splitlines()]
    assert found[0] == (
        "DJ301 task all_schemas.one hands ${resources.jobs.load.id} a target_schema of its own, "
        "but the parameter target_schema of nightly, which is pushed down, wins over it; do not "
        "declare target_schema on nightly, or declare it on all_schemas too and hand on "
        '"{{job.parameters.target_schema}}"'
    )
    assert "a run_type of its own, but the parameter run_type of nightly" in found[1]
    assert len(found) == 3


def test_ignore_in_a_notebook(tmp_path: Path) -> None:
    """A finding in a notebook is hidden there, or above the job that runs it."""
    source = "# Databricks notebook source\n# dbt-runner: ignore DJ408 only lists\n# MAGIC %sh\nx\n"
    files = {"note.py": source, "databricks.yml": definition({"a": job(notebook())})}
    write(tmp_path, files)
    assert told("check", str(tmp_path)) == "nothing found in 1 job"


def test_secret_is_never_shown(tmp_path: Path) -> None:
    """Neither the value of a secret nor a token in another place gets into a report."""
    token = "dapi" + "0123456789abcdef" * 2
    jobs = {
        "a": job(
            wheel(named_parameters={"password": "hunter2"}, parameters=[token]),
            wheel(
                "b", package_name="dbt_runner", parameters=[f"--{token}=x", f"--threads={token}"]
            ),
            task("c", run_job_task={"job_id": token}, depends_on=[{"task_key": token}]),
            notebook("d", path=f"/{token}\u001b[31m\n"),
            notebook("e", path=f"/{token}\u001b[31m\n"),
        ),
        "b": job(task(), tags={**TAGS, "job_level": token}),
    }
    write(tmp_path, {"databricks.yml": definition(jobs)})
    for wanted in ("text", "json"):
        text = told("check", str(tmp_path), f"--format={wanted}")
        assert "DJ305" in text
        assert "hunter2" not in text
        assert token not in text
        assert "\u001b" not in text


def test_notebooks_of_jupyter_are_read(tmp_path: Path) -> None:
    """Cells of .ipynb are looked at like those of a source file, and told by their number."""
    cells = [
        {"cell_type": "markdown", "source": "%sh"},
        {"cell_type": "code", "source": ["%pip install x\n", "import argparse\n"]},
        {"cell_type": "code", "source": ["import argparse\n", "!ls\n", "%time x\n"]},
        {"cell_type": "code", "source": "%%sh\nls"},
    ]
    files = {
        "note.ipynb": {"cells": cells, "metadata": {"language_info": {"name": "python"}}},
        "databricks.yml": definition({"a": job(notebook(path="note.ipynb"))}),
    }
    files["note.ipynb"] = json.dumps(files["note.ipynb"])
    found = told("check", str(write(tmp_path, files)))
    assert "note.ipynb: DJ402 task a.main is a notebook that imports argparse in cell 3" in found
    assert "note.ipynb: DJ408 task a.main has %sh without -e in cell 4" in found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("note.py", "def (\n", id="no-python"),
        pytest.param("note.py", "print(\0)\n", id="nul"),
        pytest.param("note.ipynb", "{", id="no-json"),
        pytest.param("note.ipynb", "[1]", id="no-notebook"),
        pytest.param("note.ipynb", '{"cells": [1, {"cell_type": "code"}]}', id="odd-cells"),
        pytest.param("note.ipynb", '{"cells": 1, "metadata": 1}', id="odd-notebook"),
        pytest.param("note.sql", "-- Databricks notebook source\nselect :a\n", id="sql"),
        pytest.param("note.py", "", id="empty"),
    ],
)
def test_notebook_that_cannot_be_parsed_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    """A notebook in another language, or one that is none, breaks nothing."""
    files = {name: text, "databricks.yml": definition({"a": job(notebook(path=name))})}
    assert told("check", str(write(tmp_path, files))) == "nothing found in 1 job"


def validated(target: str = "dev", **jobs: Any) -> str:
    """What `databricks bundle validate -o json` prints, in short."""
    return json.dumps(
        {
            "bundle": {"name": "shop", "target": target, "mode": "development"},
            "presets": {"trigger_pause_status": "PAUSED", "tags": {"dev": "me"}},
            "variables": {"other": {"lookup": {"job": "x"}, "value": "77"}},
            "resources": {"jobs": jobs},
        }
    )


FILLED_IN = {
    "deployment": {"kind": "BUNDLE", "metadata_file_path": "/Workspace/x/metadata.json"},
    "edit_mode": "UI_LOCKED",
    "max_concurrent_runs": 4,
    "tags": {**TAGS, "job_level": "atomic", "environment": "dev", "dev": "me"},
}


def test_validated_bundle_is_checked() -> None:
    """JSON from the CLI has no lines, so a finding tells the path within it."""
    jobs = {
        "a": {
            **job(
                notebook(path="/Workspace/Users/me/files/note", source="WORKSPACE"),
                notebook("b", path="/Workspace/Users/me/files/note"),
            ),
            **FILLED_IN,
        }
    }
    assert told("check", "-", stdin=validated(**jobs)).splitlines() == [
        "resources.jobs.a.tasks[1].notebook_task.notebook_path: DJ105 task a.b uses "
        "/Workspace/Users/me/files/note, which is the notebook of a.main too; "
        + Rule.NOTEBOOK_TWICE.fix,
        "1 finding in 1 job",
    ]


def test_validated_bundle_without_a_fault() -> None:
    """References that are still written, looked-up ids and filled-in fields are no findings."""
    tags = {**FILLED_IN["tags"], "job_level": "orchestrator"}
    schedule = {
        "quartz_cron_expression": "0 0 2 * * ?",
        "timezone_id": "Etc/UTC",
        "pause_status": "PAUSED",
    }
    jobs = {
        "a": {**job(task()), **FILLED_IN},
        "top": {
            **job(
                start("a"),
                task("b", run_job_task={"job_id": 77}, depends_on=[{"task_key": "start_a"}]),
                schedule=schedule,
            ),
            **FILLED_IN,
            "tags": tags,
        },
    }
    text = validated(**jobs)
    assert told("check", "-", stdin=text) == "nothing found in 2 jobs"
    assert told("check", "-", "--target=dev", stdin=text) == "nothing found in 2 jobs"
    assert "top --> a" in told("graph", "-", stdin=text)


def test_odd_characters_reach_no_terminal() -> None:
    """JSON may name a job with anything, half a character included."""
    odd = "\u001b[31m\ud800\n"
    jobs = {odd: {**job(wheel(named_parameters={"a": odd})), "tags": {odd: odd}}}
    for wanted in ("text", "json"):
        text = told("check", "-", f"--format={wanted}", stdin=validated(**jobs))
        assert "DJ101" in text
        assert text.encode().isascii()
        assert "\u001b" not in text


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        pytest.param("", [], "standard input:1: no valid JSON", id="empty"),
        pytest.param("Error: x", [], "pipe in the output of databricks bundle validate", id="text"),
        pytest.param("[1]", [], "holds no bundle", id="list"),
        pytest.param("[" * 100_000, [], "nested too deeply", id="deep"),
        pytest.param(
            '{"bundle": {}, "a": ' + "[" * 700 + "]" * 700 + "}", [], "too deeply", id="not-so-deep"
        ),
        pytest.param(validated(), ["--target=prod"], "the target dev, not 'prod'", id="other"),
    ],
)
def test_standard_input_that_is_no_bundle(text: str, words: list[str], message: str) -> None:
    """What is piped in and is not the CLI's JSON is told in one line."""
    with pytest.raises((BundleError, SettingsError), match=re.escape(message)):
        command.run(["check", "-", *words], lambda _: None, io.StringIO(text))


def test_a_thousand_in_a_row(tmp_path: Path) -> None:
    """As many tasks as Databricks takes, and as many jobs that start each other, are no depth."""
    row = [task("t0"), *(after(f"t{i}", f"t{i - 1}") for i in range(1, 1000))]
    row[-1]["run_if"] = "ALL_DONE"
    jobs = {f"j{i}": job(start(f"j{i + 1}"), level="composite") for i in range(1000)}
    jobs = {"row": job(*row), **jobs, "j1000": job(task())}
    write(tmp_path, {"databricks.yml": json.dumps(definition(jobs))})
    deployment = bundle.read(tmp_path).deployment("staging")
    codes = Counter(finding.rule.code for finding, _ in check.of([deployment]).findings)
    assert (codes["DJ209"], codes["DJ206"]) == (999, 997)


def test_graph_is_the_same_whatever_the_order(tmp_path: Path) -> None:
    """Layers from the top, jobs and arrows by name, a loop's arrow with a word."""
    jobs = {
        "b": job(start("end"), level="composite"),
        "end": job(wheel(), notebook("n"), wheel("again")),
        "a-1": job(task("each", for_each_task={"task": start("b")}), level="orchestrator"),
        "a_1": job(start("b"), start("b", "again"), level="orchestrator"),
        "x": job(task(), tags=None),
    }
    expected = """\
flowchart TD
  subgraph layer_orchestrator["orchestrator"]
    a_1["a-1"]
    job_a_1["a_1"]
  end
  subgraph layer_composite["composite"]
    b["b"]
  end
  subgraph layer_atomic["atomic"]
    job_end["end<br/>wheel, notebook"]
  end
  subgraph layer_none["no layer"]
    x["x<br/>SQL"]
  end
  a_1 -- "for each" --> b
  job_a_1 --> b
  b --> job_end"""
    for folder, order in (("one", list(jobs)), ("two", sorted(jobs, reverse=True))):
        here = write(
            tmp_path / folder,
            {"note.py": NOTEBOOK, "databricks.yml": definition({key: jobs[key] for key in order})},
        )
        assert told("graph", str(here)) == expected
