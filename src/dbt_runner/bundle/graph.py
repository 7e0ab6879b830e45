"""The layers of a bundle's jobs as a Mermaid flowchart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.job import LEVELS, Job

_UNTAGGED = "no layer"
_SHORT = {
    "python_wheel_task": "wheel",
    "spark_python_task": "Python",
    "spark_jar_task": "JAR",
    "sql_task": "SQL",
}
# Words that Mermaid takes for its own, as the name of a node.
_RESERVED = frozenset(
    {"end", "graph", "flowchart", "subgraph", "style", "class", "click", "default", "direction"}
)


def draw(deployment: Deployment) -> str:
    """Draw one target; the order is that of the names, so the same bundle gives the same text."""
    jobs = {key: deployment.jobs[key] for key in sorted(deployment.jobs)}
    ids = _ids(jobs)
    lines = ["flowchart TD"]
    for level in [*reversed(LEVELS), ""]:
        here = [job for job in jobs.values() if job.level == level]
        if here:
            lines.append(f'  subgraph layer_{level or "none"}["{level or _UNTAGGED}"]')
            lines += [f'    {ids[job.key]}["{_label(job)}"]' for job in here]
            lines.append("  end")
    lines += dict.fromkeys(arrow for job in jobs.values() for arrow in _arrows(job, ids))
    return "\n".join(lines)


def _ids(jobs: Mapping[str, Job]) -> dict[str, str]:
    """Job → a name that Mermaid accepts, different for each."""
    ids: dict[str, str] = {}
    for key in jobs:
        name = re.sub(r"\W", "_", key, flags=re.ASCII)
        while name in ids.values() or name.lower() in _RESERVED or name.startswith("layer_"):
            name = f"job_{name}"
        ids[key] = name
    return ids


def _label(job: Job) -> str:
    runs = [_SHORT.get(task.kind, _words(task.kind)) for task in job.tasks if task.runs]
    return "<br/>".join([job.key, *([", ".join(dict.fromkeys(runs))] if runs else [])])


def _words(kind: str) -> str:
    return kind.removesuffix("_task").replace("_", " ")


def _arrows(job: Job, ids: Mapping[str, str]) -> Iterator[str]:
    for task in job.tasks:
        if task.job_name in ids:
            label = '-- "for each" ' if task.loop else ""
            yield f"  {ids[job.key]} {label}--> {ids[str(task.job_name)]}"
