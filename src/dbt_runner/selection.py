"""dbt's node selection as it may be handed over: the form of `select`, `exclude`, `selector`."""

from __future__ import annotations

import re
from difflib import get_close_matches

from dbt_runner.argv import printable

_CRITERION = re.compile(
    r"(?:@|\d*\+)?+(?:(?P<method>[\w.]+):)?+(?P<value>[\w.*?/][\w.:*?/-]*)(?:\+\d*)?",
    re.ASCII,
)
"""One criterion, stricter than `RAW_SELECTOR_PATTERN` of dbt/graph/selector_spec.py (1.11)."""

_SELECTOR = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)

METHODS = frozenset(
    "access config exposure file fqn function group metric package path resource_type result "  # noqa: SIM905 - shorter
    "saved_query semantic_model source source_status state tag test_name test_type unit_test "
    "version".split()
)
"""Selection methods of dbt 1.11 (docs.getdbt.com, "Node selector methods")."""

STATE_METHODS = frozenset({"state", "result", "source_status"})
"""Methods that compare with the artifacts of an earlier run."""


def node_selection(value: str) -> str:
    """Check a selection: tokens parted by spaces, commas within a token mean intersection.

    Raises:
        ValueError: a token has a form that is no selection, an unknown method, or a path that
            leaves the project.
    """
    found = list(filter(None, value.split(" ")))
    for token in found:
        for criterion in token.split(","):
            _check(criterion)
    if not found:
        msg = "is blank; leave it out to select everything"
        raise ValueError(msg)
    return " ".join(found)


def selector_name(value: str) -> str:
    """Check the name of a selector of `selectors.yml`.

    Raises:
        ValueError: it has another form.
    """
    if not _SELECTOR.fullmatch(value):
        msg = "must be the name of a selector in selectors.yml"
        raise ValueError(msg)
    return value


def needs_state(selection: str | None) -> bool:
    """Whether a selection compares with an earlier run."""
    matches = map(_CRITERION.fullmatch, re.split("[ ,]", selection or ""))
    return any(match and _method(match) in STATE_METHODS for match in matches)


def _check(criterion: str) -> None:
    match = _CRITERION.fullmatch(criterion)
    if not match:
        msg = f"holds {printable(criterion)}, which is no selection of nodes"
        raise ValueError(msg)
    method, value = _method(match), match["value"]
    if match["method"] and method not in METHODS:
        near = get_close_matches(method, METHODS, n=1)
        hint = f"; did you mean {near[0]}:" if near else f"; there is {', '.join(sorted(METHODS))}"
        msg = f"names the method {printable(method)}, which dbt does not have{hint}"
        raise ValueError(msg)
    # without a method, dbt takes what holds a slash for a path
    if method in {"path", "file", ""} and (value.startswith("/") or ".." in value.split("/")):
        msg = f"holds {printable(value)}; paths are relative to the project and stay in it"
        raise ValueError(msg)


def _method(match: re.Match[str]) -> str:
    return (match["method"] or "").partition(".")[0]
