"""The files of a Databricks bundle, and its targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from dbt_runner.bundle import document, interpolation
from dbt_runner.bundle.deployment import NO_TARGET, Deployment
from dbt_runner.bundle.job import Job
from dbt_runner.bundle.merging import merge
from dbt_runner.bundle.value import Place, Value
from dbt_runner.errors import BundleError

FILE_NAMES = ("databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml")
_SUFFIXES = {".yml", ".yaml", ".json"}


@dataclass(frozen=True)
class Bundle:
    """The files of a bundle.

    Attributes:
        folder: where its first file lies.
        config: all files merged.
        texts: name of each file in messages → its text.
    """

    folder: Path
    config: Value
    texts: Mapping[str, str]

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """Names of its targets, in the order of the file; one without a name if it has none."""
        found = [name for key in ("targets", "environments") for name, _ in self._block(key)]
        return tuple(dict.fromkeys(found)) or (NO_TARGET,)

    @property
    def default_target(self) -> str:
        """The target that is meant where none is named: the one that says so, or the first."""
        for name in self.targets:
            if self._target(name).at("default").data is True:
                return name
        return self.targets[0]

    def deployment(self, target: str) -> Deployment:
        """What a target would deploy.

        Raises:
            BundleError: there is no target of that name.
        """
        if target not in self.targets:
            near = get_close_matches(target, self.targets, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(self.targets)}"
            msg = f"--target: {target!r} is no target of {self.config.place.file}; {hint}"
            raise BundleError(msg)
        own = self._target(target)
        scope = interpolation.scope(self.config, target, own.at("variables"))
        base, over = self.config.at("resources", "jobs"), own.at("resources", "jobs")
        merged = dict(merge(base, over).entries())
        jobs = {key: Job(key, scope.fill(value)) for key, value in merged.items()}
        return Deployment(
            target,
            scope.fill(own.at("mode")).text,
            own,
            scope.fill(merge(self.config.at("presets"), own.at("presets"))),
            {key: job for key, job in jobs.items() if isinstance(job.value.data, dict)},
            scope,
            self.folder,
            named_targets=bool(self._block("targets") or self._block("environments")),
            python=self.python,
        )

    @property
    def python(self) -> bool:
        """Whether Python makes further jobs (the package databricks-bundles)."""
        blocks = self.config.at("python"), self.config.at("experimental", "python")
        return any(block.has("resources") for block in blocks)

    def key_places(self, job: str) -> set[Place]:
        """Where a job's key stands: its definition, and each target's override."""
        blocks = [self.config, *(self._target(name) for name in self.targets)]
        found = [block.at("resources", "jobs") for block in blocks]
        return {block.at(job).place for block in found if block.has(job)}

    def _block(self, key: str) -> list[tuple[str, Value]]:
        return list(self.config.at(key).entries())

    def _target(self, name: str) -> Value:
        found = self.config.at("targets", name)
        return found if found.data is not None else self.config.at("environments", name)


def read(path: Path) -> Bundle:
    """Read a bundle: its first file, and the files that it includes.

    Args:
        path: the bundle's folder, or its first file.

    Raises:
        BundleError: a file is missing or cannot be read; one line with file, line and way out.
    """
    first = _first_file(path)
    config, text = document.read(first, str(first))
    texts = {str(first): text}
    unmatched: list[Value] = []
    for pattern in config.at("include").elements():
        files = _included(first.parent, pattern)
        if not files:
            unmatched.append(pattern)
        for file in files:
            if str(file) not in texts:
                found, texts[str(file)] = document.read(file, str(file))
                _refuse_double(config, found)
                config = merge(config, found)
    bundle = Bundle(first.parent, config, texts)
    empty = not any(bundle.deployment(name).jobs for name in bundle.targets)
    if empty and bundle.python:
        msg = (
            f"{first}: its jobs are made by Python; use "
            "`databricks bundle validate -o json | dbt-runner jobs check -`"
        )
        raise BundleError(msg)
    if empty and unmatched:
        msg = f"{unmatched[0].place}: include {unmatched[0].text} matches no file; correct it"
        raise BundleError(msg)
    return bundle


def _first_file(path: Path) -> Path:
    if path.is_file():
        return path
    for name in FILE_NAMES:
        if (path / name).is_file():
            return path / name
    if path.is_dir():
        msg = f"{path}: holds no {FILE_NAMES[0]}; name the folder of a bundle, or its first file"
    else:
        msg = f"{path}: there is no such file; name the folder of a bundle, or its first file"
    raise BundleError(msg)


def _included(folder: Path, pattern: Value) -> list[Path]:
    """The files of an `include`, as the CLI finds them: `**` is no more than `*`.

    As there (process_root_includes.go), a pattern may match nothing, a plain name may not: the
    CLI's own templates include patterns for folders that a bundle need not have.
    """
    text = pattern.text
    if not text or text.startswith("/"):
        msg = f"{pattern.place}: include {text or 'entry'} is no path within the bundle; correct it"
        raise BundleError(msg)
    files = sorted(file for file in folder.glob(text.replace("**", "*")) if file.is_file())
    if not files and not set(text) & set("*?["):
        msg = f"{pattern.place}: include {text} matches no file; correct the path"
        raise BundleError(msg)
    for file in files:
        if file.suffix not in _SUFFIXES:
            msg = f"{pattern.place}: include {text} matches {file.name}, which is no YAML or JSON"
            raise BundleError(msg)
    return [file for file in files if file.name not in FILE_NAMES or file.parent != folder]


def _refuse_double(config: Value, other: Value) -> None:
    known = config.at("resources", "jobs")
    for key, job in other.at("resources", "jobs").entries():
        if known.has(key) and job.data is not None:
            first = known.at(key).place
            msg = f"{job.place}: job {key} is defined in {first} already; rename one of them"
            raise BundleError(msg)
