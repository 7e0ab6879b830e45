"""The command lines of the client."""

from __future__ import annotations

import pytest

from dbt_runner.errors import SettingsError
from dbt_runner.jobs.trigger import options, usage
from dbt_runner.jobs.trigger.outcome import EXIT_CODES


def test_words_are_sorted() -> None:
    """The job, the client's own options, run parameters by name, and those of the job."""
    found = options.read(
        [
            *("trigger", "12", "--run-type", "full", "--target_schema=finance", "--full-refresh"),
            *("--param", "ingest=true", "--param=note=a=b", "--no-wait", "--once-per", "today"),
        ]
    )
    assert (found.command, found.subject) == ("trigger", "12")
    assert found.values == {"no_wait": "true", "once_per": "today"}
    assert found.named == {
        "run_type": "full",
        "target_schema": "finance",
        "full_refresh": "true",
        "ingest": "true",
        "note": "a=b",
    }


def test_words_for_a_list_keep_their_order() -> None:
    """One that begins with dashes is written with an equals sign."""
    found = options.read(["trigger", "12", "--arg=--env", "--arg", "prod", "--arg="])
    assert found.words == ("--env", "prod", "")


def test_timeout_of_the_run_is_a_parameter_by_another_way() -> None:
    """`--timeout` is the client's wait; the run's own limit goes by `--param`."""
    found = options.read(["trigger", "12", "--timeout=60", "--param", "timeout=3600"])
    assert found.timeout == 60
    assert found.named == {"timeout": "3600"}


@pytest.mark.parametrize(
    "text",
    ["0", "-1", "1h", "1.5", "", "٤", "99999999999", "true", f"1{'0' * 5000}", "00000000199999999"],
)
def test_timeout_that_is_none_is_refused(text: str) -> None:
    """Whole seconds from 1."""
    with pytest.raises(SettingsError, match="timeout: must be whole seconds"):
        _ = options.read(["trigger", "12", f"--timeout={text}"]).timeout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trigger", "12", "--runtype=full"], "did you mean --run-type?"),
        (["trigger", "12", "--ingest=true"], "is written --param name=value"),
        (["trigger", "12", "--artifacts=x"], "is no option of trigger"),
        (["trigger", "12", "13"], "stands alone"),
        (["trigger", "12", "--param", "x"], "must be name=value"),
        (["trigger", "12", "--param", "=x"], "must be name=value"),
        (["trigger", "12", "--param"], "lacks its value"),
        (["trigger", "12", "--arg", "--env"], "written --arg=VALUE"),
        (["trigger", "12", "--run-type=full", "--run-type=ci"], "given more than once"),
        (["trigger", "12", "--run-type=full", "--param=run_type=ci"], "given more than once"),
        (["trigger", "12", "--param=a=b", "--param=a=c"], "given more than once"),
        (["attach", "12", "--run-type=full"], "is no option of attach"),
        (["cancel", "12", "--param=a=b"], "--param: is no option of cancel"),
        (["repair", "12", "--cancel-on-interupt=true"], "did you mean --cancel-on-interrupt?"),
    ],
)
def test_what_is_not_understood_is_refused(words: list[str], message: str) -> None:
    """With the nearest name, or the way to write it."""
    with pytest.raises(SettingsError) as caught:
        options.read(words)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["hunter2-password", "=hunter2-password"])
def test_value_without_its_name_is_not_shown(text: str) -> None:
    """Who forgot the name may have written a secret."""
    with pytest.raises(SettingsError, match="must be name=value") as caught:
        options.read(["trigger", "12", "--param", text])
    assert "hunter2" not in str(caught.value)


def test_switch_is_on_or_off() -> None:
    """Anything else is a mistake, not a yes."""
    assert options.read(["trigger", "1", "--no-wait=True"]).flag("no_wait")
    assert not options.read(["trigger", "1"]).flag("no_wait")
    with pytest.raises(SettingsError, match="must be true or false"):
        options.read(["trigger", "1", "--no-wait=yes"]).flag("no_wait")


@pytest.mark.parametrize("command", sorted(options.OPTIONS))
def test_help_tells_every_option_in_100_columns(command: str) -> None:
    """And for what waits, every end with its exit code."""
    text = usage.text(command)
    for name in options.OPTIONS[command]:
        assert f"--{name.replace('_', '-')}" in text
    assert max(map(len, text.splitlines())) <= 100
    if command != "cancel":
        known = [name for name in EXIT_CODES if name != "UNKNOWN"]
        assert [name for name in known if name not in text] == []
