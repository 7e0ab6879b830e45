"""A wheel of `errands.py`, and jobs that run it."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobs.bench import Bench

NAME = "errands-1.0-py3-none-any.whl"
_METADATA = "Metadata-Version: 2.1\nName: errands\nVersion: 1.0\n"
_WHEEL = "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def pack(folder: Path) -> Path:
    """Make the wheel; its entry points stand in a group that nobody knows."""
    module = Path(__file__).with_name("errands.py").read_text(encoding="utf-8")
    info = "errands-1.0.dist-info"
    files = {
        "errands.py": module,
        f"{info}/METADATA": _METADATA,
        f"{info}/WHEEL": _WHEEL,
        f"{info}/entry_points.txt": "[any.group]\ntold = errands:words\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    wheel = folder / NAME
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


class Errands:
    """Makes jobs whose tasks call entry points of the wheel."""

    def __init__(self, bench: Bench, wheel: Path) -> None:
        self._bench, self._wheel = bench, wheel

    def task(self, entry_point: str, key: str = "errand", **more: Any) -> dict[str, Any]:
        """A task; `named` and `words` are its parameters."""
        wheel = {"package_name": "errands", "entry_point": entry_point}
        for name, field in (("named", "named_parameters"), ("words", "parameters")):
            if name in more:
                wheel[field] = more.pop(name)
        return {
            "task_key": key,
            "environment_key": "default",
            "python_wheel_task": wheel,
            **more,
        }

    def job(self, *tasks: dict[str, Any], **settings: Any) -> int:
        """A job of these tasks."""
        spec = {"environment_version": "4", "dependencies": [str(self._wheel)]}
        environments = [{"environment_key": "default", "spec": spec}]
        return self._bench.create(
            {"name": "errands", "tasks": tasks, "environments": environments, **settings}
        )


def condition(key: str, **more: Any) -> dict[str, Any]:
    """A task that succeeds at once."""
    test = {"op": "EQUAL_TO", "left": "1", "right": "1"}
    return {"task_key": key, "condition_task": test, **more}


def failure(key: str, **more: Any) -> dict[str, Any]:
    """A task that fails at once: no number is compared."""
    test = {"op": "LESS_THAN", "left": "no number", "right": "1"}
    return {"task_key": key, "condition_task": test, **more}


def after(*keys: str) -> list[dict[str, str]]:
    """Dependencies."""
    return [{"task_key": key} for key in keys]


def at_work(bench: Bench, run_id: int) -> str:
    """Wait until the errand of a run says that it is at work; its log so far."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for each in bench.run(run_id).tasks or ():
            log = bench.folder / "logs" / f"{each.run_id}.txt"
            if log.exists() and "at work" in (text := log.read_text(encoding="utf-8")):
                return text
        time.sleep(0.02)
    raise TimeoutError
