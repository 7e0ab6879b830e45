"""The command line as names and texts."""

from __future__ import annotations

import pytest

from dbt_runner import argv
from dbt_runner.argv import Arguments, printable

BOOLEANS = {"full_refresh"}


@pytest.mark.parametrize(
    ("words", "values"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param(["--run_type=full"], {"run_type": "full"}, id="underscore"),
        pytest.param(["--run-type=full"], {"run_type": "full"}, id="hyphen"),
        pytest.param(["--run-type", "full"], {"run_type": "full"}, id="two-words"),
        pytest.param(["--vars=a=b=c"], {"vars": "a=b=c"}, id="first-equals-splits"),
        pytest.param(["--select=--x"], {"select": "--x"}, id="value-with-dashes"),
        pytest.param(["--select="], {"select": ""}, id="empty-value"),
        pytest.param(["--full-refresh"], {"full_refresh": "true"}, id="bare-boolean"),
        pytest.param(["--full-refresh=false"], {"full_refresh": "false"}, id="boolean-with-value"),
        pytest.param(["--run-t=full"], {"run_t": "full"}, id="no-abbreviation"),
        pytest.param(["--RUN-TYPE=full"], {"RUN_TYPE": "full"}, id="case-matters"),
        pytest.param(
            ["--target-schema=my-schema"], {"target_schema": "my-schema"}, id="value-kept"
        ),
    ],
)
@pytest.mark.parametrize("command", [[], ["run"]], ids=["bare", "run"])
def test_words_become_names_and_texts(
    command: list[str], words: list[str], values: dict[str, str]
) -> None:
    """`-` and `_` in names are equal; what stands behind the first `=` is the value."""
    found = argv.read([*command, *words], booleans=BOOLEANS, commands={"run"})
    assert found == Arguments("run", values)


def test_last_of_a_repeated_name_counts() -> None:
    """A name that is given again, in either spelling, wins and is told once."""
    found = argv.read(
        ["--a-b=1", "--a_b=2", "--c=3", "--a-b=4"], booleans=BOOLEANS, commands={"run"}
    )
    assert found.values == {"a_b": "4", "c": "3"}
    assert found.repeated == ("a_b",)


@pytest.mark.parametrize(
    ("word", "wants_help", "wants_version"),
    [
        pytest.param("-h", True, False, id="short"),
        pytest.param("--help", True, False, id="help"),
        pytest.param("--version", False, True, id="version"),
        pytest.param("--help=x", False, False, id="a-job-parameter-named-help"),
    ],
)
def test_help_and_version_are_words(word: str, wants_help: bool, wants_version: bool) -> None:
    """Help and version are asked for by exact words only, so that no job parameter does it."""
    found = argv.read(["--threads=2", word], booleans=BOOLEANS, commands={"run"})
    assert (found.wants_help, found.wants_version) == (wants_help, wants_version)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("a'b", '"a\'b"', id="quoted"),
        pytest.param("a\x1b[31m\n", r"'a\x1b[31m\n'", id="escaped"),
        pytest.param("日\udcff\u202e", r"'\u65e5\udcff\u202e'", id="ascii"),
        pytest.param(["日"], r"['\u65e5']", id="in-a-list"),
        pytest.param("a" * 100, "'" + "a" * 76 + "...", id="cut"),
        pytest.param("dapi" + "0" * 32, "'*****'", id="token"),
        pytest.param({"password": "x"}, "{'password': '*****'}", id="secret-by-name"),
        pytest.param(5, "5", id="number"),
    ],
)
def test_shown_value_is_one_safe_line(value: object, shown: str) -> None:
    """A value in a message is quoted, escaped, cut, and never a secret."""
    assert printable(value) == shown
