"""Who holds a lease, and whether that is known to be over."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from dbt_runner.store.owner import Owner

NO_PROCESS = 2**22 + 1
"""Above the highest number that Linux gives (proc(5), `pid_max`)."""


def test_owner_is_told_as_it_was_written() -> None:
    """What a claim tells is read back, and names all that helps to find the run."""
    owner = Owner.here("e9915e72", resume_key="8/full", url="https://w/jobs/7/runs/8")
    assert Owner.read(owner.facts()) == owner
    assert str(owner) == (
        f"attempt e9915e72 on {owner.host} (process {os.getpid()}) since {owner.since}, "
        "https://w/jobs/7/runs/8"
    )


@pytest.mark.parametrize(
    "content", [{}, {"attempt": 1, "process": "7", "machine": None}, {"unknown": "x"}]
)
def test_what_is_not_understood_is_not_told(content: dict[str, object]) -> None:
    """A claim of another version, or a broken one, is one of an unknown owner."""
    assert Owner.read(content) == Owner()
    assert str(Owner()) == "attempt unknown"
    assert not Owner().is_gone()


def test_process_of_this_machine() -> None:
    """A process is gone if there is none of its number, or another one that began later."""
    owner = Owner.here("a")
    if owner.machine is None:
        pytest.skip("needs Linux")
    assert not owner.is_gone()
    assert replace(owner, process=NO_PROCESS).is_gone()
    assert replace(owner, process_started=1).is_gone()


def test_process_of_another_machine() -> None:
    """Nothing is known of a process elsewhere, whatever its number is here."""
    owner = replace(Owner.here("a"), machine="another boot", process=NO_PROCESS)
    assert not owner.is_gone()
    assert not replace(owner, machine=None).is_gone()
