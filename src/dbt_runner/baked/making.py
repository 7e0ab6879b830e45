"""Makes the parse state of a project for a target: two parses under different names, compared."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dbt_runner.baked import files
from dbt_runner.baked.key import Key, installed, local_zone, output_digest, value_digest
from dbt_runner.baked.names import FIRST, SECOND, Sentinels
from dbt_runner.baked.profile import filled
from dbt_runner.errors import DbtError
from dbt_runner.secret_names import is_switch, names_secret_exactly
from dbt_runner.warehouse.connection import Connection

_WORKER = "dbt_runner.engine.baking.worker"


@dataclass(frozen=True)
class Baked:
    """A state and its key."""

    data: bytes
    key: Key


class NotBaked(Exception):
    """A target has no state that could serve; says why, in a line that names the node.

    Attributes:
        others: lines of further reasons.
    """

    def __init__(self, why: str, others: Sequence[str] = ()) -> None:
        super().__init__(why)
        self.others = tuple(others)


def make(
    folder: Path, connection: Connection, behaviour: tuple[str, ...], *, declared: bool = False
) -> Baked:
    """Make the state of a project for one target.

    Args:
        folder: of the project; it is copied, and not written to.
        connection: to the target under its own names.
        behaviour: flags of dbt that every run sets.
        declared: for the target's own catalog and schema alone.

    Raises:
        NotBaked: the project is not parametric, or does not parse.
        DbtError: the parse broke.
    """
    misplaced = files.misplaced(folder)
    if misplaced:
        raise NotBaked(misplaced)
    before = files.digests(folder)
    # dbt resolves links in some paths and not in others
    with tempfile.TemporaryDirectory(prefix="dbt-runner-bake-") as temporary:
        place = Path(os.path.realpath(temporary))
        own = (str(connection.catalog), str(connection.target_schema)) if declared else None
        first = _parse(folder, connection, place / "1", FIRST, own)
        against = place / "1" / "state"
        # a deprecation date without a zone is taken for one of the machine's
        names = replace(SECOND, zone=None) if first["dated"] else SECOND
        second = _parse(folder, connection, place / "2", names, own, against)
        _must_agree(first, second)
        data = against.read_bytes()
    if files.digests(folder) != before:
        msg = "the project was changed while it was baked"
        raise NotBaked(msg)
    key = Key(
        sha256=hashlib.sha256(data).hexdigest(),
        profile=connection.profile,
        target=connection.target,
        output=output_digest(connection.output or {}),
        names=own,
        versions=installed(first["adapter"]),
        behaviour=behaviour,
        files=before,
        variables=tuple(first["variables"]),
        environment={name: _value_digest(name) for name in first["environment"]},
        flags=first["flags"],
        parsed=first["files"],
        warnings=tuple((name, tuple(pieces)) for name, pieces in first["warnings"]),
        asked=tuple(map(tuple, first["asked"])),
        until=first["until"],
        # dbt takes a deprecation date without a zone for one of this machine's
        zone=local_zone() if first["dated"] else None,
    )
    return Baked(data, key)


def _value_digest(name: str) -> str:
    """Stands in the wheel for a variable's value; of a short secret it is enough to guess it.

    Raises:
        NotBaked: the variable is a secret, and is set.
    """
    value = os.environ.get(name)
    if value is not None and names_secret_exactly(name) and not is_switch(value):
        msg = f"the project: its parse reads {name}, a secret; unset it to bake without a value"
        raise NotBaked(msg)
    return value_digest(value)


def _parse(
    folder: Path,
    connection: Connection,
    work: Path,
    names: Sentinels,
    own: tuple[str, str] | None,
    against: Path | None = None,
) -> dict[str, Any]:
    root = work / names.root
    _copy(folder, root)
    catalog, schema = own or (names.catalog, names.schema)
    output, environment = filled(connection.output or {}, catalog, schema, names.host, work)
    marks = [mark for mark in names.marks if not own or mark in {names.root[:5], names.host[:5]}]
    request = {
        "place": {"catalog": catalog, "schema": schema, "root": str(root)},
        "profile": connection.profile,
        "target": connection.target,
        "output": output,
        "environment": environment,
        "marks": [*marks, str(work).lower()],
        "declared": own is not None,
        "ahead": names.ahead,
        "threads": names.threads,
        "folder": str(work),
        "against": str(against) if against else None,
    }
    file = work / "request.json"
    file.write_text(json.dumps(request), encoding="utf-8")
    _run(file, work, names.zone)
    found: dict[str, Any] = json.loads((work / "found.json").read_text(encoding="utf-8"))
    if found["problems"]:
        first, *others = (f"{where}: {what}" for where, what in found["problems"])
        raise NotBaked(first, others)
    return found


def _copy(folder: Path, root: Path) -> None:
    for name in files.project_files(folder):
        files.copy(folder, name, root)


def _run(request: Path, work: Path, zone: str | None) -> None:
    # a set's order hangs on the seed, and the order of what is stored on that
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    if zone:
        environment["TZ"] = zone
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-P", "-m", _WORKER, str(request)],
        cwd=work,
        env=environment,
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        msg = f"bake: the parse of {work.name} broke: {last[0]}"
        raise DbtError(msg)


def _must_agree(first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    for name in (
        "adapter",
        "variables",
        "environment",
        "flags",
        "files",
        "warnings",
        "asked",
        "until",
        "dated",
    ):
        if first[name] != second[name]:
            msg = f"the project: under other names the parse has other {name}"
            raise NotBaked(msg)
