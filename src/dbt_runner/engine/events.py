"""What the engine tells while dbt works, in words of our own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a planned node ended; `not_started` until it is known."""

    SUCCESS = "success"
    PASS = "pass"  # noqa: S105 - dbt's word for a test that passed
    WARN = "warn"
    ERROR = "error"
    FAIL = "fail"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    NOT_STARTED = "not_started"


GREEN = frozenset({Status.SUCCESS, Status.PASS, Status.WARN})
"""Statuses of nodes that did what they should."""


@dataclass(frozen=True)
class NodeStarted:
    """dbt began to work on a node."""

    unique_id: str


@dataclass(frozen=True)
class NodeFinished:
    """dbt is done with a node.

    Attributes:
        seconds: wall time.
        message: dbt's own word on it, such as the database's error.
        rows: rows written, where the adapter tells.
        compiled: path of the compiled SQL below the command's folder.
    """

    unique_id: str
    status: Status
    seconds: float
    message: str | None = None
    rows: int | None = None
    compiled: str | None = None


@dataclass(frozen=True)
class Warned:
    """dbt warned of something that is no node's result, such as a deprecation."""

    name: str
    message: str


@dataclass(frozen=True)
class Unmatched:
    """A criterion of a node selection matched nothing."""

    criterion: str


@dataclass(frozen=True)
class Parsed:
    """How the project was parsed: `partial` or `full`, and why."""

    how: str


@dataclass(frozen=True)
class FirstStatement:
    """The first statement of a node was handed to the warehouse."""

    unique_id: str


@dataclass(frozen=True)
class CredentialsFixed:
    """The adapter does not renew its credentials, and why."""

    reason: str


@dataclass(frozen=True)
class Patched:
    """Which patches of dbt are in, and why others are not."""

    names: tuple[str, ...]
    refused: dict[str, str]


Event = (
    NodeStarted
    | NodeFinished
    | Warned
    | Unmatched
    | Parsed
    | FirstStatement
    | CredentialsFixed
    | Patched
)
