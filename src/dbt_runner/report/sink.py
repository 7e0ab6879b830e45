"""A stream to write to that may break without anybody minding."""

from __future__ import annotations

import io
import os
import threading
from typing import TextIO


class Sink:
    """Whole lines on a stream; after the first failure (closed pipe, full disk) on nothing.

    What a run says never changes its result. There is no stream where the process was started
    with it closed. A stream that failed is pointed at the null device,
    since Python flushes it once more at exit and would turn that failure into an exit code.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream or io.StringIO()
        self._lock = threading.Lock()
        self.broken = stream is None

    @property
    def encoding(self) -> str:
        """The stream's encoding, which decides what can be drawn."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether a terminal is at the other end."""
        try:
            return self._stream.isatty()
        except ValueError:
            return False

    def write(self, text: str) -> int:
        """Write, unless the stream is broken."""
        with self._lock:
            if not self.broken:
                try:
                    self._stream.write(self._printable(text))
                    self._stream.flush()
                except (OSError, ValueError):
                    self._give_up()
        return len(text)

    def close(self) -> None:
        """Write nothing more; the stream stays as it is."""
        with self._lock:
            self.broken = True

    def flush(self) -> None:
        """Nothing to do: every write is flushed."""

    def _printable(self, text: str) -> str:
        encoding = self.encoding
        return text.encode(encoding, "backslashreplace").decode(encoding)

    def _give_up(self) -> None:
        self.broken = True
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)
        except (OSError, ValueError):
            # no real file behind it, as in a notebook: then nothing is flushed at exit either
            return
