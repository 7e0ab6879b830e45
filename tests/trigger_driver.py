"""Many intents to start a run, each by a client that may be killed at any moment and begins again.

Run as a program of its own, since it forks: everything is imported once, and a client is a child.
The workspace is whatever answers at the host; it decides on the faults, and afterwards has to know
exactly one run for each intent. An intent is known by its `target_schema`, `intent_<number>`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# all that a client imports
import databricks.sdk  # noqa: F401

from dbt_runner import cli
from dbt_runner.jobs.trigger import command  # noqa: F401
from dbt_runner.warehouse import login  # noqa: F401

PARALLEL = 8
LIVES = 12
"""How often a client is begun again; the last times it is let live."""

LONGEST_LIFE = 0.3
"""Seconds; a client that nothing happens to needs some 0.1."""


@dataclass
class Intent:
    """What somebody wants once.

    Attributes:
        lives: clients so far.
        killed: how many of them were.
        code: the exit code of the one that came to its end.
    """

    number: int
    lives: int = 0
    killed: int = 0
    code: int | None = None

    def words(self, job: str) -> list[str]:
        """The command, the same each time: half of the intents have a key, the others resume."""
        words = ["trigger", job, "--run-type=full", f"--target-schema=intent_{self.number}"]
        how = f"--once-per=key-{self.number}" if self.number % 2 else "--resume"
        return [*words, "--timeout=60", how]


def main(job: str, intents: int, seed: int) -> None:
    """Drive them all to their end; prints a JSON object on how it went."""
    chance = random.Random(seed)  # noqa: S311 - chaos, not secrets
    waiting = [Intent(number) for number in range(intents)]
    done: list[Intent] = []
    living: dict[int, tuple[Intent, float]] = {}
    while waiting or living:
        while waiting and len(living) < PARALLEL:
            intent = waiting.pop(0)
            intent.lives += 1
            spared = intent.lives > LIVES // 2 or chance.random() < 0.4
            life = float("inf") if spared else chance.uniform(0, LONGEST_LIFE)
            living[_child(intent, job)] = (intent, time.monotonic() + life)
        for process, (intent, end) in list(living.items()):
            if time.monotonic() > end:
                os.kill(process, signal.SIGKILL)
            if not _reaped(process, intent):
                continue
            del living[process]
            # 7: nobody said whether the run began, or how it goes on
            again = intent.code in {None, 7} and intent.lives < LIVES
            (waiting if again else done).append(intent)
        time.sleep(0.005)
    codes = [intent.code for intent in done]
    killed = sum(intent.killed for intent in done)
    sys.stdout.write(json.dumps({"codes": codes, "killed": killed}) + "\n")


def _child(intent: Intent, job: str) -> int:
    # by the parent, since the child may not live so long
    output = os.open(_output(intent), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    process = os.fork()
    if process:
        os.close(output)
        return process
    os.dup2(output, 1)
    sys.argv = ["dbt-runner", *intent.words(job)]
    os._exit(cli.main())


def _reaped(process: int, intent: Intent) -> bool:
    found, status = os.waitpid(process, os.WNOHANG)
    if not found:
        return False
    intent.code = _told(intent)
    if os.WIFSIGNALED(status):
        intent.killed += 1
        return True
    code = os.waitstatus_to_exitcode(status)
    if intent.code not in {None, code}:
        msg = f"intent {intent.number}: {intent.code} was told, {code} was returned"
        raise ValueError(msg)
    intent.code = code
    return True


def _told(intent: Intent) -> int | None:
    """What a client said about its run's end, if it came to that before it was killed."""
    for line in _output(intent).read_text(encoding="utf-8").splitlines():
        if line.startswith('{"event": "job_run.finished"') and line.endswith("}"):
            code: int = json.loads(line)["run_exit_code"]
            return code
    return None


def _output(intent: Intent) -> Path:
    return Path(f"output-{intent.number}.jsonl")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
