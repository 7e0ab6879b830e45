"""A storage that several threads share, one step of one of them at a time."""

from __future__ import annotations

import json
import random
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Stage:
    """Lets one of several threads do one step at a time, in an order made of a seed.

    Args:
        jump: up to so many seconds pass with a step.
    """

    def __init__(self, seed: int, jump: float = 0.0) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - the same each time
        self.now = 1000.0
        self._jump = jump
        self._ready = threading.Semaphore(0)
        self._turns: dict[int, threading.Semaphore] = {}
        self._resting: set[int] = set()
        self._held_up: dict[int, int] = {}
        self._faults: list[BaseException] = []

    def play(self, parts: list[Callable[[], None]]) -> None:
        """Play all parts to their ends."""
        threads = [threading.Thread(target=self._act, args=(part,)) for part in parts]
        for thread in threads:
            thread.start()
        for _ in threads:
            self._ready.acquire()
        while self._turns:
            chosen = self.chance.choice(self._awake())
            self._resting.discard(chosen)
            self.now += self.chance.random() * self._jump
            self._turns[chosen].release()
            self._ready.acquire()
            if self._faults:
                break
        for turn in self._turns.values():
            turn.release()
        for thread in threads:
            thread.join()
        if self._faults:
            raise self._faults[0]

    def _awake(self) -> list[int]:
        """Those who may come next: some are held up for long, some have let others go first."""
        parts = sorted(self._turns)
        self._held_up = {part: left - 1 for part, left in self._held_up.items() if left}
        if self._jump and self.chance.random() < 0.03:
            self._held_up[self.chance.choice(parts)] = self.chance.randint(10, 150)
        able = [part for part in parts if part not in self._held_up] or parts
        return [part for part in able if part not in self._resting] or able

    def step(self, *, rest: bool = False) -> None:
        """Wait for the next turn.

        Args:
            rest: let others go first.
        """
        if self._faults:
            raise self._faults[0]
        me = threading.get_ident()
        if rest:
            self._resting.add(me)
        self._ready.release()
        self._turns[me].acquire()

    def _act(self, part: Callable[[], None]) -> None:
        me = threading.get_ident()
        self._turns[me] = threading.Semaphore(0)
        self._ready.release()
        self._turns[me].acquire()
        try:
            part()
        except BaseException as error:  # noqa: BLE001 - raised again where the play began
            self._faults.append(error)
        del self._turns[me]
        self._ready.release()


class Storage:
    """New files can be written, listed, read and deleted; nothing else, and nothing at once.

    Its clock is its own, and is set to another time now and then.
    """

    def __init__(self, stage: Stage, *, wild: bool = False) -> None:
        self._stage = stage
        self._wild = wild
        self._ahead = 0.0
        self.files: dict[str, tuple[float, bytes | None]] = {}
        self.names: set[str] = set()

    def put(self, name: str, data: bytes) -> float:
        """Write a file, of which others see nothing or half before it is closed."""
        assert name not in self.names, "no name is used twice"
        self.names.add(name)
        self._step()
        if self._stage.chance.random() < 0.5:
            self.files[name] = self._time(), None
            self._step()
        self.files[name] = self._time(), data
        self._step()
        return self.files[name][0] if name in self.files else self._time()

    def entries(self) -> dict[str, float]:
        """List the files; those that come and go meanwhile may be there or not."""
        self._step()
        found = {}
        names = sorted(self.files)
        self._stage.chance.shuffle(names)
        middle = self._stage.chance.randint(0, len(names))
        found.update({name: self.files[name][0] for name in names[:middle]})
        self._step()
        rest = [name for name in self.files if name not in names[:middle]]
        found.update(
            {n: self.files[n][0] for n in rest if n in names or self._stage.chance.random() < 0.5}
        )
        self._step()
        return found

    def get(self, name: str) -> dict[str, Any] | None:
        """Read a file."""
        self._step()
        data = self.files.get(name, (0, None))[1]
        return None if data is None else json.loads(data)

    def drop(self, name: str) -> None:
        """Delete a file."""
        self._step()
        self.files.pop(name, None)

    def _step(self) -> None:
        self._stage.step()

    def _time(self) -> float:
        if self._wild and self._stage.chance.random() < 0.05:
            self._ahead = self._stage.chance.uniform(-5000, 5000)
        return self._stage.now + self._ahead
