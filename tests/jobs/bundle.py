"""The bundle's jobs as the bench can run them: read from its YAML, with its variables filled in.

The real CLI reads the bundle in `make test-workspace`; here no Go is needed. What the CLI does
beyond variables, references and paths (name prefixes and tags of a mode, permissions, identities)
does not change how jobs run, and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from jobs.bench import Bench

_WHOLE = re.compile(r"\$\{([^}]+)\}")
_USES = re.compile(r"\$\{resources\.jobs\.(\w+)\.id\}")

ON_DUCKDB = {"dbt_target": "local", "catalog": "", "warehouse_id": "", "artifacts": ""}
"""Variables for the local target. An empty text arrives as `--catalog=`, which means "not set"."""

ON_SPARK = {"catalog": "main", "warehouse_id": "bench0000warehouse"}
"""Variables for SQL tasks in place of those: they run on Spark, which has catalogs."""


@dataclass
class Bundle:
    """A bundle and one of its targets.

    Attributes:
        folder: of `databricks.yml`.
        target: the bundle target.
        variables: instead of the bundle's own values.
        dist: folder of the wheel, in place of `dist/`.
        sql_variables: for SQL tasks, before `variables`.
        ids: of what is in the workspace, by its reference: `resources.jobs.NAME.id`.
    """

    folder: Path
    target: str
    variables: Mapping[str, str]
    dist: Path
    sql_variables: Mapping[str, str] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._content = yaml.safe_load((self.folder / "databricks.yml").read_text("utf-8"))
        self._resources: dict[str, dict[str, Any]] = {"jobs": {}, "pipelines": {}}
        for pattern in self._content["include"]:
            for file in sorted(self.folder.glob(pattern)):
                for kind, found in yaml.safe_load(file.read_text("utf-8"))["resources"].items():
                    self._resources[kind] |= self._placed(found, file.parent)

    def pipelines(self) -> dict[str, dict[str, Any]]:
        """Settings of the pipelines."""
        found = self._resources["pipelines"]
        return {name: self._filled(settings, self.variables) for name, settings in found.items()}

    def order(self) -> list[str]:
        """Names of the jobs, each after those that it starts."""
        uses = {
            name: set(_USES.findall(yaml.safe_dump(settings)))
            for name, settings in self._resources["jobs"].items()
        }
        return list(TopologicalSorter(uses).static_order())

    def job(self, name: str) -> dict[str, Any]:
        """Settings of a job, once what it starts is in the workspace.

        Permissions are no setting of a job: the CLI sends them by another API.
        """
        found: dict[str, Any] = self._filled(self._resources["jobs"][name], self.variables)
        return {key: value for key, value in found.items() if key != "permissions"}

    def _filled(self, value: Any, variables: Mapping[str, str], key: str = "") -> Any:
        """Replace what stands in `${}`; a text that is nothing else keeps the value's type."""
        if key == "sql_task":
            variables = {**variables, **self.sql_variables}
        if isinstance(value, dict):
            return {name: self._filled(item, variables, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, variables) for item in value]
        if not isinstance(value, str):
            return value
        if whole := _WHOLE.fullmatch(value):
            return self._filled(self._value(whole[1], variables), variables)
        return _WHOLE.sub(
            lambda it: str(self._filled(self._value(it[1], variables), variables)), value
        )

    def _value(self, path: str, variables: Mapping[str, str]) -> Any:
        if path in self.ids:
            return self.ids[path]
        if path.startswith("var."):
            name = path.removeprefix("var.")
            target = self._content["targets"][self.target].get("variables", {})
            for found in (variables, target):
                if name in found:
                    return found[name]
            return self._content["variables"][name]["default"]
        return {
            "bundle.target": self.target,
            "bundle.name": self._content["bundle"]["name"],
            "workspace.file_path": str(self.folder),
            "workspace.current_user.short_name": "tester",
            "workspace.current_user.userName": "tester@example.com",
        }[path]

    def _placed(self, value: Any, folder: Path, key: str = "") -> Any:
        """Make paths absolute: a path is relative to the file that it stands in."""
        if isinstance(value, dict):
            return {name: self._placed(item, folder, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._placed(item, folder, key) for item in value]
        if key in ("dependencies", "whl", "requirements", "path", "notebook_path"):
            option, path = ("-r ", value[3:]) if value.startswith("-r ") else ("", value)
            return option + self._absolute(path, folder)
        return value

    def _absolute(self, path: str, folder: Path) -> str:
        if path.endswith("dist/*.whl"):
            [wheel] = self.dist.glob("*.whl")
            return str(wheel)
        return str((folder / path).resolve())


def deploy(bench: Bench, bundle: Bundle) -> dict[str, int]:
    """Make all jobs of a bundle, and have the pipeline recorded; name → id."""
    for name, settings in bundle.pipelines().items():
        answer = bench.client.api_client.do("POST", "/api/2.0/pipelines", body=settings)
        assert isinstance(answer, dict)
        bundle.ids[f"resources.pipelines.{name}.id"] = answer["pipeline_id"]
    made = {}
    for name in bundle.order():
        made[name] = bench.create(bundle.job(name))
        bundle.ids[f"resources.jobs.{name}.id"] = made[name]
    bench.control("record", job_id=made["ingest_pipeline_job"])
    return made
