"""Every rule of `jobs check`, with examples that break it and that keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bundles import findings, write
from dbt_runner.bundle.rules import Rule
from rule_examples import ignores, layers, notebooks, operations, order, parameters

if TYPE_CHECKING:
    from pathlib import Path

    from rule_examples.small import Files

SUBJECTS = (layers, order, parameters, notebooks, operations, ignores)
BROKEN = [example for subject in SUBJECTS for example in subject.BROKEN]
KEPT = [example for subject in SUBJECTS for example in subject.KEPT]


@pytest.mark.parametrize(
    ("rule", "files"),
    [pytest.param(rule, files, id=f"{rule.code}-{name}") for rule, name, files in BROKEN],
)
def test_broken_rule_is_found(rule: Rule, files: Files, tmp_path: Path) -> None:
    """What breaks one rule is found under its code."""
    assert rule.code in findings(write(tmp_path, files))


@pytest.mark.parametrize(
    ("rule", "files"),
    [pytest.param(rule, files, id=f"{rule.code}-{name}") for rule, name, files in KEPT],
)
def test_kept_rule_is_not_told(rule: Rule, files: Files, tmp_path: Path) -> None:
    """What keeps a rule is no finding."""
    assert rule.code not in findings(write(tmp_path, files))


# What is told beside the rule itself, because one cannot be broken without the other.
BESIDE: dict[str, set[str]] = {
    "TOO_DEEP": {"DJ101"},
    "CIRCULAR_JOBS": {"DJ104"},
}


@pytest.mark.parametrize(
    ("rule", "files"),
    [pytest.param(rule, files, id=f"{rule.code}-{name}") for rule, name, files in BROKEN],
)
def test_one_fault_is_one_finding(rule: Rule, files: Files, tmp_path: Path) -> None:
    """A fault is told under one code, so that nobody is sent to two places."""
    assert set(findings(write(tmp_path, files))) - BESIDE.get(rule.name, set()) == {rule.code}


def test_every_rule_has_examples() -> None:
    """No rule is without an example that breaks it and one that keeps it."""
    assert {rule for rule, *_ in BROKEN} == set(Rule)
    assert {rule for rule, *_ in KEPT} == set(Rule)
    assert len({rule.code for rule in Rule}) == len(Rule)
