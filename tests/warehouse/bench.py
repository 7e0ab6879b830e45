"""The bench: a front in a process of its own, told what to do wrong and asked what it saw."""

from __future__ import annotations

import json
import os
import secrets
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deltalake import DeltaTable

FOLDER = Path(__file__).parent


class Bench:
    """A SQL warehouse on loopback.

    Args:
        folder: for everything that it writes.
        jars: folder with Delta Lake.
        python: of the environment that has Spark.

    Attributes:
        token: a fixed access token.
        client_id, client_secret: for tokens that expire.
        host: `localhost` with the port.
    """

    def __init__(self, folder: Path, jars: Path, python: str = sys.executable) -> None:
        self.folder = folder
        self.token = f"bench-{secrets.token_hex(16)}"
        self.client_id, self.client_secret = "bench-client", secrets.token_hex(16)
        folder.mkdir(parents=True)
        with (folder / "front.log").open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-m", "front", str(folder), str(jars)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=FOLDER,
                env=self._environment(),
                start_new_session=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, (folder / "front.log").read_text(encoding="utf-8")[-4000:]
        facts = json.loads(line)
        self.host = f"localhost:{facts['port']}"
        self.warehouse_id: str = facts["warehouse_id"]
        self._context = ssl.create_default_context(cafile=str(self.authority))

    @property
    def authority(self) -> Path:
        """The certificate to trust."""
        return self.folder / "ca.pem"

    def stop(self) -> None:
        """End it and all that it started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        finally:
            subprocess.run(["pkill", "-KILL", "-s", str(self._process.pid)], check=False)

    def reset(self) -> None:
        """Forget statements and faults; the tables stay."""
        self._control("reset")

    def sql(self, statement: str) -> list[dict[str, Any]]:
        """Ask the engine itself."""
        found: list[dict[str, Any]] = self._control("sql", sql=statement)["rows"]
        return found

    def fail(self, *faults: dict[str, Any]) -> None:
        """Do these things wrong (`front.faults.Fault`)."""
        self._control("faults", faults=faults)

    def set(self, **values: Any) -> None:
        """Change the workspace: `asleep`, `start_seconds`, `token_life`, `usable`, `privileges`."""
        self._control("workspace", **values)

    def told(self) -> dict[str, Any]:
        """What it saw: statements, faults, tokens, starts of the warehouse."""
        return self._control("told")

    def statements(self, text: str = "") -> list[dict[str, Any]]:
        """The statements that hold a text, oldest first."""
        found: list[dict[str, Any]] = self.told()["statements"]
        return [each for each in found if text in each["sql"]]

    def table(self, schema: str, name: str) -> DeltaTable:
        """A table as the second witness reads it: without the engine that wrote it."""
        from deltalake import DeltaTable  # the jobs bench has it not, and asks the engine

        return DeltaTable(str(self.folder / "tables" / f"{schema}.db" / name))

    def rows(self, schema: str, name: str) -> list[dict[str, Any]]:
        """All rows of a table, read by the second witness."""
        found: list[dict[str, Any]] = self.table(schema, name).to_pyarrow_table().to_pylist()
        return found

    def _control(self, path: str, **body: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            f"https://{self.host}/bench/{path}", data=json.dumps(body).encode()
        )
        try:
            with urllib.request.urlopen(  # noqa: S310 - our own address
                request, context=self._context, timeout=120
            ) as answer:
                found: dict[str, Any] = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            msg = f"{path}: {error.read().decode()}"
            raise AssertionError(msg) from None
        return found

    def _environment(self) -> dict[str, str]:
        kept = ("PATH", "LANG", "HOME", "JAVA_HOME")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "BENCH_TOKEN": self.token,
            "BENCH_CLIENT_SECRET": self.client_secret,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "TMPDIR": str(self.folder),
        }
