"""The `run:` steps of a GitHub Actions workflow, run as a runner runs them, with GitHub's login.

`uses:` steps are not run. An expression has to be among those that a test gives a value for.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from workspace.bench import ROOT

if TYPE_CHECKING:
    from workspace.bench import Bundle

_PERMITTED = "a-request-token-of-the-runner"


class _Issuer(BaseHTTPRequestHandler):
    """What a runner with `id-token: write` asks for a token that says which workflow it runs."""

    def do_GET(self) -> None:
        permitted = self.headers.get("Authorization", "").lower() == f"bearer {_PERMITTED}"
        self.send_response(200 if permitted else 401)
        self.end_headers()
        self.wfile.write(json.dumps({"value": "e30.e30.e30"} if permitted else {}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def issuer() -> Iterator[dict[str, str]]:
    """The variables by which a runner finds the issuer, while there is one."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Issuer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/token?api-version=2.0"
        try:
            yield {
                "ACTIONS_ID_TOKEN_REQUEST_URL": address,
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": _PERMITTED,
            }
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Step:
    """A `run:` step that has ended."""

    command: str
    code: int
    said: str


@dataclass(frozen=True)
class Workflow:
    """A workflow in a copy of the bundle.

    Attributes:
        values: expression → what it is worth.
        environment: what the runner sets.
    """

    file: Path
    bundle: Bundle
    values: Mapping[str, str]
    environment: Mapping[str, str]

    def prepare(self, home: Path) -> dict[str, str]:
        """What steps that are not tested here have made: the environment and dist/."""
        (self.bundle.folder / "Makefile").write_text("env build test:\n\t@true\n", encoding="utf-8")
        venv = self.bundle.folder / ".venv/bin"
        venv.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(sys.executable).with_name("dbt-runner"), venv)
        home.mkdir(exist_ok=True)
        programs = self.bundle.workspace.programs
        return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)}

    def run(self, job: str, home: Path) -> list[Step]:
        """Run a job's steps one after the other, to the first that fails."""
        content = yaml.safe_load(self.file.read_text(encoding="utf-8"))
        chosen = content["jobs"][job]
        permissions = chosen.get("permissions", content["permissions"])
        base = self.prepare(home) | dict(self.environment)
        if permissions.get("id-token") != "write":
            base = {name: text for name, text in base.items() if not name.startswith("ACTIONS_")}
        steps: list[Step] = []
        for step in chosen["steps"]:
            if "run" in step and all(done.code == 0 for done in steps):
                given: dict[str, Any] = {}
                for holder in (content, chosen, step):
                    given |= holder.get("env", {})
                variables = {name: self._filled(str(text)) for name, text in given.items()}
                steps.append(self._step(self._filled(step["run"]), base | variables))
        return steps

    def _filled(self, text: str) -> str:
        return re.sub(r"\${{\s*(.*?)\s*}}", lambda found: self.values[found[1]], text)

    def _step(self, command: str, environment: dict[str, str]) -> Step:
        script = self.bundle.folder.with_name("step.sh")
        script.write_text(command, encoding="utf-8")
        done = subprocess.run(
            # GitHub's shell where none is named
            ["bash", "-e", script],
            cwd=self.bundle.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            encoding="utf-8",
        )
        return Step(command, done.returncode, done.stdout)


def example(name: str) -> Path:
    """A file of examples/github-actions."""
    return ROOT / "examples/github-actions" / name
