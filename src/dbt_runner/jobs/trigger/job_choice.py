"""The job that a command line means, and what it tells that job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbt_runner.errors import SettingsError
from dbt_runner.jobs.trigger import bundle_key, lookup, payload
from dbt_runner.jobs.trigger.options import Options


def read(given: Options) -> tuple[dict[str, Any], str | None]:
    """Which job and what to tell it, and the workspace if something names it.

    Returns:
        Arguments of `starting.trigger`, and a host.

    Raises:
        SettingsError: no job or several are named, or something goes with none.
        RunnerError: what names it cannot be read.
    """
    values, host = given.values, given.values.get("host")
    named = [name for name in ("job_id", "job_name", "bundle_key", "json") if name in values]
    ways = [*(["JOB"] if given.subject is not None else []), *named]
    if len(ways) != 1:
        hint = f"got {' and '.join(ways)}" if ways else "as in dbt-runner trigger 123"
        msg = f"job: give its id, its name, or a bundle's key, one of them; {hint}"
        raise SettingsError(msg)
    if "bundle_key" not in values and {"bundle_target", "bundle_dir"} & values.keys():
        msg = "bundle_target: goes with --bundle-key, the key of the job in the bundle"
        raise SettingsError(msg)
    told = {"parameters": given.named, "arguments": given.words}
    if "json" in values:
        return _whole(given), host
    job: dict[str, Any] = {"job_id": None, "job_name": None}
    if "bundle_key" in values:
        folder = Path(values.get("bundle_dir", "."))
        target = values.get("bundle_target")
        job["job_id"], own = bundle_key.job_of(values["bundle_key"], target, folder)
        host = host or own
    elif "job_name" in values:
        job["job_name"] = values["job_name"]
    elif "job_id" in values:
        job["job_id"] = lookup.number("job_id", values["job_id"])
    elif given.subject and given.subject.isascii() and given.subject.isdigit():
        job["job_id"] = lookup.number("job", given.subject)
    else:
        job["job_name"] = given.subject
    return {**job, **told}, host


def _whole(given: Options) -> dict[str, Any]:
    if given.named or given.words or "send" in given.values:
        msg = "json: is a whole request; write the parameters into it"
        raise SettingsError(msg)
    found = payload.load(given.values["json"])
    if found.idempotency_token is not None and "idempotency_token" in given.values:
        msg = "idempotency_token: is given in the request too; keep one"
        raise SettingsError(msg)
    whole: dict[str, Any] = {
        "job_id": found.job_id,
        "job_name": None,
        "parameters": found.named,
        "arguments": found.words,
        "send": found.kind,
    }
    if found.idempotency_token is not None:
        whole["idempotency_token"] = found.idempotency_token
    return whole
