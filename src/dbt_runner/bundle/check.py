"""One check of a bundle: every rule, in every target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dbt_runner.bundle import ignores, notebook_content
from dbt_runner.bundle.bundle import Bundle
from dbt_runner.bundle.checks import (
    ends,
    environments,
    layers,
    notebooks,
    order,
    parameters,
    production,
    references,
    secrets,
    starts,
    tags,
    values,
    wheel,
)
from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding
from dbt_runner.bundle.ignores import Ignore

_CHECKS = (
    layers,
    environments,
    references,
    order,
    ends,
    parameters,
    values,
    secrets,
    wheel,
    notebooks,
    tags,
    starts,
    production,
)


@dataclass(frozen=True)
class Report:
    """What was looked at, and what was found.

    Attributes:
        jobs: how many jobs there are in the targets that were looked at.
        targets: their names.
        findings: by place, each with the targets that have it.
    """

    jobs: int
    targets: tuple[str, ...]
    findings: tuple[tuple[Finding, tuple[str, ...]], ...]


def check(bundle: Bundle, target: str | None = None) -> Report:
    """Check one target of a bundle, or all of them.

    Raises:
        BundleError: there is no such target.
        PolicyError: the dbt project's runner.yml cannot be read.
    """
    names = bundle.targets if target is None else (target,)
    deployments = [bundle.deployment(name) for name in names]
    report = of(deployments)
    shown, used = _hide(bundle, report, _ignores(bundle, deployments))
    told: dict[Finding, None] = {}
    for ignore, hidden in used.items():
        fault = ignore.fault()
        # one target alone cannot tell that an ignore is of no use in the others
        if fault is None and not hidden and target is None:
            fault = ignore.hides_nothing()
        if fault:
            told[fault] = None
    return replace(report, findings=_sorted([*shown, *((finding, names) for finding in told)]))


def of(deployments: Sequence[Deployment]) -> Report:
    """Check deployments, each finding told once."""
    notebook_content.read.cache_clear()
    found: dict[Finding, dict[str, None]] = {}
    for deployment in deployments:
        for finding in _all(deployment):
            found.setdefault(finding, {})[deployment.target] = None
    return Report(
        len({key for deployment in deployments for key in deployment.jobs}),
        tuple(deployment.target for deployment in deployments),
        _sorted([(finding, tuple(targets)) for finding, targets in found.items()]),
    )


def _all(deployment: Deployment) -> Iterator[Finding]:
    for module in _CHECKS:
        yield from module.check(deployment)


def _sorted(
    found: Sequence[tuple[Finding, tuple[str, ...]]],
) -> tuple[tuple[Finding, tuple[str, ...]], ...]:
    def by_place(one: tuple[Finding, tuple[str, ...]]) -> tuple[str, int, str, str]:
        finding = one[0]
        place = finding.place
        return place.file, place.line or 0, finding.rule.code, finding.message

    return tuple(sorted(found, key=by_place))


def _ignores(bundle: Bundle, deployments: Sequence[Deployment]) -> list[Ignore]:
    """The ignores of the bundle's files and of its notebooks."""
    texts = dict(bundle.texts)
    for deployment in deployments:
        texts.update(notebooks.sources(deployment))
    return [ignore for file, text in texts.items() for ignore in ignores.read(text, file)]


def _hide(
    bundle: Bundle, report: Report, known: Sequence[Ignore]
) -> tuple[list[tuple[Finding, tuple[str, ...]]], dict[Ignore, int]]:
    """The findings that no ignore hides, and how many each ignore does hide."""
    used = dict.fromkeys(known, 0)
    if not known:
        return list(report.findings), used
    jobs = {finding.job for finding, _ in report.findings}
    key_places = {job: bundle.key_places(job) for job in jobs}
    shown = []
    for finding, targets in report.findings:
        hiding = [ignore for ignore in known if ignore.hides(finding, key_places)]
        for ignore in hiding:
            used[ignore] += 1
        if not hiding:
            shown.append((finding, targets))
    return shown, used
