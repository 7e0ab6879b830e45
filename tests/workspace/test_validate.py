"""The settings that matter, as the CLI reads them for each target."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from workspace.bench import ROOT

if TYPE_CHECKING:
    from workspace.bench import Bundle

NOBODY = "00000000-0000-0000-0000-000000000000"
ORCHESTRATORS = {
    "master_fan_out_orchestrator",
    "master_refresh_continuous_orchestrator",
    "master_refresh_on_arrival_orchestrator",
    "master_refresh_orchestrator",
    "master_setup_orchestrator",
}
FOR_THE_OWNER = {
    "dbt_setup_job",
    "master_setup_orchestrator",
    "refresh_log_job",
    "schema_setup_job",
}
"""Jobs that operators do not start: what runs SQL with names that nobody checks."""

STARTERS = {
    "schedule": "master_refresh_orchestrator",
    "trigger": "master_refresh_on_arrival_orchestrator",
    "continuous": "master_refresh_continuous_orchestrator",
}
TARGETS = sorted(
    yaml.safe_load((ROOT / "databricks.yml").read_text(encoding="utf-8"))["targets"].keys()
)


def starters(jobs: dict[str, Any]) -> dict[str, str]:
    """What starts a job by itself, and whether it does."""
    return {
        f"{job}.{kind}": settings[kind]["pause_status"]
        for job, settings in jobs.items()
        for kind in STARTERS
        if kind in settings
    }


def test_targets() -> None:
    """These are the targets, so that none is left out below."""
    assert TARGETS == ["dev", "prod", "staging"]


@pytest.mark.parametrize("target", TARGETS)
def test_every_target(bundle: Bundle, target: str) -> None:
    """Whatever the target: no warning, all jobs, tags, a queue, time limits, alerts."""
    found = bundle.validated(target)
    assert found["bundle"]["engine"] == "direct"
    jobs = found["resources"]["jobs"]
    written = {path.stem for path in bundle.folder.glob("resources/*/*.yml")}
    assert set(jobs) == written
    assert {name for name, job in jobs.items() if job["tags"]["job_level"] == "orchestrator"} == (
        ORCHESTRATORS
    )
    for name, job in jobs.items():
        assert job["tags"]["environment"] == target, name
        assert job["timeout_seconds"] > 0, name
        assert "continuous" in job or job["queue"] == {"enabled": True}, name
    for name in ORCHESTRATORS:
        told = {"on_failure", "on_duration_warning_threshold_exceeded"}
        if "continuous" not in jobs[name]:
            told |= {"on_start", "on_success"}
        assert set(jobs[name]["email_notifications"]) == told, name
        assert jobs[name]["health"]["rules"][0]["metric"] == "RUN_DURATION_SECONDS", name
    for kind, name in STARTERS.items():
        assert kind in jobs[name]
    wheel = jobs["dbt_build_job"]["tasks"][0]["python_wheel_task"]["named_parameters"]
    assert wheel["run_type"] == "{{job.parameters.run_type}}"
    assert wheel["warehouse_id"]
    assert "$" not in wheel["warehouse_id"] + wheel["artifacts"] + wheel["target"]


@pytest.mark.parametrize("target", TARGETS)
def test_check_of_the_validated_bundle(bundle: Bundle, target: str) -> None:
    """`bundle validate -o json | dbt-runner jobs check -` reads today's CLI, and finds nothing."""
    # the test server's own ids have another form than a warehouse's
    words = ("--var", "warehouse_id=0123456789abcdef")
    validated = json.dumps(bundle.validated(target, *words))
    checked = subprocess.run(
        [Path(sys.executable).with_name("dbt-runner"), "jobs", "check", "-"],
        input=validated,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "nothing found in 18 jobs\n"


def test_dev(bundle: Bundle) -> None:
    """In development everyone has names, a schema and alerts of their own, and nothing starts."""
    # in a fresh clone: the wheel is built when it is deployed
    bundle.wheel.unlink()
    found = bundle.validated("dev")
    jobs = found["resources"]["jobs"]
    assert set(starters(jobs).values()) == {"PAUSED"}
    assert len(starters(jobs)) == len(STARTERS)
    for name, job in jobs.items():
        assert job["name"].startswith("[dev tester] "), name
        assert job["tags"]["dev"] == "tester", name
    assert found["bundle"]["mode"] == "development"
    assert found["presets"]["artifacts_dynamic_version"] is True
    assert found["variables"]["schema"]["value"] == "dev_tester"
    mails = jobs["master_refresh_orchestrator"]["email_notifications"]
    assert mails["on_failure"] == ["tester@databricks.com"]
    assert jobs["dbt_build_job"]["parameters"][1] == {
        "name": "target_schema",
        "default": "dev_tester",
    }


@pytest.mark.parametrize("target", ["staging", "prod"])
def test_shared_targets(bundle: Bundle, target: str) -> None:
    """Staging and production are a service principal's; others may start jobs, not change them."""
    found = bundle.validated(target)
    assert found["bundle"]["mode"] == "production"
    assert found["run_as"] == {"service_principal_name": NOBODY}
    place = f"/Workspace/Users/{NOBODY}/.bundle/dbt_runner/{target}"
    assert found["workspace"]["root_path"] == place
    for folder in ("artifact_path", "file_path"):
        # nothing is committed here, so the commit has no name
        assert found["workspace"][folder] == f"{place}/{folder.removesuffix('_path')}s/"
    for name, job in found["resources"]["jobs"].items():
        assert job["name"].startswith(f"[{target}] dbt-runner - "), name
        assert job["run_as"] == {"service_principal_name": NOBODY}, name
        assert job["edit_mode"] == "UI_LOCKED", name
        levels = {
            item.get("group_name") or item.get("service_principal_name"): item["level"]
            for item in job["permissions"]
            if "user_name" not in item
        }
        start = "CAN_VIEW" if name in FOR_THE_OWNER else "CAN_MANAGE_RUN"
        assert levels == {NOBODY: "CAN_MANAGE", "admins": start}, name
    assert found["artifacts"]["runner"]["build"].startswith("test ")


def test_staging(bundle: Bundle) -> None:
    """Nothing starts by itself in staging."""
    jobs = bundle.validated("staging")["resources"]["jobs"]
    assert set(starters(jobs).values()) == {"PAUSED"}


def test_prod(bundle: Bundle) -> None:
    """In production the schedule is on, the other starters are not; the target is protected."""
    found = bundle.validated("prod")
    jobs = found["resources"]["jobs"]
    assert starters(jobs) == {
        "master_refresh_orchestrator.schedule": "UNPAUSED",
        "master_refresh_on_arrival_orchestrator.trigger": "PAUSED",
        "master_refresh_continuous_orchestrator.continuous": "PAUSED",
    }
    assert jobs["master_refresh_orchestrator"]["schedule"]["timezone_id"] == "Etc/UTC"
    wheel = jobs["dbt_build_job"]["tasks"][0]["python_wheel_task"]["named_parameters"]
    assert wheel["target"] == wheel["catalog"] == "prod"
    assert wheel["artifacts"] == "/Volumes/prod/analytics/dbt_runner"
    policy = yaml.safe_load((ROOT / "dbt_project/runner.yml").read_text(encoding="utf-8"))
    assert policy["targets"]["prod"]["protected"] is True


def test_variables(bundle: Bundle) -> None:
    """A workspace is filled in by variables: warehouse by id, addresses, webhooks, schedule."""
    words = ("--var", "warehouse_id=abc123", "--var", "alert_email=ops@acme.test")
    words += ("--var", "schedule=0 0 6 * * ?", "--var", "time_zone=Europe/Berlin")
    found = bundle.databricks("bundle", "validate", "-t", "prod", "-o", "json", *words).json
    refresh = found["resources"]["jobs"]["master_refresh_orchestrator"]
    assert refresh["email_notifications"]["on_failure"] == ["ops@acme.test"]
    assert refresh["schedule"]["quartz_cron_expression"] == "0 0 6 * * ?"
    assert refresh["schedule"]["timezone_id"] == "Europe/Berlin"
    [task] = found["resources"]["jobs"]["schema_setup_job"]["tasks"]
    assert task["sql_task"]["warehouse_id"] == "abc123"
