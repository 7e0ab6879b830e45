"""A run-now request: the job, its parameter object, its token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbt_runner.errors import SettingsError
from dbt_runner.jobs.trigger import parameter_object, reading, run_values
from dbt_runner.jobs.trigger.parameter_object import WORDS, Kind

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import JobSettings

PATH = "/api/2.2/jobs/run-now"


@dataclass(frozen=True)
class Request:
    """What is sent, checked.

    Attributes:
        host: the workspace's address, with its scheme.
        parameters: the name of one parameter object → what it holds; empty for none.
        fresh: nobody but this intent will ever send the token.
    """

    host: str
    job_id: int
    parameters: Mapping[str, Any]
    idempotency_token: str
    fresh: bool = True

    @property
    def url(self) -> str:
        """Where it is sent."""
        return f"{self.host.rstrip('/')}{PATH}"

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "job_id": self.job_id,
            **self.parameters,
            "idempotency_token": self.idempotency_token,
        }


def parameters(
    settings: JobSettings | None,
    named: Mapping[str, str],
    words: Sequence[str],
    wanted: Kind | None,
) -> dict[str, Any]:
    """The parameter object for a job, checked; empty if there is nothing to tell the job.

    Args:
        settings: the job's.
        named: parameters by name.
        words: parameters without names, for a task that reads a list.
        wanted: the object to send, if somebody chose one.

    Raises:
        SettingsError: the job does not read this, or would refuse it.
    """
    _check_containers(named, words)
    if named and words:
        msg = "param: names and words do not go together, only one parameter object is sent"
        raise SettingsError(msg)
    if not named and not words:
        return {}
    read = reading.of(settings)
    kind = read.choose(wanted)
    if kind.is_map and words:
        msg = f"arg: the job reads {kind.name}, which has names; write --param name=value"
        raise SettingsError(msg)
    if named and not kind.is_map and kind != WORDS:
        msg = f"param: the job reads {kind.name}, which has no names; write --arg WORD for each"
        raise SettingsError(msg)
    value: Any = dict(named) if kind.is_map else list(words)
    if named and kind == WORDS:
        # in one order, so that an equal intent is an equal request
        value = [f"--{name}={text}" for name, text in sorted(named.items())]
    parameter_object.check(kind, dict(named) if named and kind.is_map else value)
    read.check_names(kind, named)
    run_values.check(read.reaching(kind, named))
    return {kind.name: value}


def _check_containers(named: object, words: object) -> None:
    """Refuse what a program without types may give."""
    if not isinstance(named, Mapping):
        msg = f"param: must be names and texts, got a {type(named).__name__}"
        raise SettingsError(msg)
    if isinstance(words, str | bytes):
        # a list of its letters, to Python
        msg = f"arg: must be a list of words, got a {type(words).__name__}; put it into brackets"
        raise SettingsError(msg)
