"""Where the notebook of a task lies: its file on this machine, and what tells it from others."""

from __future__ import annotations

import os.path
from dataclasses import dataclass
from pathlib import Path

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.notebook import EXTENSIONS

_UPLOADED = "${workspace.file_path}/"


@dataclass(frozen=True)
class NotebookFile:
    """A notebook that a task runs.

    Attributes:
        identity: equal for two tasks that run the same; without extension, as in the workspace.
        file: on this machine; None where it lies elsewhere, or nobody can say where.
        expected: where it should lie, if it should lie on this machine.
    """

    identity: str
    file: Path | None = None
    expected: Path | None = None


def of(job: Job, task: Task, deployment: Deployment) -> NotebookFile | None:
    """The notebook of a notebook_task; None where the path is not known.

    A relative path counts from the YAML file that holds it, else from the job's own, as in the CLI
    (translate_paths_jobs.go).
    """
    path = task.body.at("notebook_path")
    source = task.body.at("source").text or ("GIT" if job.value.has("git_source") else "")
    text = path.text
    if not text:
        return None
    if source == "GIT":
        return NotebookFile(f"git:{without_extension(os.path.normpath(text))}")
    folder = deployment.folder
    if folder and text.startswith(_UPLOADED):
        return _local([folder / text.removeprefix(_UPLOADED)])
    if "${" in text or folder is None or text.startswith("/"):
        return NotebookFile(without_extension(text))
    places = [path.place, job.place]
    return _local([Path(place.file).parent / text for place in places])


def without_extension(path: str) -> str:
    """A path as the workspace has it: importing a notebook drops its extension."""
    stem, extension = os.path.splitext(path)  # noqa: PTH122 - also of paths in the workspace
    return stem if extension in EXTENSIONS else path


def _local(candidates: list[Path]) -> NotebookFile:
    paths = [Path(os.path.normpath(candidate)) for candidate in candidates]
    found = next((path for path in paths if path.is_file()), None)
    chosen = found or paths[0]
    identity = without_extension(os.path.abspath(chosen))  # noqa: PTH100 - links stay as named
    return NotebookFile(identity, found, chosen)
