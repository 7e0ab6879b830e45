"""The help text, made from the settings."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dbt_runner.parameters import DeploymentSettings, RunParameters
from dbt_runner.run_types import BUILT_IN
from dbt_runner.settings import BOOLEANS, ENV_PREFIX

_NAME_WIDTH = 26


def text() -> str:
    """All of it, 100 columns wide."""
    lines = [
        "dbt-runner: run a dbt project on DuckDB or on Databricks.",
        "",
        "usage: dbt-runner [run] [--setting=value …]",
        "       dbt-runner --run-type full --target-schema analytics",
        "       dbt-runner resume ATTEMPT   (does what is left of a run that was ended)",
        "       dbt-runner runs [list|show ATTEMPT|prune]   (what is stored; runs --help)",
        "       dbt-runner bake --output=FOLDER   (parses at build time; bake --help)",
        "       dbt-runner jobs check|graph [PATH]   (the jobs of a bundle; jobs --help)",
        "       dbt-runner trigger JOB [--run-type full …]   (starts a job; trigger --help)",
        "       dbt-runner attach|cancel|repair JOB_RUN_ID",
        "",
        "Run parameters:",
        *_settings(RunParameters),
        "",
        "Deployment settings (in a job only values that runner.yml lists):",
        *_settings(DeploymentSettings),
        "",
        "Run types (a project adds its own in runner.yml):",
        *(_entry(run_type.name, run_type.description) for run_type in BUILT_IN.values()),
        "",
        f"Every setting may also be given as {ENV_PREFIX}NAME in the environment.",
        "Exit codes: 0 success, 1 nodes or tests failed, 2 usage, configuration or dbt itself,",
        "3 nothing selected, 4 artifacts not stored, 5 worth another try, 6 busy, 7 a job run that",
        "may still be going, 8 a job run that was skipped, 124 timeout, 130/143 cancelled.",
    ]
    return "\n".join(lines)


def _settings(model: type[BaseModel]) -> Iterable[str]:
    for name, field in model.model_fields.items():
        option = "--" + name.replace("_", "-")
        yield _entry(option + _placeholder(name, field), _description(field))


def _placeholder(name: str, field: FieldInfo) -> str:
    if name in BOOLEANS:
        return ""
    choices = [str(choice) for choice in _choices(field.annotation)]
    return "=" + ("|".join(choices) or name.rpartition("_")[2].upper())


def _choices(annotation: Any) -> list[Any]:
    found: list[Any] = []
    for argument in get_args(annotation):
        found += [argument] if isinstance(argument, str) else _choices(argument)
    return found


def _description(field: FieldInfo) -> str:
    default = field.default
    shown = default is not None and default is not False and default != {}
    return f"{field.description}{f' [{default}]' if shown else ''}"


def _entry(name: str, description: str) -> str:
    lines = wrap(description, 100 - _NAME_WIDTH - 2) or [""]
    head = f"  {name:<{_NAME_WIDTH}}"
    if len(name) >= _NAME_WIDTH:
        head = f"  {name}\n{' ' * (_NAME_WIDTH + 2)}"
    return head + f"\n{' ' * (_NAME_WIDTH + 2)}".join(lines)
