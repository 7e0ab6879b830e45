"""The environment that dbt sees while it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dbt_runner.warehouse.connection import Login

_SWITCHED_OFF = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
}

HANDED = "RUNNER_HANDED_VARIABLES"
"""Names of what a shell task sets for a plain dbt in its script, with commas between them."""


@contextmanager
def prepared(login: Login) -> Iterator[tuple[str, ...]]:
    """Drop the flags of dbt that the environment sets, and add what the profile refers to.

    Every flag of dbt has two names, `DBT_X` and `DBT_ENGINE_X`; one that was meant for another
    use of dbt would change the run, `DBT_FULL_REFRESH` up to losing data. A project's own
    variables and `DBT_ENV_SECRET_*` stay.

    Yields:
        The names that were dropped, sorted; without those that a shell task is known to set.
    """
    from dbt.env_vars import KNOWN_ENGINE_ENV_VARS
    from dbt_common.events.functions import reset_metadata_vars

    names = {name for v in KNOWN_ENGINE_ENV_VARS for name in (v.name, v.old_name) if name}
    before = dict(os.environ)
    dropped = tuple(sorted(names & before.keys()))
    for name in dropped:
        del os.environ[name]
    os.environ.update(_SWITCHED_OFF)
    for name in login.hidden & before.keys():
        del os.environ[name]
    os.environ.update(login.environment)
    # dbt else keeps the ids of the first run for the life of the process
    reset_metadata_vars()
    handed = before.get(HANDED, "").split(",")
    unexpected = [name for name in dropped if name not in handed]
    try:
        yield tuple(name for name in unexpected if before[name] != _SWITCHED_OFF.get(name))
    finally:
        os.environ.clear()
        os.environ.update(before)
