"""The workspace's REST API, asked with patience but for a bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from dbt_runner.errors import RunnerError, TransientError
from dbt_runner.warehouse.refusals import NoAnswer, failure

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.clock import Clock
    from databricks.sdk.service.iam import User

T = TypeVar("T")

HTTP_TIMEOUT = 10
"""Seconds within which the host has to answer; for the `http_timeout_seconds` of the client."""

PATIENCE = 30
"""Seconds during which a request is made again, once the host has answered at all."""

RETRY_TIMEOUT = 1
"""Seconds; with `single_attempts`, for the `retry_timeout_seconds` of a client that tries once."""

_SLICE = 0.2

_MOMENT = 1
"""Seconds that each request has, if only to be looked at a last time."""


class RestApi:
    """A client, and how long it is worth asking.

    Args:
        ws: should try once and not wait long, as with `single_attempts`.
        host: the workspace's, for messages.
        cancelled: asked during pauses; nothing is tried again after it.
        auth_type: how the credentials were found, for messages.
        patience: seconds during which `ask` repeats a request of a host that has answered before.
        longest: seconds after which a single request is given up, whatever the host still sends;
            the timeout of the HTTP library begins anew with each byte.
        clock, sleep: seconds.
    """

    def __init__(
        self,
        ws: WorkspaceClient,
        host: str,
        cancelled: Callable[[], bool],
        *,
        auth_type: str | None = None,
        patience: float = PATIENCE,
        longest: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = host
        self.cancelled = cancelled
        self.clock = clock
        self._ws = ws
        self._auth_type = auth_type
        self._patience = patience
        self._longest = longest
        self._sleep = sleep
        self._answered = False

    @property
    def repeats(self) -> bool:
        """Whether the client sends again by itself what failed; ours does not."""
        return self._ws.config.retry_timeout_seconds != RETRY_TIMEOUT

    def ask(self, call: Callable[[WorkspaceClient], T], *, within: float | None = None) -> T:
        """Make a request that may be repeated; again for a while if the failure may pass.

        Args:
            call: makes the request.
            within: seconds that all of it may take, if less than `patience`.

        Raises:
            TransientError: the host does not answer, is overloaded or broken, and stayed so.
            Refused: one of its kinds, or itself for all else that the host says.
        """
        began, pause = self.clock(), 1.0
        while True:
            try:
                return self.once(call, within=within and began + within - self.clock())
            except RunnerError as found:
                patience = self._patience if self._answered else HTTP_TIMEOUT
                patience = patience if within is None else min(patience, within)
                left = began + patience - self.clock()
                if not isinstance(found, TransientError) or left <= 0:
                    raise
                self.wait(min(max(pause, wanted_pause(found)), left))
                if self.cancelled():
                    raise
            pause *= 2

    def once(self, call: Callable[[WorkspaceClient], T], *, within: float | None = None) -> T:
        """Make a request a single time.

        Args:
            call: makes the request.
            within: seconds that it may take, if less than `longest`; but a moment, at least.

        Raises:
            TransientError: the host does not answer, is overloaded or broken.
            Refused: one of its kinds, or itself for all else that the host says.
        """
        try:
            answer = self._in_time(call, within)
        except OSError as error:
            # the SDK's errors and those of its HTTP library all are; after its last attempt
            # at what may pass, the SDK raises a TimeoutError from the error itself
            cause = (type(error) is TimeoutError and error.__cause__) or error
            found = failure(cause, self.host, self._auth_type)
            self._answered = self._answered or not isinstance(found, NoAnswer)
            raise found from cause
        self._answered = True
        return answer

    def _in_time(self, call: Callable[[WorkspaceClient], T], within: float | None) -> T:
        """Make a request in a thread that is given up when the time is over.

        Raises:
            TimeoutError: it is over. What was sent may still be done.
        """
        limits = [seconds for seconds in (self._longest, within) if seconds is not None]
        if not limits:
            return call(self._ws)
        limit = max(min(limits), _MOMENT)
        answers: SimpleQueue[Callable[[], T]] = SimpleQueue()
        thread = Thread(target=_put, args=(answers, call, self._ws), daemon=True)
        thread.start()
        try:
            answer = answers.get(timeout=limit)
        except Empty:
            msg = f"no whole answer within {limit:.0f} s"
            raise TimeoutError(msg) from None
        return answer()

    def wait(self, seconds: float) -> None:
        """Let time pass, unless the run is cancelled."""
        end = self.clock() + seconds
        while (left := end - self.clock()) > 0 and not self.cancelled():
            self._sleep(min(_SLICE, left))

    @property
    def principal(self) -> str:
        """Whom a grant has to name: a user's e-mail address, a service principal's client id."""
        return (self._me and self._me.user_name) or "<you>"

    @property
    def identities(self) -> frozenset[str]:
        """The principal and its groups in lower case, as far as the workspace tells them.

        Groups within groups are not told; empty if nothing is.
        """
        if not self._me or not self._me.user_name:
            return frozenset()
        groups = [group.display for group in self._me.groups or [] if group.display]
        # every user and service principal of the account is in this one
        names = [self._me.user_name, "account users", *groups]
        return frozenset(name.lower() for name in names)

    @cached_property
    def _me(self) -> User | None:
        try:
            return self.ask(lambda ws: ws.current_user.me())
        except RunnerError:
            return None


def _put(
    answers: SimpleQueue[Callable[[], T]],
    call: Callable[[WorkspaceClient], T],
    ws: WorkspaceClient,
) -> None:
    """Put what gives the answer of a request, or raises its error."""
    try:
        found = call(ws)
    except BaseException as error:  # noqa: BLE001 - raised where it is asked for
        fault = error

        def fail() -> T:
            raise fault

        answers.put(fail)
    else:
        answers.put(lambda: found)


def wanted_pause(found: RunnerError) -> float:
    """The seconds that the host asked to wait (`Retry-After`); 0 if it did not."""
    return getattr(found.__cause__, "retry_after_secs", None) or 0


def single_attempts() -> Clock:
    """A clock for the SDK's configuration, whose pauses are over as soon as they begin.

    With it and `RETRY_TIMEOUT` the SDK tries once. By its own clock it would sleep as
    long as a `Retry-After` says, also past its time limit, and nothing could wake it
    (databricks-sdk 0.117, `databricks/sdk/retries.py`).
    """
    from databricks.sdk.clock import Clock

    class Skipping(Clock):
        def __init__(self) -> None:
            self._now = 0.0

        def time(self) -> float:
            return self._now

        def sleep(self, seconds: float) -> None:
            self._now += seconds

    return Skipping()
