"""Which values of dbt's variables may reach Jinja, and through it SQL."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dbt_runner import variables
from dbt_runner.errors import SettingsError

if TYPE_CHECKING:
    from conftest import Load


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"x": "010"}, id="text-of-digits"),
        pytest.param({"x": "yes"}, id="text-that-yaml-takes-for-a-boolean"),
        pytest.param({"x": "2024-01-01"}, id="text-that-yaml-takes-for-a-date"),
        pytest.param({"x": "1e3"}, id="text-that-looks-like-a-number"),
        pytest.param({"x": "a: b # c"}, id="text-with-yaml-in-it"),
        pytest.param({"x": "%a &b *c !d |e >f"}, id="text-with-yamls-marks"),
        pytest.param({"x": {"<<": {"a": 1}, "a": 2}}, id="merge-key-inside"),
        pytest.param({"x": {"k" * 128: 1}}, id="longest-name"),
        pytest.param({"x": "日本 😀 é"}, id="any-language"),
        pytest.param({"x": 10**37, "y": -1}, id="large-number"),
        pytest.param({"x": 0.001, "y": 1e15}, id="fractions"),
        pytest.param({"x": None, "y": True, "z": []}, id="constants"),
    ],
)
def test_dbt_reads_what_was_given(value: dict[str, Any]) -> None:
    """dbt reads --vars as YAML; what is accepted means the same there as in JSON."""
    found = variables.read(json.dumps(value))
    assert found == value
    assert _as_dbt_reads(found) == value


def test_dbt_reads_what_was_given_whatever_it_is() -> None:
    """The same holds for any value that is accepted."""
    source = random.Random(5)  # noqa: S311 - the same texts every time
    pieces = [*"ab01.:-?,#&*!|>%@`'\"\\{}[] \t\u200b\u3000\ufffd\ud7ff😀", "- ", ": ", "~", "---"]
    accepted = 0
    for _ in range(500):
        text = "".join(source.choices(pieces, k=source.randint(0, 8)))
        try:
            found = variables.read(json.dumps({"x": text, "y": [{text: text}]}))
        except ValueError:
            continue
        accepted += 1
        assert _as_dbt_reads(found) == found
    assert accepted > 100


def _as_dbt_reads(value: dict[str, Any]) -> Any:
    return yaml.safe_load(json.dumps(value, ensure_ascii=False))


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        pytest.param("plain text, 2024-01-01 (a) 50%", False, id="plain"),
        pytest.param("it's", True, id="apostrophe"),
        pytest.param('"', True, id="double-quote"),
        pytest.param("`", True, id="backtick"),
        pytest.param("\\", True, id="backslash"),
        pytest.param("a;b", True, id="semicolon"),
        pytest.param("a--b", True, id="comment"),
        pytest.param("a-b", False, id="hyphen"),
        pytest.param("/*", True, id="block-comment"),
        pytest.param(["a", {"b": ["'"]}], True, id="deep"),
        pytest.param({"'": 1}, True, id="in-a-name"),
        pytest.param(5, False, id="number"),
        pytest.param(None, False, id="null"),
    ],
)
def test_text_that_could_leave_a_literal_is_found(value: Any, holds: bool) -> None:
    """Quotes, backslashes, semicolons and comments are found at any depth."""
    assert variables.holds_quoting(value) is holds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("[]", "must be a JSON object", id="list"),
        pytest.param('{"x":', "Expecting value, column 6", id="cut-off"),
        pytest.param('{"x": 1, "x": 2}', "'x' is given twice", id="twice"),
        pytest.param('{"a b": 1}', "'a b' is no name of a variable", id="name"),
        pytest.param('{"x": "{{ 1 }}"}', "x holds Jinja", id="jinja"),
        pytest.param('{"x": "\\u0007"}', "x holds a control character", id="control"),
        pytest.param('{"x": 1e22}', "without an exponent", id="exponent"),
        pytest.param('{"x": [[[[[1]]]]]}', "nested deeper than 5 levels", id="depth"),
    ],
)
def test_reason_names_the_variable(text: str, reason: str) -> None:
    """A refusal says which variable is meant and what is wrong with it."""
    with pytest.raises(ValueError, match=reason):
        variables.read(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param('{"api_token": "canary"}', "api_token", id="token"),
        pytest.param('{"password": "canary"}', "password", id="password"),
        pytest.param('{"DB_PASSWORD": "canary"}', "DB_PASSWORD", id="capitals"),
        pytest.param('{"client_secret": "canary"}', "client_secret", id="secret"),
        pytest.param('{"days": 1, "api_key": ["canary"]}', "api_key", id="key-with-a-list"),
        pytest.param('{"auth": {"token": "canary"}}', "token", id="nested"),
    ],
)
def test_name_of_a_secret_is_refused(load: Load, text: str, name: str) -> None:
    """A variable with the name of a secret is refused, and its value is not shown."""
    with pytest.raises(SettingsError, match=f"^vars: {name} ") as caught:
        load(f"--vars={text}")
    assert "canary" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["task_key", "pass_rate", "key", "author"])
def test_name_that_is_no_secret(name: str) -> None:
    """Names that only resemble those of secrets are free."""
    assert variables.read(f'{{"{name}": "x"}}') == {name: "x"}
