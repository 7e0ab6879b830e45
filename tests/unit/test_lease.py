"""One holder at a time, whatever the order in which contenders get to do their next step."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from dbt_runner.store.lease import Lease, Rival, Times
from dbt_runner.store.owner import Owner
from stage import Stage, Storage

TIMES = Times(lease=60, heartbeat=10)


def lease(storage: Storage, stage: Stage, number: int) -> Lease:
    """A contender's lease."""
    return Lease(storage, f"run-{number}", TIMES, lambda: stage.now)


@pytest.mark.parametrize("contenders", [2, 3, 6])
def test_of_those_who_ask_at_once_one_wins(contenders: int) -> None:
    """In whatever order they come to do their steps, exactly one holds, and all others know."""
    for seed in range(1200 // contenders**2):
        stage = Stage(seed)
        storage = Storage(stage)
        ends: list[Rival | None] = []

        def ask(
            number: int, stage: Stage = stage, storage: Storage = storage, ends: Any = ends
        ) -> None:
            mine = lease(storage, stage, number)
            ends.append(mine.contend(Owner(attempt=str(number)), lambda: stage.step(rest=True)))

        stage.play([lambda number=number: ask(number) for number in range(contenders)])  # type: ignore[misc]
        assert ends.count(None) == 1, seed
        claims = {name.partition(".")[0] for name in storage.files}
        assert len(claims) == 1, (seed, storage.files)


class Writer:
    """Holds a place twice, if it can, and writes there as long as it takes it for its own."""

    def __init__(
        self, number: int, stage: Stage, storage: Storage, holders: dict[int, Lease]
    ) -> None:
        self.number = number
        self.stage = stage
        self.storage = storage
        self.holders = holders
        self.ends: Counter[str] = Counter()

    def work(self) -> None:
        """Ask, write, let go, twice; one that has lost its place may never wake up again."""
        for turn in range(2):
            mine = lease(self.storage, self.stage, self.number * 10 + turn)
            if not self.get(mine):
                continue
            self.holders[self.number] = mine
            kept = self.write(mine)
            self.ends["held" if kept else "lost"] += 1
            if not kept and self.stage.chance.random() < 0.3:
                return
            del self.holders[self.number]
            mine.release()

    def get(self, mine: Lease) -> bool:
        """Ask again and again, with looks between."""
        for _ in range(40):
            if mine.contend(Owner(), self.rest) is None:
                return True
            for _ in range(20):
                self.rest()
                if not mine.look().rivals:
                    break
        return False

    def write(self, mine: Lease) -> bool:
        """What only a holder may do: look whether it is one, and write at once."""
        renewed = self.stage.now
        for _ in range(12):
            if mine.lost:
                return False
            others = [n for n, held in self.holders.items() if n != self.number and not held.lost]
            assert not others, f"{self.number} and {others} write"
            self.stage.step()
            if self.stage.now - renewed > TIMES.heartbeat:
                renewed = self.stage.now
                mine.renew()
        return True

    def rest(self) -> None:
        """Let others go first."""
        self.stage.step(rest=True)


def test_never_two_holders() -> None:
    """Whoever is held up, for however long and wherever, two never write at the same time.

    Many are held up for so long that they are taken for dead, some while they hold; and the
    storage's clock is set to other times.
    """
    seen: Counter[str] = Counter()
    for seed in range(150):
        stage = Stage(seed, jump=1 + seed % 3)
        storage = Storage(stage, wild=seed % 2 == 1)
        holders: dict[int, Lease] = {}
        writers = [Writer(number, stage, storage, holders) for number in range(3)]
        stage.play([writer.work for writer in writers])
        for writer in writers:
            seen += writer.ends
    assert seen["held"] > 500
    assert seen["lost"] > 50


class Quiet:
    """Time passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.chance = random.Random(0)  # noqa: S311 - the same each time
        self.rests = 0

    def step(self) -> None:
        """A storage without rivals needs no turns."""

    def pause(self) -> None:
        """A second passes."""
        self.rests += 1
        self.now += 1


def pair(**owner: Any) -> tuple[Quiet, Storage, Lease, Lease]:
    """An owner of a place, and another one that wants it."""
    stage = Quiet()
    storage = Storage(stage)  # type: ignore[arg-type]
    first, second = (Lease(storage, name, TIMES, lambda: stage.now) for name in ("a", "b"))
    assert first.contend(Owner(attempt="first", **owner), stage.pause) is None
    return stage, storage, first, second


def test_living_owner_is_named_at_once() -> None:
    """Who is turned away learns by whom, without waiting for anything."""
    stage, storage, _, second = pair(host="there", url="https://w/jobs/1/runs/2")
    rival = second.contend(Owner(attempt="second"), stage.pause)
    assert rival is not None
    assert rival.holds
    assert rival.owner == Owner(attempt="first", host="there", url="https://w/jobs/1/runs/2")
    assert stage.rests == 0
    assert {name.partition("-")[0] for name in storage.files} == {"a"}


def test_owner_that_is_silent_is_watched_for_a_lease() -> None:
    """A claim that looks expired costs its owner nothing until it was watched for as long."""
    stage, storage, first, second = pair()
    stage.now += 1000
    assert second.contend(Owner(), stage.pause) is None
    assert TIMES.lease < stage.rests < TIMES.lease + 3
    assert {name.partition("-")[0] for name in storage.files} == {"b"}
    assert first.lost


def test_owner_that_looks_expired_and_lives_keeps_its_place() -> None:
    """Where the times of files are wrong, the next sign of life tells; nobody loses a place."""
    stage, storage, first, second = pair()
    storage._ahead = 5000.0

    def pause() -> None:
        stage.pause()
        if stage.rests % 10 == 0:
            storage._ahead = 0.0
            first.renew()
            storage._ahead = 5000.0

    rival = second.contend(Owner(), pause)
    assert rival is not None
    assert stage.rests < 12
    assert first.lost is None


def test_half_written_claim_counts() -> None:
    """A claim of which only a part is there is one of an unknown owner."""
    stage, storage, _, second = pair()
    [claim] = [name for name in storage.files if name.endswith("claim")]
    storage.files[claim] = storage.files[claim][0], None
    rival = second.contend(Owner(), stage.pause)
    assert rival is not None
    assert rival.owner == Owner()
    assert "unknown" in str(rival.owner)


def test_owner_whose_claim_is_gone_has_lost() -> None:
    """Whoever deletes the claim takes the place away, and the owner finds out."""
    _, storage, first, _ = pair()
    storage.files.clear()
    first.renew()
    assert first.lost == "its claim was taken away"


def test_owner_that_cannot_write_has_lost_before_others_may_come() -> None:
    """Two thirds of a lease without a sign of life end it, whatever comes after."""
    stage, _, first, _ = pair()
    stage.now += TIMES.trust - 1
    assert first.lost is None
    stage.now += 2
    assert first.lost == "no sign of life could be written for 41 s"
    first.renew()
    assert first.lost


def test_signs_of_life_do_not_pile_up() -> None:
    """However long a run takes, its claim stays a handful of files; nothing is left of it."""
    stage, storage, first, _ = pair()
    for _ in range(50):
        stage.now += 10
        first.renew()
    assert first.lost is None
    assert len(storage.files) == 3
    first.release()
    assert storage.files == {}


def test_rubbish_is_cleared_by_the_next_holder() -> None:
    """What a killed run left goes away; files that are none of ours stay."""
    stage, storage, first, second = pair()
    first.release()
    storage.files.update(dict.fromkeys(["x-1.beat-7", "notes.txt"], (0.0, b"")))
    assert second.contend(Owner(), stage.pause) is None
    assert [name for name in storage.files if not name.startswith("b-")] == ["notes.txt"]
