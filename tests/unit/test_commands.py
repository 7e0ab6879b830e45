"""The commands of a run: its run type, with what the run's settings add."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbt_runner.errors import SettingsError
from dbt_runner.execution.commands import commands
from dbt_runner.policy import Policy
from dbt_runner.run_types import Command

if TYPE_CHECKING:
    from conftest import Load

POLICY = Policy.model_validate(
    {
        "run_types": {
            "macro": {"commands": ["run-operation m"]},
            "both": {"commands": ["run-operation m", "build --exclude tag:slow"]},
            "named": {"commands": ["build --selector nightly"]},
        }
    }
)


@pytest.mark.parametrize(
    ("run_type", "words", "expected"),
    [
        pytest.param("full", [], ["build --full-refresh"], id="full"),
        pytest.param("full", ["--full-refresh"], ["build --full-refresh"], id="full-twice"),
        pytest.param("incremental", ["--full-refresh"], ["build --full-refresh"], id="build"),
        pytest.param("run", ["--full-refresh"], ["run --full-refresh"], id="run"),
        pytest.param("seed", ["--full-refresh"], ["seed --full-refresh"], id="seed"),
        pytest.param(
            "fresh",
            ["--full-refresh"],
            ["source freshness", "build --select source_status:fresher+ --full-refresh"],
            id="only-what-builds-is-refreshed",
        ),
        pytest.param("test", ["--select=a b"], ["test --select a b"], id="select"),
        pytest.param("test", ["--exclude=a"], ["test --exclude a"], id="exclude"),
        pytest.param("test", ["--selector=s"], ["test --selector s"], id="selector"),
        pytest.param(
            "fresh",
            ["--exclude=tag:x"],
            [
                "source freshness --exclude tag:x",
                "build --select source_status:fresher+ --exclude tag:x",
            ],
            id="exclude-where-the-selection-is-fixed",
        ),
        pytest.param(
            "both",
            ["--select=a", "--exclude=b"],
            ["run-operation m", "build --select a --exclude tag:slow b"],
            id="exclude-adds-to-the-run-types",
        ),
        pytest.param("macro", [], ["run-operation m"], id="macro"),
    ],
)
def test_settings_add_to_the_run_type(
    load: Load, run_type: str, words: list[str], expected: list[str]
) -> None:
    """Selection and full refresh apply to each command that knows them."""
    found = commands(POLICY.run_type(run_type), load(*words).settings)
    assert [str(command) for command in found] == expected


@pytest.mark.parametrize(
    ("run_type", "words", "message"),
    [
        pytest.param("test", ["--full-refresh"], "full_refresh: .* builds nothing", id="test"),
        pytest.param("freshness", ["--full-refresh"], "full_refresh: .* builds", id="freshness"),
        pytest.param("macro", ["--full-refresh"], "full_refresh: .* builds", id="macro-refreshed"),
        pytest.param("fresh", ["--select=a"], "select: .* fixes what it selects", id="fresh"),
        pytest.param("ci", ["--select=a"], "select: .* fixes what it selects", id="ci"),
        pytest.param("ci", ["--selector=a"], "selector: .* fixes what it", id="ci-selector"),
        pytest.param(
            "named", ["--select=a"], "select: .* fixes what it selects", id="own-selector"
        ),
        pytest.param("full", ["--prune"], "prune: .* full does not build a part", id="full-prunes"),
        pytest.param("fresh", ["--prune"], "prune: .* fresh does not", id="fresh-prunes"),
        pytest.param("macro", ["--prune"], "prune: .* macro does not", id="macro-prunes"),
        pytest.param(
            "test",
            ["--prune", "--defer", "--state=/x"],
            "prune: .* test does not",
            id="test-prunes",
        ),
        pytest.param("macro", ["--select=a"], "select: .* selects no nodes", id="macro-selects"),
        pytest.param("macro", ["--exclude=a"], "exclude: .* selects no nodes", id="macro-excludes"),
    ],
)
def test_setting_that_cannot_apply_is_refused(
    load: Load, run_type: str, words: list[str], message: str
) -> None:
    """A selection or refresh that would be dropped in silence is an error."""
    with pytest.raises(SettingsError, match=f"^{message}"):
        commands(POLICY.run_type(run_type), load(*words).settings)


def test_defer_applies_to_all_but_macros(load: Load) -> None:
    """With defer, every command that reads nodes reads what it does not build from the state."""
    found = commands(POLICY.run_type("both"), load("--defer", "--state=/x").settings)
    assert [command.defer for command in found] == [False, True]


@pytest.mark.parametrize(
    ("run_type", "words"),
    [("ci", []), ("incremental", ["--defer", "--state=/x"]), ("run", ["--defer", "--state=/x"])],
)
def test_what_defers_may_prune(load: Load, run_type: str, words: list[str]) -> None:
    """A run that builds a part and reads the rest from production may drop what is left over."""
    given = load("--prune", *words).settings
    assert any(command.builds_apart for command in commands(POLICY.run_type(run_type), given))


def test_run_types_of_the_table_stay_as_they_are(load: Load) -> None:
    """Settings make new commands; the next run in the same process finds the table unchanged."""
    commands(POLICY.run_type("incremental"), load("--full-refresh", "--select=a").settings)
    assert POLICY.run_type("incremental").commands == (Command("build"),)
