"""A place to run in, as dbt is told about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Address:
    """Where on Databricks, as far as it is known beforehand.

    Attributes:
        host: of the workspace; `None` leaves it to the Databricks SDK.
        warehouse, warehouse_id, http_path: one of them names the SQL warehouse.
    """

    host: str | None = None
    warehouse: str | None = None
    warehouse_id: str | None = None
    http_path: str | None = None


@dataclass(frozen=True)
class Login:
    """What dbt needs to connect.

    Attributes:
        environment: variables that the profile refers to; they never touch the disk.
        hidden: variables that dbt, and with it the project's code, does not get to see.
        config: what the adapter asks for headers (`Config` of the Databricks SDK), if anything.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    config: Any = None


@dataclass(frozen=True)
class Connection:
    """One target of one profile.

    Attributes:
        profile, target: names in `profiles.yml`.
        catalog, target_schema: where the target builds; `None` where only dbt can tell.
        output: the target's entry for a generated `profiles.yml`; `None` if `profiles_dir` is set.
        profiles_dir: a folder with a `profiles.yml` to use as it is.
        environment: variables that the profile refers to; they never touch the disk.
        address: of a target on Databricks; the rest is found at run time.
    """

    profile: str
    target: str
    catalog: str | None
    target_schema: str | None
    output: Mapping[str, Any] | None = None
    profiles_dir: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    address: Address | None = None

    def write_profile(self, folder: Path) -> Path:
        """Write the profile into a private folder, unless there is one to use as it is.

        Returns:
            The folder to hand to dbt as `--profiles-dir`.
        """
        if self.profiles_dir:
            return self.profiles_dir
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        profile = {self.profile: {"target": self.target, "outputs": {self.target: self.output}}}
        text = yaml.safe_dump(profile, allow_unicode=True)
        (folder / "profiles.yml").write_text(text, encoding="utf-8")
        return folder
