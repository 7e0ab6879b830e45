"""examples/github-actions and examples/cli, with the real CLI, on the CLI's own test server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workspace.bench import ROOT, Bundle
from workspace.workflow import Step, Workflow, example, issuer

if TYPE_CHECKING:
    from workspace.bench import Workspace

WORKFLOWS = ("deploy.yml", "pull_request.yml", "run.yml")
PRINCIPAL = "11111111-1111-1111-1111-111111111111"
RUNNER = {"GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "1"}


@pytest.fixture(scope="module")
def repository(
    workspace: Workspace, dist: Path, tmp_path_factory: pytest.TempPathFactory
) -> Bundle:
    """A copy of the bundle in the workspace that GitHub's login leads to, which is one for all."""
    found = Bundle(workspace, "oauth-token", tmp_path_factory.mktemp("repository") / "copy", dist)
    found.commit()
    return found


def run(bundle: Bundle, tmp_path: Path, name: str, job: str, **values: str) -> list[Step]:
    """Run the steps of a job with GitHub's login; all of them succeed."""
    known = {
        "vars.DATABRICKS_HOST": bundle.workspace.address,
        "vars.DATABRICKS_CLIENT_ID": PRINCIPAL,
        **{key.replace("__", "."): text for key, text in values.items()},
    }
    if "tier" in known:
        known["github.ref_type == 'tag' && 'prod' || 'staging'"] = known.pop("tier")
    with issuer() as variables:
        workflow = Workflow(example(name), bundle, known, RUNNER | variables)
        steps = workflow.run(job, tmp_path / "runner-home")
    assert [step.code for step in steps if step.code] == [], steps[-1]
    return steps


def started(bundle: Bundle) -> dict[str, Any]:
    """The last request that started a job."""
    found: dict[str, Any] = bundle.workspace.requests("/api/2.2/jobs/run-now")[-1]["body"]
    return found


def test_actionlint() -> None:
    """actionlint finds nothing in the workflows."""
    command = [Path(os.environ["BENCH_PROGRAMS"], "actionlint"), *map(example, WORKFLOWS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_nothing_is_stored_or_moves(name: str) -> None:
    """No workflow names a secret, and every action is pinned: GitHub's own to a commit."""
    text = example(name).read_text(encoding="utf-8")
    assert "secrets." not in text
    pins = re.findall(r"uses: (\S+)@(\S+)", text)
    assert pins
    for action, pin in pins:
        form = r"[0-9a-f]{40}" if action.startswith("actions/") else r"v\d+\.\d+\.\d+"
        assert re.fullmatch(form, pin), action
    installed = {pin for action, pin in pins if action == "databricks/setup-cli"}
    go_mod = (ROOT / "tests/workspace/server/go.mod").read_text(encoding="utf-8")
    assert installed == set(
        re.findall(r"^require github.com/databricks/cli (v\S+)", go_mod, re.MULTILINE)
    )


@pytest.mark.parametrize("tier", ["staging", "prod"])
def test_deploy(repository: Bundle, tmp_path: Path, tier: str) -> None:
    """deploy.yml logs in with GitHub's token alone, and deploys the wheel that lies in dist/."""
    run(repository, tmp_path, "deploy.yml", "build")
    steps = run(repository, tmp_path, "deploy.yml", "deploy", tier=tier)
    assert [step.command.split()[:3] for step in steps] == [
        ["databricks", "bundle", word] for word in ("validate", "deploy", "run")
    ]
    sent = repository.workspace.requests("/api/2.0/workspace-files/import-file/Workspace/Users/")
    wheels = [item["path"] for item in sent if item["path"].endswith(repository.wheel.name)]
    assert f"/Users/{PRINCIPAL}/" in wheels[-1]
    path = wheels[-1].partition("import-file")[2]
    assert repository.exported(path) == repository.wheel.read_bytes()
    assert f"/{tier}/" in wheels[-1]


def test_login_is_githubs(repository: Bundle, tmp_path: Path) -> None:
    """A job that may ask GitHub for no token is not let in: there is no other login."""
    known = {
        "vars.DATABRICKS_HOST": repository.workspace.address,
        "vars.DATABRICKS_CLIENT_ID": PRINCIPAL,
        "github.ref_type == 'tag' && 'prod' || 'staging'": "staging",
    }
    workflow = Workflow(example("deploy.yml"), repository, known, RUNNER)
    [step] = workflow.run("deploy", tmp_path / "runner-home")
    assert step.code != 0
    assert "github-oidc auth: missing" in step.said


def test_run(repository: Bundle, tmp_path: Path) -> None:
    """run.yml starts the production job with what was chosen, once for each attempt."""
    run(repository, tmp_path, "deploy.yml", "deploy", tier="prod")
    chosen = {"inputs__run_type": "full", "inputs__target_schema": "finance"}
    steps = run(repository, tmp_path, "run.yml", "run", **chosen)
    assert '"result": "SUCCESS"' in steps[-1].said
    first = started(repository)
    assert first["job_parameters"] == {"run_type": "full", "target_schema": "finance"}
    run(repository, tmp_path, "run.yml", "run", **chosen)
    assert started(repository)["idempotency_token"] == first["idempotency_token"]


def test_pull_request(repository: Bundle, tmp_path: Path) -> None:
    """pull_request.yml starts the job of its own deployment in its own schema, and cleans up."""
    (repository.folder / "resources/ci").mkdir()
    shutil.copy(example("pull_request_target.yml"), repository.folder / "resources/ci")
    number = {"github__event__number": "12"}
    run(repository, tmp_path, "pull_request.yml", "build", **number)
    assert started(repository)["job_parameters"] == {
        "run_type": "ci",
        "target_schema": "pull_request_12",
        "prune": "true",
    }
    job = repository.databricks("jobs", "get", str(started(repository)["job_id"])).json
    assert "pull request 12] " in job["settings"]["name"]
    [task] = job["settings"]["tasks"]
    given = task["python_wheel_task"]["named_parameters"]
    # its own are kept apart from production's, which runner.yml says where to read
    assert given["artifacts"] == "/Volumes/main/staging_analytics/dbt_runner"
    repository.databricks("schemas", "create", "pull_request_12", "main")
    steps = run(repository, tmp_path, "pull_request.yml", "clean", **number)
    assert "Destroy complete" in steps[0].said
    asked = repository.workspace.requests("/api/2.1/unity-catalog/schemas/main.pull_request_12")
    assert asked[-1]["method"] == "DELETE"


def test_cli_scripts(bundle: Bundle) -> None:
    """The scripts of examples/cli start the job that they are told to, with its parameters."""
    bundle.add_bench_target()
    bundle.databricks("bundle", "deploy", "-t", "bench")
    summary = bundle.databricks("bundle", "summary", "-t", "bench", "-o", "json").json
    job = summary["resources"]["jobs"]["dbt_refresh_job"]["id"]
    wanted = {"target_schema": "finance"}
    for words in (
        ("run_now.sh", job, "once", "target_schema=finance"),
        ("bundle_run.sh", "bench", "dbt_refresh_job", "target_schema=finance"),
    ):
        bundle.run_script(ROOT / "examples/cli" / words[0], *words[1:])
        assert started(bundle)["job_id"] == int(job)
        assert started(bundle)["job_parameters"] == wanted
