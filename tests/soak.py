"""Runs that are killed at any moment and gone on with, and what has to be true afterwards.

A round is one logical run: attempts with one `resume_key`, each of which may get a signal at a
random moment, until one comes to its end. Its number is a variable that all tables hold, so that a
table which a round did not build cannot pass for one that it did.
"""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from runs import Project, Running

GREEN = {"success", "pass", "warn"}
DURABLE = 2.0
"""Seconds after which no kill loses a node that was told to be done."""

SIGNALS = [signal.SIGKILL] * 4 + [signal.SIGTERM] * 2 + [signal.SIGINT, signal.SIGHUP]
LAYERS = 4
WIDTH = 3
TABLES = [f"m_{layer}_{number}" for layer in range(LAYERS) for number in range(WIDTH)]
OTHERS = ["merged", "history", "letters"]
MODEL = """
{{{{ config(materialized='{materialized}') }}}}
select id, {{{{ var('round') }}}} as round, total from {source}
"""
FIRST = "(select id, sum(x) as total from {{ ref('numbers') }} group by id)"
MERGED = """
{{ config(materialized='incremental', unique_key='id') }}
select id, {{ var('round') }} as round, total from {{ ref('m_0_0') }}
"""
HISTORY = """
{% snapshot history %}
{{ config(unique_key='id', strategy='check', check_cols=['total']) }}
select id, total from {{ ref('m_0_1') }}
{% endsnapshot %}
"""


def write(project: Project, numbers: str) -> None:
    """Write the project.

    Args:
        numbers: SQL that gives rows of `id` and `x`, and takes a while.
    """
    project.write("dbt_project.yml", f"{project.read('dbt_project.yml')}vars: {{round: 0}}\n")
    project.write("seeds/letters.csv", "letter\na\nb\nc\n")
    project.write("models/numbers.sql", "{{ config(materialized='view') }}" + numbers)
    for layer in range(LAYERS):
        for number in range(WIDTH):
            above = f"m_{layer - 1}_{number}"
            source = FIRST if layer == 0 else f"{{{{ ref('{above}') }}}}"
            kind = "table" if (layer + number) % 4 else "view"
            text = MODEL.format(source=source, materialized=kind if layer else "table")
            project.write(f"models/m_{layer}_{number}.sql", text)
    project.write("models/merged.sql", MERGED)
    project.write("snapshots/history.sql", HISTORY)
    tests = [
        {"name": name, "columns": [{"name": "id", "data_tests": ["unique", "not_null"]}]}
        for name in (*TABLES, "merged")
    ]
    project.write("models/all.yml", json.dumps({"models": tests}))


@dataclass
class Attempt:
    """What one process told.

    Attributes:
        ended: seconds since the epoch.
        killed: with a signal that leaves no time.
    """

    id: str | None
    code: int
    ended: float
    killed: bool
    started: set[str]
    done: dict[str, float]
    resumed_from: str | None
    planned: bool
    summary: dict[str, Any] | None


@dataclass
class Soak:
    """Rounds of one project.

    Attributes:
        rows: all rows of a table or view.
        kills: signals that were sent so far.
    """

    project: Project
    rows: Callable[[str], list[dict[str, Any]]]
    chance: random.Random
    kills: int = 0
    rounds: int = 0
    attempts: int = 0
    signals: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    double_successes: list[str] = field(default_factory=list)
    repeated_soon: int = 0
    lost_attempts: list[str] = field(default_factory=list)
    false_greens: list[str] = field(default_factory=list)
    _calm: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _total: int = 0
    _longest: float = 0.0

    def run(self, kills: int) -> None:
        """Rounds until so many signals were sent."""
        self._undisturbed()
        while self.kills < kills:
            self._round()

    def figures(self) -> list[str]:
        """One JSON line each, as the benchmarks print them."""
        faults = {
            "differences": len(self.differences),
            "double_successes": len(self.double_successes),
            "lost_attempts": len(self.lost_attempts),
            "false_greens": len(self.false_greens),
        }
        counts = {"kills": self.kills, "rounds": self.rounds, "attempts": self.attempts}
        return [
            json.dumps({"figure": name, "value": value, "n": self.kills, "goal": 0})
            for name, value in faults.items()
        ] + [json.dumps({**counts, "repeated_soon": self.repeated_soon, **self.signals})]

    def faults(self) -> list[str]:
        """Everything that should not be."""
        return [
            *self.differences,
            *self.double_successes,
            *self.lost_attempts,
            *self.false_greens,
        ]

    def _undisturbed(self) -> None:
        began = time.monotonic()
        attempt = self._finish(self._start("calm", "full", 0), killed=False)
        self._longest = time.monotonic() - began
        assert attempt.code == 0, attempt
        assert attempt.summary
        self._total = attempt.summary["nodes"]["total"]
        self._calm = {name: self._content(name, 0) for name in (*TABLES, *OTHERS)}

    def _round(self) -> None:
        self.rounds += 1
        run_type = self.chance.choice(["full", "incremental"])
        key = f"round-{self.rounds}"
        before: list[Attempt] = []
        while True:
            running = self._start(key, run_type, self.rounds)
            number = self.chance.choice(SIGNALS) if self.chance.random() < 0.8 else None
            sent = self._signal(running, number)
            attempt = self._finish(running, killed=sent and number == signal.SIGKILL)
            self._judge(key, before, attempt)
            before.append(attempt)
            if attempt.code == 0:
                break
            if not sent and len(before) > 20:
                self.lost_attempts.append(f"{key}: does not come to an end: {attempt}")
                break
        for name in (*TABLES, *OTHERS):
            if self._content(name, self.rounds) != self._calm[name]:
                self.differences.append(f"{key}: {name}")

    def _start(self, key: str, run_type: str, number: int) -> Running:
        self.attempts += 1
        return self.project.fork(
            f"--run-type={run_type}",
            f"--resume-key={key}",
            "--threads=4",
            f'--vars={{"round": {number}}}',
        )

    def _signal(self, running: Running, number: signal.Signals | None) -> bool:
        """Send a signal at some moment; whether the process was still there."""
        if number is None:
            return False
        time.sleep(self.chance.uniform(0, self._longest))
        if not running.is_alive():
            return False
        running.send(number)
        self.kills += 1
        self.signals[number.name] += 1
        return True

    def _finish(self, running: Running, *, killed: bool) -> Attempt:
        done = running.finish(120)
        ended = time.time()
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.endswith("}")]
        told = {
            name: [line for line in lines if line["event"] == name]
            for name in ("run.started", "node.started", "node.finished", "run.resumed")
        }
        return Attempt(
            id=told["run.started"][0]["attempt"] if told["run.started"] else None,
            code=done.code,
            ended=ended,
            killed=killed,
            started={line["unique_id"] for line in told["node.started"]},
            done={
                line["unique_id"]: datetime.fromisoformat(line["timestamp"]).timestamp()
                for line in told["node.finished"]
                if line["status"] in GREEN
            },
            resumed_from=told["run.resumed"][0]["attempt"] if told["run.resumed"] else None,
            planned=bool(told["node.started"] or told["run.resumed"]),
            summary=next((line for line in lines if line["event"] == "run.finished"), None),
        )

    def _judge(self, key: str, before: list[Attempt], attempt: Attempt) -> None:
        for earlier in before:
            for name in attempt.started & set(earlier.done):
                if earlier.killed and earlier.done[name] > earlier.ended - DURABLE:
                    self.repeated_soon += 1
                else:
                    how = f"{earlier.ended - earlier.done[name]:.1f} s before {earlier.code}"
                    self.double_successes.append(
                        f"{key}: {name}, done by {earlier.id} {how}, again by {attempt.id}"
                    )
        worked = [earlier.id for earlier in before if earlier.started]
        if attempt.planned and worked and attempt.resumed_from is None:
            self.lost_attempts.append(f"{key}: {worked} by {attempt.id}")
        summary = attempt.summary or {}
        green = summary.get("status") == "success" or attempt.code == 0
        nodes = summary.get("nodes") or {}
        good = sum(nodes.get(status, 0) for status in GREEN)
        if green and not (good == nodes.get("total") == self._total):
            self.false_greens.append(f"{key}: {nodes}, {attempt.code}")

    def _content(self, name: str, number: int) -> list[dict[str, Any]]:
        """The rows of a table without what differs from round to round."""
        rows = self.rows(name)
        rounds = {row.pop("round") for row in rows if "round" in row}
        kept = [{k: v for k, v in row.items() if not k.startswith("dbt_")} for row in rows]
        others = [{"not of this round": other} for other in sorted(rounds - {number})]
        return sorted([*kept, *others], key=repr)
