"""The help text."""

from __future__ import annotations

from dbt_runner import help as help_text
from dbt_runner.run_types import BUILT_IN
from dbt_runner.settings import Settings
from dbt_runner.versions import commit, own_version


def test_help_tells_everything_in_100_columns() -> None:
    """Every setting, run type and exit code is told, each setting with a description."""
    text = help_text.text()
    for name, field in Settings.model_fields.items():
        assert f"--{name.replace('_', '-')}" in text
        assert field.description
    assert all(f"  {name} " in text for name in BUILT_IN)
    assert all(str(code) in text for code in (0, 1, 2, 3, 4, 6, 124, 130, 143))
    assert max(map(len, text.splitlines())) <= 100


def test_choices_and_booleans_are_shown() -> None:
    """A choice lists its values, a boolean stands bare, anything else names what it takes."""
    text = help_text.text()
    assert "--warnings=ok|error " in text
    assert "--full-refresh " in text
    assert "--threads=THREADS " in text


def test_version_is_told_where_the_package_is_installed() -> None:
    """The version and the commit in it are texts, whatever is installed."""
    assert own_version()
    assert commit() in own_version() or commit() == "unknown"
