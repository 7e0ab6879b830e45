"""The bundle, read without a workspace; `make test-workspace` has the real CLI read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks.bundles.jobs import Job
from databricks.bundles.pipelines import Pipeline

from dbt_runner.bundle import bundle, check, graph

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("resources/*/*.yml"))


def resources(file: Path) -> dict[str, Any]:
    """What a file of the bundle defines."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert list(content) == ["resources"]
    found: dict[str, Any] = content["resources"]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_a_job(file: Path) -> None:
    """Each file defines the job of its name, with fields and values that the Jobs API knows."""
    found = resources(file)
    [(name, settings)] = found["jobs"].items()
    assert name == file.stem
    job = Job.from_dict(settings)
    assert job.description.startswith(settings["tags"]["job_level"].capitalize())
    for settings in found.get("pipelines", {}).values():
        Pipeline.from_dict(settings)


def test_a_typing_error_is_found() -> None:
    """A field that the Jobs API does not know is refused, which is what makes the above a test."""
    [settings] = resources(ROOT / "resources/dbt/dbt_build_job.yml")["jobs"].values()
    task = settings["tasks"][0]["python_wheel_task"]
    task["named_params"] = task.pop("named_parameters")
    with pytest.raises(ValueError, match="named_params"):
        Job.from_dict(settings)


def test_main_job_knows_every_run_parameter_that_it_offers() -> None:
    """A parameter of the main job reaches its task under the same name."""
    [settings] = resources(ROOT / "resources/dbt/dbt_build_job.yml")["jobs"].values()
    given = settings["tasks"][0]["python_wheel_task"]["named_parameters"]
    offered = {item["name"] for item in settings["parameters"]}
    assert {name: given[name] for name in offered} == {
        name: "{{job.parameters." + name + "}}" for name in offered
    }


def test_no_rule_is_broken() -> None:
    """`jobs check` finds nothing in our own bundle, in any target, and no ignore is needed."""
    report = check.check(bundle.read(ROOT))
    assert report.findings == ()
    assert (report.jobs, report.targets) == (len(FILES), ("dev", "staging", "prod"))
    assert not any("dbt-runner: ignore" in file.read_text(encoding="utf-8") for file in FILES)


def test_picture_is_todays() -> None:
    """The README's picture of the layers is what `jobs graph` draws."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = bundle.read(ROOT)
    drawn = graph.draw(found.deployment(found.default_target))
    assert f"```mermaid\n{drawn}\n```" in readme
