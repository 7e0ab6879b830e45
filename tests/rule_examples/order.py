"""Examples for the rules about references from job to job, and the order of tasks."""

from __future__ import annotations

from typing import Any

from bundles import job, start, task
from dbt_runner.bundle.rules import Rule
from rule_examples.small import (
    ONE,
    Examples,
    after,
    chain,
    jobs,
    two,
)


def _judged(reference: str) -> list[dict[str, Any]]:
    """A condition on how a task ended, whose "false" branch raises on purpose."""
    left = f"{{{{ tasks.{reference}.result_state }}}}"
    condition = {"op": "EQUAL_TO", "left": left, "right": "success"}
    return [
        after("went_well", reference.strip("`"), run_if="ALL_DONE", condition_task=condition),
        task("raise", depends_on=[{"task_key": "went_well", "outcome": "false"}]),
    ]


BROKEN: Examples = [
    (Rule.JOB_REFERENCE, "number", two(task(run_job_task={"job_id": 123}))),
    (
        Rule.JOB_REFERENCE,
        "name-of-the-job",
        two(task(run_job_task={"job_id": "${resources.jobs.one.name}"})),
    ),
    (
        Rule.JOB_REFERENCE,
        "plain-variable",
        jobs(
            {"variables": {"other": {"default": "12"}}},
            top=job(task(run_job_task={"job_id": "${var.other}"}), level="orchestrator"),
        ),
    ),
    (Rule.UNKNOWN_JOB, "misspelt", two(start("onee"))),
    (
        Rule.UNKNOWN_DEPENDENCY,
        "misspelt",
        jobs(one=job(task("a"), task("b", depends_on=[{"task_key": "aa"}]))),
    ),
    (Rule.UNKNOWN_DEPENDENCY, "itself", jobs(one=job(task("a", depends_on=[{"task_key": "a"}])))),
    (
        Rule.CIRCULAR_TASKS,
        "two",
        jobs(
            one=job(
                task("a", depends_on=[{"task_key": "b"}]),
                task("b", depends_on=[{"task_key": "a"}]),
                task("c", depends_on=[{"task_key": "b"}]),
            )
        ),
    ),
    (Rule.NO_ORDER, "all-at-once", two(start("one"), start("other"))),
    (Rule.TOO_DEEP, "four", chain("", "", "", "", "atomic")),
    (
        Rule.CIRCULAR_JOBS,
        "two",
        jobs(a=job(start("b"), level="composite"), b=job(start("a"), level="composite")),
    ),
    (Rule.CIRCULAR_JOBS, "itself", jobs(a=job(start("a"), level="composite"))),
    (Rule.TASK_KEY_TWICE, "same-key", jobs(one=job(task("a"), task("a")))),
    (
        Rule.HIDDEN_FAILURE,
        "only-a-handler-comes-last",
        jobs(one=job(task("a"), after("mail", "a", run_if="AT_LEAST_ONE_FAILED"))),
    ),
    (
        Rule.HIDDEN_FAILURE,
        "cleaned-up-whatever-happened",
        jobs(one=job(task("a"), after("b", "a"), after("clean", "b", run_if="ALL_DONE"))),
    ),
    (
        Rule.HIDDEN_FAILURE,
        "one-of-two-is-enough",
        jobs(
            one=job(task("a"), task("b"), after("c", "a", "b", run_if="AT_LEAST_ONE_SUCCESS")),
        ),
    ),
    (
        Rule.HIDDEN_FAILURE,
        "what-a-condition-does-not-look-at",
        jobs(one=job(task("a"), task("b"), *_judged("b"), after("z", "a", run_if="ALL_DONE"))),
    ),
    (
        Rule.HIDDEN_FAILURE,
        "its-judge-is-disabled",
        jobs(
            one=job(
                task("a"), after("mail", "a", run_if="ALL_DONE"), after("b", "a", disabled=True)
            )
        ),
    ),
]

KEPT: Examples = [
    *(
        (
            Rule.HIDDEN_FAILURE,
            f"a-condition-looks-at-its-state{name}",
            jobs(one=job(task("a"), after("b", "a"), *_judged(reference))),
        )
        for name, reference in (("", "b"), ("-in-backticks", "`b`"))
    ),
    (
        Rule.HIDDEN_FAILURE,
        "disabled",
        jobs(
            one=job(
                task("a"),
                task("b", disabled=True),
                after("c", "a"),
                after("mail", "b", run_if="ALL_DONE"),
            )
        ),
    ),
    (
        Rule.HIDDEN_FAILURE,
        "its-handler-is-disabled",
        jobs(one=job(task("a"), after("mail", "a", run_if="ALL_DONE", disabled=True))),
    ),
    (
        Rule.HIDDEN_FAILURE,
        "order-from-a-variable",
        jobs(
            one=job(
                task("a"),
                after("mail", "a", run_if="ALL_DONE"),
                task("b", depends_on="${var.order}"),
            )
        ),
    ),
    (
        Rule.UNKNOWN_DEPENDENCY,
        "key-from-a-variable",
        jobs(one=job(task("${var.first}"), after("b", "load"))),
    ),
    (
        Rule.HIDDEN_FAILURE,
        "a-handler-beside-the-rest",
        jobs(
            one=job(
                task("a"),
                after("log", "a"),
                after("mail", "a", run_if="AT_LEAST_ONE_FAILED"),
            )
        ),
    ),
    (
        Rule.HIDDEN_FAILURE,
        "none-failed",
        jobs(one=job(task("a"), task("b"), after("c", "a", "b", run_if="NONE_FAILED"))),
    ),
    (
        Rule.HIDDEN_FAILURE,
        "a-condition-is-no-work",
        jobs(
            one=job(
                task("when", condition_task={"op": "EQUAL_TO", "left": "1", "right": "1"}),
                after("c", "when", run_if="ALL_DONE"),
            )
        ),
    ),
    (Rule.JOB_REFERENCE, "reference", two(start("one"))),
    (
        Rule.JOB_REFERENCE,
        "lookup",
        jobs(
            {"variables": {"other": {"lookup": {"job": "the other team's"}}}},
            top=job(task(run_job_task={"job_id": "${var.other}"}), level="orchestrator"),
        ),
    ),
    (Rule.UNKNOWN_JOB, "known", two(start("one"))),
    (
        Rule.UNKNOWN_JOB,
        "made-by-python",
        jobs(
            {"python": {"resources": ["resources:load_resources"]}},
            top=job(start("elsewhere"), level="orchestrator"),
        ),
    ),
    (
        Rule.UNKNOWN_DEPENDENCY,
        "known",
        jobs(one=job(task("a"), task("b", depends_on=[{"task_key": "a"}]))),
    ),
    (
        Rule.CIRCULAR_TASKS,
        "diamond",
        jobs(
            one=job(
                task("a"),
                task("b", depends_on=[{"task_key": "a"}]),
                task("c", depends_on=[{"task_key": "a"}]),
                task("d", depends_on=[{"task_key": "b"}, {"task_key": "c"}]),
            )
        ),
    ),
    (Rule.NO_ORDER, "one-task", two(start("one"))),
    (
        Rule.NO_ORDER,
        "composite-in-parallel",
        jobs(one=ONE, other=ONE, top=job(start("one"), start("other"), level="composite")),
    ),
    (
        Rule.NO_ORDER,
        "ordered",
        two(start("one"), start("other", depends_on=[{"task_key": "start_one"}])),
    ),
    (Rule.TOO_DEEP, "two", chain("orchestrator", "composite", "atomic")),
    (
        Rule.CIRCULAR_JOBS,
        "diamond",
        jobs(
            one=ONE,
            a=job(start("one"), level="composite"),
            b=job(start("one"), level="composite"),
            top=job(
                start("a"), start("b", depends_on=[{"task_key": "start_a"}]), level="orchestrator"
            ),
        ),
    ),
    (Rule.TASK_KEY_TWICE, "different", jobs(one=job(task("a"), task("b")))),
]
