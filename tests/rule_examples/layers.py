"""Examples for the rules about the three layers, and the environments of tasks."""

from __future__ import annotations

from bundles import NOTEBOOK, TAGS, definition, job, notebook, start, task, wheel
from dbt_runner.bundle.rules import Rule
from rule_examples.small import (
    ONE,
    Examples,
    chain,
    jobs,
    two,
)

BROKEN: Examples = [
    (Rule.JOB_LEVEL, "missing", jobs(one=job(task(), tags=TAGS))),
    (Rule.JOB_LEVEL, "unknown", jobs(one=job(task(), level="master"))),
    (
        Rule.RUNS_ABOVE_ATOMIC,
        "notebook-in-composite",
        {"note.py": NOTEBOOK, **jobs(one=job(notebook(), level="composite"))},
    ),
    (Rule.RUNS_ABOVE_ATOMIC, "sql-in-orchestrator", jobs(one=job(task(), level="orchestrator"))),
    (
        Rule.RUNS_ABOVE_ATOMIC,
        "wheel-in-a-loop",
        jobs(
            one=job(
                task("each", for_each_task={"inputs": "[]", "task": wheel("inner")}),
                level="composite",
            )
        ),
    ),
    (
        Rule.RUNS_ABOVE_ATOMIC,
        "dashboard",
        jobs(one=job(task(dashboard_task={"dashboard_id": "1"}), level="composite")),
    ),
    (Rule.NOT_ATOMIC, "only-starts", jobs(one=ONE, top=job(start("one")))),
    (Rule.NOT_ATOMIC, "starts-too", jobs(one=ONE, top=job(task(), start("one")))),
    (Rule.NOT_DOWNWARDS, "composite-of-composite", chain("composite", "composite", "atomic")),
    (
        Rule.NOTEBOOK_TWICE,
        "two-jobs",
        {"note.py": NOTEBOOK, **jobs(one=job(notebook()), other=job(notebook(path="./note.py")))},
    ),
    (
        Rule.NOTEBOOK_TWICE,
        "one-job",
        {"note.py": NOTEBOOK, **jobs(one=job(notebook(), notebook("again", "x/../note.py")))},
    ),
    (
        Rule.NOTEBOOK_TWICE,
        "in-git",
        jobs(
            one=job(notebook(path="src/a"), git_source={"git_url": "u"}),
            other=job(notebook(path="src/a", source="GIT")),
        ),
    ),
    (
        Rule.NOTEBOOK_TWICE,
        "from-another-folder",
        {
            "src/note.py": NOTEBOOK,
            "resources/b.yml": {
                "resources": {"jobs": {"other": job(notebook(path="../src/note.py"))}}
            },
            "databricks.yml": definition(
                {"one": job(notebook(path="src/note.py"))}, include=["resources/*.yml"]
            ),
        },
    ),
    (
        Rule.NO_ENVIRONMENT,
        "wheel",
        jobs(
            one=job(
                {"task_key": "a", "python_wheel_task": {"package_name": "p", "entry_point": "e"}}
            )
        ),
    ),
    (Rule.NO_ENVIRONMENT, "dbt", jobs(one=job(task(dbt_task={"commands": ["dbt run"]})))),
    (Rule.UNKNOWN_ENVIRONMENT, "no-block", jobs(one=job(wheel(), environments=None))),
    (
        Rule.UNKNOWN_ENVIRONMENT,
        "other-name",
        jobs(one=job(wheel(), environments=[{"environment_key": "main"}])),
    ),
]

KEPT: Examples = [
    (Rule.JOB_LEVEL, "atomic", jobs(one=ONE)),
    (
        Rule.JOB_LEVEL,
        "from-a-variable",
        jobs(
            {"variables": {"level": {"default": "atomic"}}}, one=job(task(), level="${var.level}")
        ),
    ),
    (
        Rule.JOB_LEVEL,
        "all-tags-from-a-variable",
        jobs(
            {
                "variables": {
                    "tags": {"type": "complex", "default": {"job_level": "atomic", **TAGS}}
                }
            },
            one=job(task(), tags="${var.tags}"),
        ),
    ),
    (
        Rule.RUNS_ABOVE_ATOMIC,
        "steering",
        two(
            task("wanted", condition_task={"op": "EQUAL_TO", "left": "a", "right": "a"}),
            start("one", depends_on=[{"task_key": "wanted", "outcome": "true"}]),
            task(
                "each",
                depends_on=[{"task_key": "wanted"}],
                for_each_task={"inputs": "[]", "task": start("other")},
            ),
        ),
    ),
    (Rule.NOT_ATOMIC, "runs", jobs(one=ONE)),
    (Rule.NOT_DOWNWARDS, "three-layers", chain("orchestrator", "composite", "atomic")),
    (Rule.NOT_DOWNWARDS, "past-a-layer", chain("orchestrator", "atomic")),
    (
        Rule.NOTEBOOK_TWICE,
        "different-files",
        {
            "note.py": NOTEBOOK,
            "b/note.py": NOTEBOOK,
            **jobs(one=job(notebook()), other=job(notebook(path="b/note.py"))),
        },
    ),
    (
        Rule.NO_ENVIRONMENT,
        "cluster",
        jobs(
            one=job(
                task(
                    python_wheel_task={"package_name": "p", "entry_point": "e"}, job_cluster_key="c"
                )
            )
        ),
    ),
    (
        Rule.NO_ENVIRONMENT,
        "sql-and-notebook",
        {"note.py": NOTEBOOK, **jobs(one=job(task(), notebook("n"), environments=None))},
    ),
    (Rule.UNKNOWN_ENVIRONMENT, "known", jobs(one=job(wheel()))),
    (
        Rule.UNKNOWN_ENVIRONMENT,
        "unresolved",
        jobs(one=job(wheel(), environments="${var.envs}")),
    ),
    (Rule.JOB_LEVEL, "unresolved", jobs(one=job(task(), tags="${var.tags}"))),
]
