"""The key of a baked state: everything that decides a parse."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from dbt_runner.baked import files

FORMAT = 1
"""Goes up when the bytes of an older state, or its key, mean something else."""

_PACKAGES = (
    "dbt-core",
    "dbt-adapters",
    "dbt-common",
    "dbt-semantic-interfaces",
    "Jinja2",
    "PyYAML",
)
_NAME = re.compile(r"[\w-]+", re.ASCII)
"""The distribution that a requirement begins with."""
_PLACE = ("catalog", "database", "path", "schema")
"""What of a target's entry in `profiles.yml` holds the names of a run."""

ABSENT = "absent"
"""Stands for a variable that has no value, where else its value's digest stands."""


class BadKey(Exception):
    """The file is no key of this version."""


@dataclass(frozen=True)
class Setting:
    """What of a run decides how its project is parsed, as far as it is known without dbt.

    Attributes:
        folder: of the project.
        output: the target's entry for `profiles.yml`; `None` where the user's own file counts.
        catalog, schema: where the target builds; `None` where only dbt can tell.
        behaviour: flags of dbt that every run sets.
        strict: warnings are errors.
    """

    folder: Path
    profile: str
    target: str
    output: Mapping[str, Any] | None
    catalog: str | None
    schema: str | None
    variables: Mapping[str, Any]
    behaviour: Sequence[str]
    strict: bool = False


@dataclass(frozen=True)
class Key:
    """What a state was made from.

    Attributes:
        sha256: of the state's bytes.
        output: digest of the target's entry for `profiles.yml` without the run's names.
        names: (catalog, schema) of a state for these alone; `None` serves any.
        files: digest of each file of the project, by path.
        variables: that the parse asked for; it was given none of them.
        environment: digests of the values of variables that the parse read, or `ABSENT`.
        flags: values of dbt's flags that the parse read.
        parsed: digests of files as a run's fingerprint has them.
        warnings: (name, message as pieces) of what dbt warned of while parsing.
        asked: what the parse asked of the warehouse's HTTP path: how, text, answer.
        until: ISO date and time from which on dbt would warn of something else.
        zone: of the machine, as `local_zone` gives it, if the state hangs on it.
    """

    sha256: str
    profile: str
    target: str
    output: str
    names: tuple[str, str] | None
    versions: dict[str, str]
    behaviour: tuple[str, ...]
    files: dict[str, str]
    variables: tuple[str, ...]
    environment: dict[str, str]
    flags: dict[str, Any]
    parsed: dict[str, str]
    warnings: tuple[tuple[str, tuple[str | int, ...]], ...] = ()
    asked: tuple[tuple[str, str, bool], ...] = ()
    until: str | None = None
    zone: tuple[str, str] | None = None
    format: int = field(default=FORMAT)

    def text(self) -> str:
        """The key as a file's content; equal keys give equal bytes."""
        return json.dumps(asdict(self), sort_keys=True, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, text: str) -> Key:
        """A key from a file's content.

        Raises:
            BadKey: it is none of this version.
        """
        try:
            content = json.loads(text)
            if content["format"] != FORMAT:
                msg = f"it is of format {content['format']}, and this version reads {FORMAT}"
                raise BadKey(msg)
            names, zone = content["names"], content["zone"]
            return cls(
                **{
                    **content,
                    "names": tuple(names) if names else None,
                    "zone": tuple(zone) if zone else None,
                    "behaviour": tuple(content["behaviour"]),
                    "variables": tuple(content["variables"]),
                    "warnings": tuple((name, tuple(p)) for name, p in content["warnings"]),
                    "asked": tuple(map(tuple, content["asked"])),
                }
            )
        except (ValueError, TypeError, LookupError) as error:
            msg = f"it cannot be read: {error}"
            raise BadKey(msg) from error

    def differs(self, setting: Setting, environ: Mapping[str, str], now: datetime) -> str | None:
        """The first thing that is not as it was when the state was made; `None` if all is."""
        return (
            self._target_differs(setting)
            or _versions_differ(self.versions)
            or self._values_differ(setting, environ)
            or self._time_differs(setting, now)
            or _files_differ(self.files, setting.folder)
        )

    def _target_differs(self, setting: Setting) -> str | None:
        target, own = setting.target, (setting.catalog, setting.schema)
        if setting.output is None:
            return "profiles_dir: the target comes from a profiles.yml of one's own"
        here, there = (".".join(map(str, names)) for names in (own, self.names or own))
        checks = (
            (None in own, "the target's catalog and schema are known to dbt alone"),
            (target != self.target, f"target: {target} is not {self.target}"),
            (setting.profile != self.profile, f"profile: {setting.profile} is not {self.profile}"),
            (
                output_digest(setting.output) != self.output,
                f"the target {target} is described otherwise in runner.yml",
            ),
            (here != there, f"target_schema: {here} is not {there}, for which alone it was baked"),
            (tuple(setting.behaviour) != self.behaviour, "this version sets other flags of dbt"),
        )
        return next((told for differs, told in checks if differs), None)

    def _values_differ(self, setting: Setting, environ: Mapping[str, str]) -> str | None:
        given = next((name for name in self.variables if name in setting.variables), None)
        if given:
            return f"the variable {given} is given, and the parse reads it"
        for name, before in self.environment.items():
            if value_digest(environ.get(name)) != before:
                return f"the environment variable {name} has another value, and the parse reads it"
        return None

    def _time_differs(self, setting: Setting, now: datetime) -> str | None:
        if setting.strict and self.warnings:
            return f"warnings are errors, and dbt warns while it parses ({self.warnings[0][0]})"
        if self.until and now >= datetime.fromisoformat(self.until):
            return "a model's deprecation date has come"
        if self.zone and local_zone() != self.zone:
            here, there = ("/".join(names) for names in (local_zone(), self.zone))
            return f"the time zone is {here}, not {there}, and a deprecation date hangs on it"
        return None


def installed(adapter: str) -> dict[str, str]:
    """Exact versions of what parses; a package that is missing has none.

    An adapter may build on another, whose macros are in the state too: dbt-databricks on dbt-spark.
    """
    own = f"dbt-{adapter}"
    return {name: _version(name) for name in (*_PACKAGES, own, *_adapters_below(own))}


def _adapters_below(distribution: str) -> list[str]:
    try:
        needed = {_NAME.match(line) for line in requires(distribution) or ()}
    except PackageNotFoundError:
        return []
    return sorted(name[0] for name in needed if name and name[0].startswith("dbt-"))


def local_zone() -> tuple[str, str]:
    """The time zone of the machine, without and with summer time: name and seconds to UTC."""
    offsets = (-time.timezone, -time.altzone)
    standard, summer = (f"{n}{o:+d}" for n, o in zip(time.tzname, offsets, strict=True))
    return standard, summer


def output_digest(output: Mapping[str, Any]) -> str:
    """Digest of a target's entry for `profiles.yml` without the run's names."""
    rest = {name: value for name, value in output.items() if name not in _PLACE}
    return value_digest(json.dumps(rest, sort_keys=True))


def value_digest(value: str | None) -> str:
    """Stands for a value where the value itself must not stand."""
    if value is None:
        return ABSENT
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def _versions_differ(before: Mapping[str, str]) -> str | None:
    for name, old in before.items():
        if _version(name) != old:
            return f"{name} {_version(name)} is installed, and the state was made by {old}"
    return None


def _files_differ(before: Mapping[str, str], folder: Path) -> str | None:
    try:
        # The names first, and no further than needed: in a folder of the user's own there may be
        # anything beside the project, such as an environment, or a link that leads in circles.
        now = set()
        for name in files.walked(folder):
            if name not in before:
                return f"{files.printable(name)} is new"
            now.add(name)
        gone = next((name for name in before if name not in now), None)
        if gone:
            return f"{gone} is gone"
        for name, digest in before.items():
            if files.digest(folder, name) != digest:
                return f"{name} has changed"
    except OSError as error:
        return f"the project's files cannot be read: {error.strerror or error}"
    return None


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
