"""What looks like a secret is not written down."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest

from dbt_runner.redaction import HIDDEN, redacted, secrets_of, without

TOKEN = "dapi" + "0123456789abcdef" * 2
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param({"token": "x"}, {"token": HIDDEN}, id="token"),
        pytest.param({"DB_PASSWORD": "x"}, {"DB_PASSWORD": HIDDEN}, id="password"),
        pytest.param({"client_secret": "x"}, {"client_secret": HIDDEN}, id="secret"),
        pytest.param(
            {"apikey": "x", "api_key": "y"}, {"apikey": HIDDEN, "api_key": HIDDEN}, id="key"
        ),
        pytest.param({"tokens": ["a", "b"]}, {"tokens": [HIDDEN, HIDDEN]}, id="list"),
        pytest.param({"password": 12345}, {"password": HIDDEN}, id="number"),
        pytest.param({"token": None, "secret": ""}, {"token": None, "secret": ""}, id="not-set"),
        pytest.param(
            {"vars": {"a": {"token": "x"}}}, {"vars": {"a": {"token": HIDDEN}}}, id="deep"
        ),
        pytest.param(
            {"schema": "a", "task_key": "b"}, {"schema": "a", "task_key": "b"}, id="plain"
        ),
        pytest.param({5: "a"}, {5: "a"}, id="number-as-name"),
        pytest.param(f"use {TOKEN}!", f"use {HIDDEN}!", id="databricks-token"),
        pytest.param([f"Bearer {JWT}"], [f"Bearer {HIDDEN}"], id="web-token"),
        pytest.param("dose" + "0a1b" * 8, HIDDEN, id="databricks-oauth-secret"),
        pytest.param(f"x=ghp_{'a1B2' * 9};", f"x={HIDDEN};", id="github"),
        pytest.param("AKIA" + "A1B2" * 4, HIDDEN, id="aws"),
        pytest.param("pg://u:p@ss@h/db", f"pg://u:{HIDDEN}@h/db", id="url"),
        pytest.param("https://h:443/a@b", "https://h:443/a@b", id="port"),
        pytest.param("a://lake@h/x", "a://lake@h/x", id="user-without-password"),
        pytest.param("https://u:${T}@h", "https://u:${T}@h", id="reference"),
        pytest.param(
            "Server=h;Password=a b;X=1", f"Server=h;Password={HIDDEN} b;X=1", id="connection-string"
        ),
        pytest.param("?a=1&password=x&b", f"?a=1&password={HIDDEN}&b", id="query"),
        pytest.param("bypassword=x", "bypassword=x", id="end-of-a-word"),
        pytest.param(
            "hooks.slack.com/services/T0/B0/x", f"hooks.slack.com/services/{HIDDEN}", id="hook"
        ),
        pytest.param("dapi is short", "dapi is short", id="word-that-begins-alike"),
        pytest.param(True, True, id="boolean"),
    ],
)
def test_secret_is_hidden(value: Any, shown: Any) -> None:
    """Secrets are found by their name, at any depth, or by their form."""
    assert redacted(value) == shown


def test_original_is_left_alone() -> None:
    """Only a copy is changed."""
    value = {"vars": {"token": "x"}}
    redacted(value)
    assert value == {"vars": {"token": "x"}}


ODD = "s3cret /+&<'canary'>\"\\\tü\u2028"


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(ODD, id="plain"),
        pytest.param(json.dumps(ODD), id="json"),
        pytest.param(json.dumps(ODD, ensure_ascii=False), id="json-in-utf-8"),
        pytest.param(
            json.dumps(ODD, ensure_ascii=False)
            .replace("<", "\\u003c")
            .replace(">", "\\u003e")
            .replace("&", "\\u0026"),
            id="json-of-go",
        ),
        pytest.param(json.dumps({"text": json.dumps({"a": ODD})}), id="json-in-json"),
        pytest.param(json.dumps(f"failed: {[ODD]!r}"), id="repr-in-json"),
        pytest.param(repr(ODD), id="repr"),
        pytest.param(ascii(ODD), id="ascii"),
        pytest.param(repr(ODD.encode()), id="repr-of-bytes"),
        pytest.param(quote(ODD), id="path-of-a-url"),
        pytest.param(quote(ODD, safe=""), id="url"),
        pytest.param(quote(ODD, safe="").lower(), id="url-in-lower-case"),
        pytest.param(quote_plus(ODD), id="form"),
        pytest.param(urlencode({"key": ODD}), id="query"),
        pytest.param(shlex.quote(ODD), id="shell"),
        pytest.param("'" + ODD.replace("'", "'\\''") + "'", id="trace-of-bash"),
    ],
)
def test_every_form_is_hidden(told: str) -> None:
    """A secret is hidden however it is written; what stands beside it stays."""
    hidden = without(f"a {told} b", frozenset({ODD}))
    assert hidden.startswith("a ")
    assert hidden.endswith(" b")
    assert HIDDEN in hidden
    assert "canary" not in hidden


@pytest.mark.parametrize("secret", ["it's canary", 'a "canary"', "a'b\"canary"])
@pytest.mark.parametrize("beside", ["", "it's ", 'a "', "both ' and \" "])
def test_quotes_beside_a_secret(secret: str, beside: str) -> None:
    """Which quotes Python escapes depends on the whole text, and all of them are known."""
    assert "canary" not in without(repr(beside + secret), frozenset({secret}))


def test_values_that_are_secrets() -> None:
    """Variables that dbt hides, and those that log in to a workspace, if they hold anything."""
    found = secrets_of(
        {
            "DBT_ENV_SECRET_A": "1",
            "DATABRICKS_TOKEN": "2",
            "DATABRICKS_CLIENT_SECRET": "",
            "B": "3",
        },
        {"DATABRICKS_OIDC_TOKEN_ENV": "MINE", "MINE": "4", "ARM_CLIENT_SECRET": "5"},
    )
    assert found == {"1", "2", "4", "5"}
