"""Run types, and the commands that a project may list for its own."""

from __future__ import annotations

import pytest

from dbt_runner.run_types import BUILT_IN, Command, read_command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        pytest.param("build", Command("build"), id="build"),
        pytest.param("dbt build", Command("build"), id="with-dbt"),
        pytest.param("docs generate", Command("docs generate"), id="two-words"),
        pytest.param("source freshness", Command("source freshness"), id="freshness"),
        pytest.param("run --full-refresh", Command("run", full_refresh=True), id="full-refresh"),
        pytest.param("test --select tag:a", Command("test", select="tag:a"), id="select"),
        pytest.param(
            "build --select 'a b' --exclude c",
            Command("build", select="a b", exclude="c"),
            id="quoted-selection",
        ),
        pytest.param("seed --selector s", Command("seed", selector="s"), id="selector"),
        pytest.param("run-operation m", Command("run-operation", macro="m"), id="macro"),
        pytest.param(
            "run-operation p.m --args '{\"n\": 1}'",
            Command("run-operation", macro="p.m", arguments={"n": 1}),
            id="macro-with-arguments",
        ),
    ],
)
def test_command_is_read_as_on_dbts_command_line(text: str, command: Command) -> None:
    """A project's command is written as for dbt."""
    assert read_command(text) == command


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("dbt", id="dbt-alone"),
        pytest.param("deps", id="fetches-packages"),
        pytest.param("retry", id="retry"),
        pytest.param("clean", id="deletes-folders"),
        pytest.param("docs", id="docs-alone"),
        pytest.param("docs serve", id="serves"),
        pytest.param("test --full-refresh", id="refresh-of-a-test"),
        pytest.param("snapshot --full-refresh", id="refresh-of-a-snapshot"),
        pytest.param("build --vars {}", id="vars"),
        pytest.param("build --target x", id="target"),
        pytest.param("build --select", id="value-is-missing"),
        pytest.param("build --select=a", id="equals"),
        pytest.param("build --select --exclude", id="flag-as-value"),
        pytest.param("build --select path:/etc", id="selection-is-checked"),
        pytest.param("build --selector 'a b'", id="selector-is-checked"),
        pytest.param("build; ls", id="shell"),
        pytest.param("build 'x", id="open-quote"),
        pytest.param("run-operation", id="no-macro"),
        pytest.param("run-operation --help", id="flag-as-macro"),
        pytest.param("run-operation a.b.c", id="macro-with-two-packages"),
        pytest.param("run-operation m --args '[1]'", id="arguments-are-a-list"),
        pytest.param("run-operation m --args 'a: 1'", id="arguments-in-yaml"),
        pytest.param("run-operation m --vars '{}'", id="macro-with-vars"),
    ],
)
def test_other_command_is_refused(text: str) -> None:
    """What is not in the grammar is refused, so that no flag of dbt gets in by a side door."""
    with pytest.raises(ValueError, match=r"."):
        read_command(text)


@pytest.mark.parametrize(
    ("name", "commands", "empty"),
    [
        ("full", ["build --full-refresh"], "error"),
        ("incremental", ["build"], "error"),
        ("seed", ["seed"], "error"),
        ("run", ["run"], "error"),
        ("snapshot", ["snapshot"], "error"),
        ("test", ["test"], "error"),
        ("compile", ["compile"], "error"),
        ("docs", ["docs generate"], "error"),
        ("freshness", ["source freshness"], "error"),
        ("fresh", ["source freshness", "build --select source_status:fresher+"], "ok"),
        ("ci", ["build --select state:modified+"], "ok"),
    ],
)
def test_built_in_run_type(name: str, commands: list[str], empty: str) -> None:
    """The table of run types is the documented one."""
    assert [str(command) for command in BUILT_IN[name].commands] == commands
    assert BUILT_IN[name].empty_selection == empty


def test_table_of_run_types_is_complete() -> None:
    """There are eleven run types, each under its own name and described for the help."""
    assert len(BUILT_IN) == 11
    assert all(
        name == run_type.name and run_type.description for name, run_type in BUILT_IN.items()
    )


@pytest.mark.parametrize(
    ("command", "needs_state", "needs_previous"),
    [
        pytest.param(Command("build"), False, False, id="plain"),
        pytest.param(Command("build", select="state:new"), True, False, id="state"),
        pytest.param(Command("build", exclude="a,state:old"), True, False, id="in-exclude"),
        pytest.param(Command("build", defer=True), True, False, id="defer"),
        pytest.param(Command("build", select="source_status:fresher+"), True, True, id="fresher"),
    ],
)
def test_command_knows_what_it_compares_with(
    command: Command, needs_state: bool, needs_previous: bool
) -> None:
    """A command that compares says so, since the state has to be found before dbt starts."""
    assert (command.needs_state, command.needs_previous) == (needs_state, needs_previous)
