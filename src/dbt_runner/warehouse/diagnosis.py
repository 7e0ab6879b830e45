"""Which sort of error a node ended with, and a hint how to mend it."""

from __future__ import annotations

import re
from functools import cache

from dbt_runner.warehouse import error_table as table
from dbt_runner.warehouse.error_phrases import PHRASES
from dbt_runner.warehouse.error_table import Diagnosis, Sort

__all__ = ["Diagnosis", "Sort", "diagnose"]

# An error names itself first; a traceback names its exception last.
_HEAD, _TAIL = 48_000, 16_000

_ANSI = r"\x1b\[[0-9;]*m"
# The statement that the engine quotes after the error: Spark, DuckDB.
_QUOTED = r"(?m)^[ \t]*(?:== SQL\b|LINE \d+:)"
# A quote before a name makes it a value, not the error's own name.
_NAME = r"""(?mx)
    (?:^|[\s:(])\[ (?P<condition> [A-Z][A-Z0-9]*_[A-Z0-9_]+ (?:\.[A-Z0-9_]+)* ) \](?=\s|$)
  | \bErrorClass= (?P<catalog> [A-Z0-9_]+ (?:\.[A-Z0-9_]+)* )
  | "error_code":\s? "(?P<rest> [A-Z_]+ )"
  | (?<![\w'"`.\[]) (?P<code> [A-Z]+_[A-Z_]+ ):
  | ^[ \t>\d:.]* (?P<kind>
        [A-Z][A-Za-z\ ]{1,24}[ ]Error (?=:|[ ]in[ ]|[ \t]*$)
      | Got\ \d+\ results?(?=,\ configured)
      | actual\ differs\ from\ expected
      | Python\ model(?=\ (?:failed|run\ ended))
    )
"""
_SQLSTATE = r"\bSQLSTATE[:=]? ?([0-9A-Z]{5})\b"
_GRANT = (
    r"does not have (?:permission )?([A-Z][A-Z ,]{2,60}?) on (?i:(catalog|schema|database|table"
    r"|view|volume|external location|storage credential|function|routine|connection|metastore"
    r"|any file)\b)(?: '([^']{1,800})'| (`[^`]{1,300}`(?:\.`[^`]{1,300}`)*))?"
)
_OWNER = r"is not (?:an |the )?owner of (?i:(catalog|schema|table|view|volume)) '([^']{1,800})'"
_SECURABLES = {"DATABASE": "SCHEMA", "ROUTINE": "FUNCTION"}
_UNNAMED = {"METASTORE", "ANY FILE"}


def diagnose(message: str) -> Diagnosis | None:
    """The sort of a node's error, and how to mend it; `None` if nothing in it is known.

    What an error calls itself decides: its condition, its SQLSTATE, then phrases. So a message
    that quotes data or SQL is judged by the error, not by the quotation.

    Args:
        message: as dbt reports it for a node (`message` in `run_results.json`).
    """
    text = _own_words(message)
    flat = " ".join(text.split())
    found = _known(text, flat)
    if found is not None and found.sort is Sort.PERMISSION:
        statement = _grant(flat)
        if statement:
            return Diagnosis(Sort.PERMISSION, f"have an owner or admin run: {statement}")
    return found


def _own_words(message: str) -> str:
    """The text without colours and the quoted statement, and without the middle if long."""
    if len(message) > _HEAD + _TAIL:
        message = f"{message[:_HEAD]}\n{message[-_TAIL:]}"
    return _regex(_QUOTED).split(_regex(_ANSI).sub("", message), maxsplit=1)[0]


def _known(text: str, flat: str) -> Diagnosis | None:
    """By name, else by SQLSTATE, else by phrase, else by what is left."""
    names = _names(text)
    if found := next(filter(None, map(_by_name, names)), None):
        return found
    vague = next((table.VAGUE[name] for name in names if name in table.VAGUE), None)
    states = _regex(_SQLSTATE).findall(flat)
    if states and not vague and (found := _by_state(table.STATES, states[0])):
        return found
    # A name that is not known is an error of its own: what it quotes makes nothing transient.
    lasting = bool(names) and vague is None
    if found := _by_phrase(flat, lasting=lasting):
        return found
    return vague or _rest(names, states)


def _rest(names: list[str], states: list[str]) -> Diagnosis | None:
    """What a vague name or state still tells when nothing else does."""
    if names and names[0] in table.VAGUE_BUT_LASTING:
        return table.VAGUE_BUT_LASTING[names[0]]
    if states and (found := _by_state(table.VAGUE_STATES, states[0])):
        return found
    return table.SQL if names and names[0].startswith("DELTA_") else None


def _names(text: str) -> list[str]:
    """What the error calls itself, in order and without sub-conditions."""
    names = []
    for match in _regex(_NAME).finditer(text):
        name = match[match.lastgroup or 0].partition(".")[0]
        if name.startswith("Got "):
            name = "Got results"
        known = name in table.VAGUE or name in table.VAGUE_BUT_LASTING or _by_name(name)
        if known or match.lastgroup in {"condition", "catalog"}:
            names.append(name)
    return names


def _by_name(name: str) -> Diagnosis | None:
    """By an error condition, a REST error code, or dbt's or DuckDB's kind of error."""
    if name in table.NAMES:
        return table.NAMES[name]
    return next((found for prefix, found in table.PREFIXES if name.startswith(prefix)), None)


def _by_state(states: dict[str, Diagnosis], state: str) -> Diagnosis | None:
    """By a SQLSTATE or its class."""
    return states.get(state) or states.get(state[:2])


def _by_phrase(flat: str, *, lasting: bool) -> Diagnosis | None:
    """By the first phrase of the table, without the transient ones if the error is `lasting`."""
    for diagnosis, patterns in PHRASES:
        if lasting and diagnosis.sort is Sort.TRANSIENT:
            continue
        if _regex("|".join(patterns)).search(flat):
            return diagnosis
    return None


def _grant(flat: str) -> str | None:
    """The statement that gives what the message says is missing, if it says so.

    Form: https://docs.databricks.com/aws/en/sql/language-manual/security-grant
    """
    if match := _regex(_GRANT).search(flat):
        privileges = ", ".join(part.strip() for part in match[1].split(","))
        kind, name = match[2].upper(), match[3] or match[4]
    elif match := _regex(_OWNER).search(flat):
        privileges, kind, name = "MANAGE", match[1].upper(), match[2]
    else:
        return None
    kind = _SECURABLES.get(kind, kind)
    if name is None and kind not in _UNNAMED:
        return None
    parts = [] if name is None or kind in _UNNAMED else name.replace("`", "").split(".")
    target = " ".join([kind, ".".join(f"`{part}`" for part in parts)]).strip()
    return f"GRANT {privileges} ON {target} TO `principal`"


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
