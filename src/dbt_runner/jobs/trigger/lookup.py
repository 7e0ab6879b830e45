"""Which job is meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbt_runner.argv import printable
from dbt_runner.errors import SettingsError
from dbt_runner.warehouse.refusals import Missing

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import Job

    from dbt_runner.jobs.trigger.wait import Wait
    from dbt_runner.warehouse.rest_api import RestApi


_LARGEST = 2**63 - 1


def number(name: str, text: str) -> int:
    """An id as it is written.

    Raises:
        SettingsError: it is no id.
    """
    if not re.fullmatch("[0-9]{1,19}", text) or not 0 < int(text) <= _LARGEST:
        msg = f"{name}: must be a number from 1 to {_LARGEST}, got {printable(text)}"
        raise SettingsError(msg)
    return int(text)


def find(api: RestApi, job_id: int | None, job_name: str | None, wait: Wait) -> Job:
    """Get a job by its id or its exact name.

    Raises:
        SettingsError: neither or both are given, or there is no such job, or more than one.
        RunnerError: the workspace does not answer, or refuses.
    """
    if (job_id is None) == (job_name is None):
        msg = "job: give its id or its name, one of them"
        raise SettingsError(msg)
    wanted = _by_name(api, job_name, wait) if job_id is None and job_name is not None else job_id
    try:
        return api.ask(lambda ws: ws.jobs.get(job_id=wanted or 0), within=wait.left)
    except Missing as error:
        msg = f"job_id: {wanted}: {error}; or it is not yours to see"
        raise SettingsError(msg) from error


def _by_name(api: RestApi, name: str, wait: Wait) -> int:
    if not name.strip():
        msg = "job_name: must not be empty"
        raise SettingsError(msg)
    # the API's filter does not tell upper from lower case
    found = api.ask(lambda ws: list(ws.jobs.list(name=name)), within=wait.left)
    names = {
        job.job_id: job.settings.name or ""
        for job in found
        if job.job_id is not None and job.settings
    }
    exact = sorted(job_id for job_id, own in names.items() if own == name)
    if len(exact) == 1:
        return exact[0]
    if exact:
        msg = (
            f"job_name: {len(exact)} jobs have the name {printable(name)}: "
            f"{', '.join(map(str, exact))}; give an id"
        )
        raise SettingsError(msg)
    near = ", ".join(printable(own) for own in sorted(set(names.values())))
    hint = f"there is {near}" if near else "or it is not yours to see"
    msg = f"job_name: there is no job {printable(name)}; {hint}"
    raise SettingsError(msg)
