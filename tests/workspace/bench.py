"""The workspace of the bench, and a copy of the bundle that the real CLI works on."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WAREHOUSE = "Serverless Starter Warehouse"
PYTHON = {(3, 11): "15.4.x-scala2.12", (3, 12): "16.4.x-scala2.12"}
"""Databricks runtimes by their Python, of those that the test server knows."""

# what a wheel task of ours is given besides run_type, target_schema and the like
REFERENCES = (
    *("job_id", "job_run_id", "task_run_id", "task_key", "repair_count", "execution_count"),
    *("select", "exclude", "vars", "full_refresh_confirm", "prune", "resume_key"),
    *("catalog", "warehouse_id", "artifacts"),
)


class Workspace:
    """The CLI's test server; each token is a workspace of its own.

    Args:
        programs: folder with `databricks` and `server`.
        wheels: folder with a wheel of everything that our wheel needs; no network is asked.
        folder: where tasks run, and so where the DuckDB file and the artifacts come to lie.
    """

    def __init__(self, programs: Path, wheels: Path, folder: Path) -> None:
        self.programs, self.wheels, self.folder = programs, wheels, folder
        self._record = folder / "requests.jsonl"
        self._complaints = folder / "complaints.txt"
        uv = os.environ["UV"]
        environment = {
            "PATH": os.pathsep.join(
                [str(Path(sys.base_prefix, "bin")), str(Path(uv).parent), os.environ["PATH"]]
            ),
            "HOME": os.environ["HOME"],
            "TMPDIR": str(folder),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_OFFLINE": "1",
            # an empty one, since uv would take newer versions from what it knows of an index
            "UV_CACHE_DIR": str(folder / "uv-cache"),
            "UV_FIND_LINKS": str(wheels),
        }
        with self._record.open("w") as record, self._complaints.open("w") as complaints:
            self._process = subprocess.Popen(
                [programs / "server"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=record,
                stderr=complaints,
            )
        while not (lines := self._record.read_text(encoding="utf-8").splitlines(keepends=True)):
            assert self._process.poll() is None, self._complaints.read_text(encoding="utf-8")
        self.address = lines[0].strip()

    def requests(self, path: str) -> list[dict[str, Any]]:
        """The requests so far whose path begins like this: method, path, body."""
        _, *lines = self._record.read_text(encoding="utf-8").strip().split("\n")
        found = [json.loads(line) for line in lines]
        return [item for item in found if item["path"].startswith(path)]

    def stop(self) -> str:
        """End it; what it could not answer."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)
        return self._complaints.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Done:
    """A command of the CLI that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.stdout)


class Bundle:
    """A copy of the bundle, with a workspace and a user's folder of its own.

    Args:
        token: names the workspace.
        folder: made; the copy comes into it.
        dist: what `make build` made.
    """

    def __init__(self, workspace: Workspace, token: str, folder: Path, dist: Path) -> None:
        self.workspace, self.token, self.folder = workspace, token, folder
        folder.mkdir(parents=True)
        shutil.copy(ROOT / "databricks.yml", folder)
        shutil.copy(ROOT / ".gitignore", folder)
        shutil.copytree(ROOT / "resources", folder / "resources")
        shutil.copytree(dist, folder / "dist")
        home = folder.with_name(f"{folder.name}-home")
        home.mkdir()
        # a request lasts as long as the task that it starts
        profile = f"[DEFAULT]\nhost={workspace.address}\ntoken={token}\nhttp_timeout_seconds=600\n"
        Path(home, ".databrickscfg").write_text(profile, encoding="utf-8")
        self._environment = {
            "PATH": f"{workspace.programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
        }
        warehouse = {"name": WAREHOUSE, "cluster_size": "2X-Small"}
        self.databricks("warehouses", "create", "--json", json.dumps(warehouse))

    def databricks(self, *words: str, fails: bool = False) -> Done:
        """Run the CLI in the bundle's folder; whether it fails is as told."""
        return self.run_script("databricks", *words, fails=fails)

    def run_script(self, program: str | Path, *words: str, fails: bool = False) -> Done:
        """Run a program that finds the CLI and its login."""
        found = subprocess.run(
            [program, *words],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
        done = Done(found.returncode, found.stdout, found.stderr)
        assert (done.code != 0) is fails, f"{words}\n{done.stdout}\n{done.stderr}"
        return done

    def validated(self, target: str, *words: str) -> dict[str, Any]:
        """The bundle as the CLI reads it for a target; a warning is an error."""
        found: dict[str, Any] = self.databricks(
            "bundle", "validate", "--strict", "-t", target, "-o", "json", *words
        ).json
        return found

    @property
    def wheel(self) -> Path:
        """The wheel in dist/."""
        [wheel] = self.folder.glob("dist/*.whl")
        return wheel

    def commit(self, content: bytes | None = None) -> str:
        """Make a commit of the copy, whose wheel then bears its name; its id.

        Args:
            content: of the wheel, if another than there is.
        """
        git = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com")
        for words in (("init", "-q"), ("add", "-A"), ("commit", "--allow-empty", "-qm", "bench")):
            subprocess.run([*git, *words], cwd=self.folder, check=True, capture_output=True)
        command = ["git", "rev-parse", "HEAD"]
        found = subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        commit = found.stdout.decode().strip()
        name = re.sub(r"\+[^-]*", f"+g{commit[:12]}", self.wheel.name)
        wheel = self.wheel.rename(self.wheel.with_name(name))
        if content is not None:
            wheel.write_bytes(content)
        return commit

    def exported(self, path: str) -> bytes:
        """A file of the workspace, as the test server gives it: no JSON around it."""
        query = urllib.parse.urlencode({"path": path})
        request = urllib.request.Request(  # noqa: S310 - on loopback
            f"{self.workspace.address}/api/2.0/workspace/export?{query}",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            content: bytes = answer.read()
        return content

    def add_bench_target(self, **parameters: str) -> None:
        """Add the target `bench`, whose build has literal parameters; the wheels lie in wheels/."""
        folder = self.folder / "resources/bench"
        folder.mkdir(exist_ok=True)
        content = yaml.safe_load((ROOT / "tests/workspace/bench.yml").read_text(encoding="utf-8"))
        variables = content["variables"]
        variables["spark_version"]["default"] = PYTHON[sys.version_info[:2]]
        given = {**dict.fromkeys(REFERENCES, ""), "target": "local", **parameters}
        variables["parameters"]["default"] = given
        Path(folder, "bench.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
        (self.folder / "wheels").mkdir(exist_ok=True)
        for name in ("dbt_duckdb", "tpchgen_cli"):
            [wheel] = self.workspace.wheels.glob(f"{name}-*.whl")
            shutil.copy(wheel, self.folder / "wheels")

    def run(self, target: str, job: str, *words: str) -> tuple[Done, dict[str, Any]]:
        """`bundle run`; what it said, and the output of the job run's first task."""
        done = self.databricks("bundle", "run", "-t", target, job, *words)
        [run] = set(re.findall(r"/run/(\d+)", done.stdout + done.stderr))
        return done, self.databricks("jobs", "get-run-output", run).json
