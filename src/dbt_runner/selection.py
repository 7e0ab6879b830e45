"""dbt's node selection as it may be handed over: the form of `select`, `exclude`, `selector`."""

from __future__ import annotations

import re
from difflib import get_close_matches

_TOKEN = re.compile(r"[@+]?[\w.:*?/+,-]+", re.ASCII)
_SELECTOR = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)

METHODS = frozenset(
    "access config exposure file fqn function group metric package path resource_type result "
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
    tokens = value.split(" ")
    for token in filter(None, tokens):
        if token.startswith("-") or not _TOKEN.fullmatch(token):
            msg = f"holds {ascii(token)}, which is no selection of nodes"
            raise ValueError(msg)
        for method, argument in _methods(token):
            _check_method(method, argument)
    if not any(tokens):
        msg = "is blank; leave it out to select everything"
        raise ValueError(msg)
    return " ".join(filter(None, tokens))


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
    tokens = (selection or "").split()
    return any(method in STATE_METHODS for t in tokens for method, _ in _methods(t))


def tokens(selection: str | None) -> list[str]:
    """The single criteria of a selection, as dbt names them when one matches nothing."""
    return [part for token in (selection or "").split() for part in token.split(",") if part]


def _methods(token: str) -> list[tuple[str, str]]:
    """(method, argument) of each criterion that names its method, e.g. `+tag:nightly`."""
    found = []
    for part in token.split(","):
        method, colon, argument = part.partition(":")
        if colon:
            found.append((re.sub(r"^(@|\d*\+)", "", method).split(".")[0], argument))
    return found


def _check_method(method: str, argument: str) -> None:
    if method not in METHODS:
        near = get_close_matches(method, METHODS, n=1)
        hint = f"; did you mean {near[0]}:" if near else f"; there is {', '.join(sorted(METHODS))}"
        msg = f"names the method {ascii(method)}, which dbt does not have{hint}"
        raise ValueError(msg)
    if method in {"path", "file"} and (argument.startswith("/") or ".." in argument.split("/")):
        msg = f"holds {ascii(argument)}; paths are relative to the project and stay in it"
        raise ValueError(msg)
