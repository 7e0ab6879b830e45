"""Examples for the rules about ignores."""

from __future__ import annotations

from dbt_runner.bundle.rules import Rule
from rule_examples.small import (
    ONE,
    Examples,
    jobs,
)

BROKEN: Examples = [
    (
        Rule.IGNORE_WITHOUT_REASON,
        "no-reason",
        {"databricks.yml": ("bundle: {name: a} # dbt-runner: ignore DJ101\n")},
    ),
    (
        Rule.IGNORE_WITHOUT_REASON,
        "no-such-rule",
        {"databricks.yml": ("bundle: {name: a} # dbt-runner: ignore DJ999 because\n")},
    ),
    (
        Rule.IGNORE_HIDES_NOTHING,
        "of-no-use",
        {"databricks.yml": ("bundle: {name: a} # dbt-runner: ignore DJ101 because\n")},
    ),
]

KEPT: Examples = [
    (Rule.IGNORE_WITHOUT_REASON, "no-ignore", jobs(one=ONE)),
    (Rule.IGNORE_HIDES_NOTHING, "no-ignore", jobs(one=ONE)),
]
