"""What `databricks bundle validate -o json` prints: one target, with everything filled in."""

from __future__ import annotations

import json

from dbt_runner.bundle.deployment import NO_TARGET, Deployment
from dbt_runner.bundle.interpolation import Scope
from dbt_runner.bundle.job import Job
from dbt_runner.bundle.value import Place, from_plain, is_too_deep
from dbt_runner.errors import BundleError

_HINT = "pipe in the output of databricks bundle validate -o json"


def read(text: str) -> Deployment:
    """Read it; the places of what is found are paths such as `resources.jobs.x.tasks[0]`.

    Raises:
        BundleError: it is no such JSON.
    """
    parsed: object = None
    try:
        parsed = json.loads(text)
        too_deep = is_too_deep(parsed)
    except ValueError as error:
        place = Place("standard input", getattr(error, "lineno", None))
        msg = f"{place}: no valid JSON: {getattr(error, 'msg', error)}; {_HINT}"
        raise BundleError(msg) from None
    except RecursionError:
        too_deep = True
    if too_deep:
        msg = f"standard input: is nested too deeply to be read; {_HINT}"
        raise BundleError(msg)
    config = from_plain(parsed, "")
    if not isinstance(parsed, dict) or not isinstance(parsed.get("bundle"), dict):
        msg = f"standard input: holds no bundle; {_HINT}"
        raise BundleError(msg)
    jobs = {
        key: Job(key, value)
        for key, value in config.at("resources", "jobs").entries()
        if isinstance(value.data, dict)
    }
    lookups = {
        value.at("value").text: kind
        for _, value in config.at("variables").entries()
        for kind, _ in value.at("lookup").entries()
    }
    return Deployment(
        config.at("bundle", "target").text or NO_TARGET,
        config.at("bundle", "mode").text,
        config.at("bundle"),
        config.at("presets"),
        jobs,
        Scope(lookups=lookups),
        named_targets=config.at("bundle", "target").text != NO_TARGET,
    )
