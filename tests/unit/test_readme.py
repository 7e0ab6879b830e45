"""The README's tables against the code that they describe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dbt_runner import errors
from dbt_runner.errors import RunnerError
from dbt_runner.parameters import DeploymentSettings, RunParameters
from dbt_runner.policy import Policy, Target
from dbt_runner.run_types import BUILT_IN

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [RunParameters, DeploymentSettings])
def test_settings_table_is_the_model(kind: type[RunParameters | DeploymentSettings]) -> None:
    """The README lists each setting with the description and the default of the model."""
    for name, field in kind.model_fields.items():
        row = re.search(rf"^\| `{name}` \| (.*) \| (.*) \|$", README, re.MULTILINE)
        assert row, f"README has no row for {name}"
        assert row[1].startswith(str(field.description))
        default = "" if field.default is None else f"`{field.default}`"
        assert row[2] == default.replace("False", "false")


def test_run_types_are_listed() -> None:
    """The README names every built-in run type."""
    table = README.partition("## Run types")[2].partition("##")[0]
    assert [name for name in BUILT_IN if f"`{name}`" not in table] == []


def test_exit_codes_are_listed() -> None:
    """The README explains the exit code of every error."""
    table = README.partition("## Exit codes")[2].partition("##")[0]
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, RunnerError)]
    assert len(kinds) > 5
    missing = {k.exit_code for k in kinds if not re.search(rf"\b{k.exit_code}\b", table)}
    assert missing == set()


def test_policy_keys_are_listed() -> None:
    """The README explains every key of runner.yml, and those of a target."""
    table = README.partition("### `runner.yml`")[2].partition("##")[0]
    for model in (Policy, Target):
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}`" in table or f"`{field.alias or name}:" in table
