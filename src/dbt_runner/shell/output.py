"""What a script says."""

from __future__ import annotations

import json
from typing import Any, TextIO

from dbt_runner.redaction import redacted, without
from dbt_runner.report.sink import Sink

_LONGEST = 1 << 20
"""Bytes of a line that are kept until its end; secrets are found in whole lines only."""
_LEAST = 8
"""Characters of one line of a secret of several, to be a secret by itself."""


class Output:
    """Copies the bytes of a script line by line, without secrets, to a stream.

    The driver of a wheel task shows what Python writes to `sys.stdout`, not what a child process
    writes to the file descriptor under it.

    Attributes:
        summary: the last summary that a run of ours printed.
    """

    def __init__(self, stream: TextIO | None, secrets: frozenset[str]) -> None:
        self._sink = Sink(stream)
        parts = {part for secret in secrets for part in secret.splitlines()}
        self._secrets = secrets | {part for part in parts if len(part) >= _LEAST}
        self._rest = b""
        self.summary: dict[str, Any] | None = None

    def take(self, data: bytes) -> None:
        """Copy the lines that are complete; the rest waits for its end."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._tell(line + b"\n")
        if len(self._rest) > _LONGEST:
            # no token holds a space
            end = self._rest.rfind(b" ") + 1 or len(self._rest)
            self._tell(self._rest[:end])
            self._rest = self._rest[end:]

    def close(self) -> None:
        """Copy what stands behind the last line break."""
        if self._rest:
            self._tell(self._rest)
            self._rest = b""

    def hidden(self, text: str) -> str:
        """A text without secrets."""
        told: str = redacted(without(text, self._secrets))
        return told

    def _tell(self, line: bytes) -> None:
        text = self.hidden(line.decode("utf-8", "backslashreplace"))
        self._sink.write(text)
        if text.startswith("{") and '"run.finished"' in text:
            self._notice_summary(text)

    def _notice_summary(self, text: str) -> None:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return
        if found.get("event") == "run.finished":
            self.summary = found
