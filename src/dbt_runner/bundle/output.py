"""A report as lines for people, and as JSON for programs."""

from __future__ import annotations

import json

from dbt_runner.bundle.check import Report


def lines(report: Report) -> str:
    """One line for each finding, and one that counts them.

    A target is named where a finding is not in all of them.
    """
    told = []
    for finding, targets in report.findings:
        only = "" if targets == report.targets else f" [{', '.join(targets)}]"
        told.append(f"{finding.place}: {finding.rule.code} {finding.message}{only}; {finding.fix}")
    jobs = f"{report.jobs} job{'' if report.jobs == 1 else 's'}"
    count = len(told)
    found = f"{count} finding{'' if count == 1 else 's'}" if count else "nothing found"
    return "\n".join([*map(_printable, told), f"{found} in {jobs}"])


def _printable(line: str) -> str:
    """A line without what a terminal would act on; names of files and jobs may hold anything."""
    return "".join(sign if sign.isprintable() else " " for sign in line)


def as_json(report: Report) -> str:
    """One JSON object: `jobs` (how many), `targets`, and `findings`."""
    findings = [
        {
            "code": finding.rule.code,
            "rule": finding.rule.title,
            "file": finding.place.file,
            "line": finding.place.line,
            "job": finding.job or None,
            "task": finding.task or None,
            "targets": list(targets),
            "message": finding.message,
            "fix": finding.fix,
        }
        for finding, targets in report.findings
    ]
    content = {"jobs": report.jobs, "targets": list(report.targets), "findings": findings}
    return json.dumps(content)
