"""Where a setting may come from, and which of its sources wins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner import settings
from dbt_runner.errors import PolicyError, SettingsError
from dbt_runner.policy import Policy

if TYPE_CHECKING:
    from conftest import Load


def policy(**content: Any) -> Policy:
    """A policy of some sections."""
    return Policy.model_validate(content)


@pytest.mark.parametrize(
    ("words", "environ", "file", "grace"),
    [
        pytest.param(["--grace=1"], {"DBT_RUNNER_GRACE": "2"}, {"grace": 3}, 1, id="argv"),
        pytest.param([], {"DBT_RUNNER_GRACE": "2"}, {"grace": 3}, 2, id="environment"),
        pytest.param([], {}, {"grace": 3}, 3, id="file"),
        pytest.param([], {}, {}, 25, id="default"),
        pytest.param(["--grace="], {"DBT_RUNNER_GRACE": "2"}, {}, 2, id="empty-argv"),
        pytest.param(["--grace="], {"DBT_RUNNER_GRACE": ""}, {"grace": 3}, 3, id="empty-env"),
        pytest.param([], {}, {"grace": ""}, 25, id="empty-in-the-file"),
        pytest.param([], {}, {"grace": None}, 25, id="null-in-the-file"),
        pytest.param(["--grace=1", "--grace=4"], {}, {}, 4, id="last-of-a-repeated-name"),
        pytest.param(["--grace=1", "--grace="], {}, {"grace": 3}, 3, id="last-one-is-empty"),
        pytest.param([], {"DBT_RUNNER_grace": "2"}, {}, 2, id="lower-case-behind-the-prefix"),
        pytest.param([], {"dbt_runner_grace": "2"}, {}, 25, id="prefix-in-lower-case"),
        pytest.param([], {"GRACE": "2", "DBT_GRACE": "2"}, {}, 25, id="no-prefix"),
    ],
)
def test_nearest_source_wins(
    load: Load, words: list[str], environ: dict[str, str], file: dict[str, Any], grace: int
) -> None:
    """Command line, environment, runner.yml, default; what is empty counts as not set."""
    found = load(*words, environ=environ, policy=policy(settings=file))
    assert found.settings.grace == grace


def test_only_the_given_environment_is_read(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's own variables count only as far as they are handed in and checked."""
    monkeypatch.setenv("DBT_RUNNER_THREADS", "3")
    monkeypatch.setenv("dbt_runner_target", "prod")
    found = load(environ={}).settings
    assert (found.threads, found.target) == (8, "local")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        pytest.param("--thread=1", "thread: is no setting; did you mean threads?", id="near"),
        pytest.param("--xyz=1", "xyz: is no setting; see dbt-runner --help", id="far"),
        pytest.param("--Threads=1", "Threads: is no setting; did you mean threads?", id="case"),
        pytest.param("--a\nb=1", r"a\nb: is no setting; see dbt-runner --help", id="escaped"),
        pytest.param("--link=1", "link: is no setting", id="a-property-is-no-setting"),
        pytest.param("--model-config=1", "model_config: is no setting", id="nor-is-the-model"),
    ],
)
def test_unknown_name(load: Load, word: str, message: str) -> None:
    """An unknown name is an error at a terminal, and a warning in a job, which pushes them in."""
    with pytest.raises(SettingsError) as caught:
        load(word)
    assert str(caught.value).startswith(message)
    assert load(word, in_job=True).warnings == [str(caught.value)]


def test_unknown_variable_of_the_environment(load: Load) -> None:
    """An unknown DBT_RUNNER_X is treated as an unknown name, and shown as it was written."""
    message = "DBT_RUNNER_THREAD: is no setting; did you mean DBT_RUNNER_THREADS?"
    with pytest.raises(SettingsError, match="DBT_RUNNER_THREAD: is no setting") as caught:
        load(environ={"DBT_RUNNER_THREAD": "1"})
    assert str(caught.value) == message
    found = load(environ={"DBT_RUNNER_THREAD": "1"}, in_job=True)
    assert (found.warnings, found.settings.threads) == ([message], 8)


@pytest.mark.parametrize("value", ["{{job.parameters.x}}", "${bundle.target}", "a {{x}} b"])
@pytest.mark.parametrize("in_job", [False, True])
def test_unresolved_reference(load: Load, value: str, in_job: bool) -> None:
    """A reference that arrives literally is refused, on the command line as in the environment."""
    with pytest.raises(SettingsError, match=r"^task_key: .* was not resolved$"):
        load(f"--task_key={value}", in_job=in_job)
    with pytest.raises(SettingsError, match=r"^task_key: .* was not resolved$"):
        load(environ={"DBT_RUNNER_TASK_KEY": value}, in_job=in_job)


LISTED = {
    "target": ["prod", "dev*"],
    "artifacts": ["/Volumes/main/ops/*"],
    "project_dir": ["/Workspace/projects/*"],
    "grace": ["*"],
}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        pytest.param("target", "prod", True, id="listed"),
        pytest.param("target", "dev_2", True, id="matches-a-pattern"),
        pytest.param("target", "production", False, id="longer-than-listed"),
        pytest.param("target", "Prod", False, id="case"),
        pytest.param("target", "local", False, id="the-default-is-not-listed"),
        pytest.param("catalog", "main", False, id="setting-is-not-listed"),
        pytest.param("profiles_dir", "/opt", False, id="profiles-of-ones-own"),
        pytest.param("state", "/opt", False, id="state-of-ones-own"),
        pytest.param("defer", "true", False, id="boolean"),
        pytest.param("artifacts", "/Volumes/main/ops/runs/x", True, id="folder-below"),
        pytest.param("artifacts", "/Volumes/main/ops/runs/../../x", False, id="climbs-out"),
        pytest.param("artifacts", "/Volumes/main/opsx/runs", False, id="neighbour"),
        pytest.param("project_dir", "/Workspace/projects/a", True, id="project"),
        pytest.param(
            "project_dir", "/Workspace/projects/../../etc", False, id="project-climbs-out"
        ),
        pytest.param("grace", "5", True, id="anything"),
    ],
)
@pytest.mark.parametrize("door", ["argv", "environment"])
def test_job_may_give_what_is_listed(
    load: Load, door: str, name: str, value: str, allowed: bool
) -> None:
    """In a job a deployment setting needs its value listed in runner.yml, whoever gives it."""
    words = [f"--{name}={value}"] if door == "argv" else []
    environ = {f"DBT_RUNNER_{name.upper()}": value} if door == "environment" else {}
    if allowed:
        load(*words, environ=environ, in_job=True, policy=policy(deployment=LISTED))
        return
    with pytest.raises(SettingsError, match=f"^{name}: a job may not set it to .* runner.yml"):
        load(*words, environ=environ, in_job=True, policy=policy(deployment=LISTED))


def test_job_takes_deployment_settings_of_the_file(load: Load) -> None:
    """What runner.yml sets needs no list: it is part of the wheel."""
    found = load(in_job=True, policy=policy(settings={"target": "prod"}))
    assert found.settings.target == "prod"


def test_every_setting_belongs_to_one_side() -> None:
    """A setting is a run parameter or a deployment setting, so none escapes the job's check."""
    run, deployment = settings.RunParameters.model_fields, settings.DeploymentSettings.model_fields
    assert not run.keys() & deployment.keys()
    assert settings.Settings.model_fields.keys() == run.keys() | deployment.keys()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param({"settings": {"threads": 4}}, "settings.threads: is no", id="run-parameter"),
        pytest.param({"settings": {"project_dir": "x"}}, "settings.project_dir: has", id="folder"),
        pytest.param({"settings": {"targte": "x"}}, "settings.targte: is no", id="unknown"),
        pytest.param(
            {"deployment": {"run_type": ["*"]}}, "deployment.run_type: is no", id="listed"
        ),
        pytest.param(
            {"settings": {"grace": "x"}}, "settings.grace: must be a whole", id="malformed"
        ),
        pytest.param({"settings": {"target": 5}}, "settings.target: input should be", id="type"),
    ],
)
def test_file_sets_deployment_settings_only(
    load: Load, content: dict[str, Any], message: str
) -> None:
    """Faults under settings and deployment of runner.yml are told as faults of that file."""
    with pytest.raises(PolicyError) as caught:
        load(policy=Policy.model_validate(content))
    assert str(caught.value).startswith(f"runner.yml: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["--selector=a", "--select=b"], "selector: cannot be combined", id="select"),
        pytest.param(["--selector=a", "--exclude=b"], "selector: cannot be combined", id="exclude"),
        pytest.param(["--project-dir=/x", "--artifacts=/x/"], "artifacts: must not be", id="same"),
    ],
)
def test_settings_that_exclude_each_other(load: Load, words: list[str], message: str) -> None:
    """Two settings that cannot both hold are refused."""
    with pytest.raises(SettingsError, match=f"^{message}"):
        load(*words)


def test_comparison_is_accepted_with_something_to_compare(load: Load) -> None:
    """A selection by state needs `state`, or a production that is known."""
    assert load("--select=state:modified", "--state=/x").settings.state == "/x"
    known = policy(production={"target": "p", "catalog": "c", "schema": "s"})
    assert load("--select=state:modified+", policy=known).settings.select == "state:modified+"


@pytest.mark.parametrize(
    ("words", "key"),
    [
        pytest.param([], None, id="no-job"),
        pytest.param(["--job-run-id=7"], "7", id="job-run"),
        pytest.param(["--job-run-id=7", "--task-key=build"], "7/build", id="task"),
        pytest.param(["--task-key=build"], None, id="task-without-job-run"),
        pytest.param(["--resume-key=1", "--job-run-id=7"], "1/incremental", id="given"),
        pytest.param(["--resume-key=1", "--run-type=test"], "1/test", id="given-for-another-type"),
    ],
)
def test_link(load: Load, words: list[str], key: str | None) -> None:
    """The attempts of one logical run share the given key and the type, else job run and task."""
    assert load(*words).settings.link == key


def test_project_dir_is_known_before_the_rest() -> None:
    """The folder is read alone, from either source, absolute; its own faults are its own."""
    assert settings.project_dir({}, {}) is None
    assert settings.project_dir({"project_dir": ""}, {"DBT_RUNNER_PROJECT_DIR": "/a"}) == "/a"
    assert settings.project_dir({"project_dir": "b"}, {}) == str(Path.cwd() / "b")
    with pytest.raises(SettingsError, match=r"^project_dir: must not hold"):
        settings.project_dir({"project_dir": "a\0"}, {})
