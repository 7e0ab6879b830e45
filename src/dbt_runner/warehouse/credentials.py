"""Access to one workspace: found, kept and renewed by one thread, read by all others."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dbt_runner.argv import printable
from dbt_runner.errors import ProjectError, RunnerError, SettingsError
from dbt_runner.identifiers import host_name
from dbt_runner.redaction import names_secret

if TYPE_CHECKING:
    from databricks.sdk.core import Config

    from dbt_runner.warehouse.deadline import Deadline

TIME_LIMIT = 10.0
"""Seconds that a login may take."""

_RENEW_AT = 0.8
_ASK_EVERY = 60.0
_LONGEST_PAUSE = 30.0
_SHORTEST_PAUSE = 0.5

_METHODS = (
    # the SDK's name of a method, and the attributes and variables without which it is not meant;
    # what renews itself comes first
    ("oauth-m2m", {"client_id", "client_secret"}),
    ("env-oidc", {"oidc_token_env"}),
    ("env-oidc", {"DATABRICKS_OIDC_TOKEN"}),
    ("file-oidc", {"oidc_token_filepath"}),
    ("github-oidc", {"client_id", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"}),
    ("azure-client-secret", {"azure_client_id", "azure_client_secret"}),
    ("github-oidc-azure", {"azure_client_id", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"}),
    ("metadata-service", {"metadata_service_url"}),
    ("google-credentials", {"google_credentials"}),
    ("google-id", {"google_service_account"}),
    ("pat", {"token"}),
    ("basic", {"username", "password"}),
)
_BROWSER = "external-browser"
_ID_TOKENS = ("DATABRICKS_OIDC_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN")


class Credentials:
    """Access to a workspace by the unified authentication of databricks-sdk.

    The thread that makes it also calls `renew`, again and again; a runtime's own login may be
    bound to that thread. All else only reads, from any thread.

    Args:
        host: the workspace's, if it is set; without it, it is found with the credentials.
        in_job: no person is there to open a browser, and the host is the workspace's own.
        time_limit: seconds that a login may take.
        now: epoch seconds.

    Attributes:
        host: host name, and port where it is not 443.
        auth_type: the method of the SDK that is used.
        ignored: methods that are configured too and not used.
        config: for the SDK's clients; holds no secret, and makes no request for its headers.
        expires_at: epoch seconds; `None` if the token does not expire or nobody tells.
        secrets: what must never be told: tokens of the past too.
        hidden_variables: names that the project's code is not to see. What a renewal reads again
            from the environment is not among them.

    Raises:
        SettingsError: the host is not https, or not the one that the credentials are for.
        ProjectError: there are no credentials, they are refused, or of no use here.
        TransientError: no answer in time.
    """

    def __init__(
        self,
        host: str | None = None,
        *,
        in_job: bool,
        time_limit: float = TIME_LIMIT,
        now: Callable[[], float] = time.time,
    ) -> None:
        from dbt_runner.warehouse import login

        self._login = login
        self._limit = time_limit
        self._now = now
        self._attributes, methods = _find(host, in_job=in_job)
        id_token = self._attributes.get("oidc_token_env", _ID_TOKENS[0])
        hidden: list[str | None] = [os.environ.get(name) for name in (*_ID_TOKENS, id_token)]
        hidden += [self._attributes.get(a.name) for a in login.ATTRIBUTES if a.sensitive]
        self.secrets = frozenset(value for value in hidden if value)
        self.hidden_variables = frozenset(
            name
            for a in login.ATTRIBUTES
            if a.auth or a.sensitive or a.name in {"auth_type", "profile"}
            for name in (a.env, *a.env_aliases)
        ) - {id_token}
        deadline = login.Deadline(time_limit)
        self._source = login.begin(self._attributes, deadline, self.secrets)
        self.host = _bare(self._source.host or "")
        if host and _bare(host) != self.host:
            raise _other_host(host, self.host)
        self.auth_type = str(self._source.auth_type)
        self.ignored = tuple(method for method in methods if method != self.auth_type)
        self._headers: dict[str, str] = {}
        self.expires_at: float | None = None
        self._due = 0.0
        self._pause = _LONGEST_PAUSE
        self._failing = False
        self._take(*self._ask(deadline))
        self.config = self.reader()

    @property
    def token(self) -> str:
        """The token to use now, without `Bearer`."""
        return self._headers["Authorization"].partition(" ")[2]

    def reader(self, **options: Any) -> Config:
        """A configuration like `config`, with options of the SDK's `Config`.

        Its headers are in lower case: a token under `Authorization` the SQL connector keeps for
        an hour, or a JWT to its last minute, whatever comes after it; all else it takes anew for
        each request (databricks-sql-connector 4.4, `auth/token_federation.py`, `add_headers`).
        """

        # no bound method: dbt copies the adapter's configuration for unit tests of incremental
        # models, and a copy of this object would never be renewed
        def read() -> dict[str, str]:
            return {name.lower(): text for name, text in self._headers.items()}

        return self._login.reader(self._source, read, **options)

    def renew(self) -> str | None:
        """Get another token if it is time to: at 80% of life, or every minute if that is unknown.

        Never raises: what there is stays in use, and another try is made after a pause. Takes no
        time unless it is due, and then no more than the time limit.

        Returns:
            Why the first of a row of tries failed.
        """
        if self._now() < self._due:
            return None
        deadline = self._login.Deadline(self._limit)
        try:
            headers, expires_at = self._ask(deadline)
            if self._is_old(headers) and self.auth_type != _BROWSER:
                self._source = self._login.begin(self._attributes, deadline, self.secrets)
                headers, expires_at = self._ask(deadline)
            if self._is_old(headers) and self._now() >= (self.expires_at or 0):
                msg = f"credentials: the token of {self.auth_type} has expired, and no other comes"
                raise ProjectError(msg)
            self._take(headers, expires_at)
        except RunnerError as error:
            self._due = self._now() + self._pause
            told, self._failing = self._failing, True
            return None if told else f"{error}; it is tried again"
        self._failing = False
        return None

    def _ask(self, deadline: Deadline) -> tuple[dict[str, str], float | None]:
        return self._login.ask(self._source, deadline, self.secrets, self._now)

    def _is_old(self, headers: dict[str, str]) -> bool:
        """Whether these are what is known already, though they have an end."""
        return self.expires_at is not None and headers == self._headers

    def _take(self, headers: dict[str, str], expires_at: float | None) -> None:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            msg = (
                f"credentials: {self.auth_type} gives no token, which a SQL warehouse needs; "
                "use OAuth or a personal access token"
            )
            raise ProjectError(msg)
        self.secrets |= {token, *(text for name, text in headers.items() if names_secret(name))}
        now = self._now()
        if expires_at is None:
            self._due = now + _ASK_EVERY
        elif headers == self._headers:
            self._due = now + self._pause
        else:
            left = max(0, expires_at - now)
            self._pause = min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, left / 20))
            self._due = now + max(_SHORTEST_PAUSE, _RENEW_AT * left)
        self._headers, self.expires_at = headers, expires_at


def _bare(host: str) -> str:
    try:
        return host_name(host).removesuffix(":443")
    except ValueError as error:
        msg = f"host: {error}, got {printable(host.rpartition('@')[2])}"
        raise SettingsError(msg) from None


def _find(host: str | None, *, in_job: bool) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What to log in with, and the methods that are configured; the best one first."""
    from dbt_runner.warehouse import login

    found = login.look()
    own = found.get("host")
    if host and own and _bare(host) != _bare(own):
        if os.environ.get("DATABRICKS_HOST") or found.get("profile"):
            raise _other_host(host, _bare(own))
        # the profile of last resort is for another workspace
        found = login.look(host=host)
    present = found.keys() | {name for name, value in os.environ.items() if value}
    methods = tuple(dict.fromkeys(name for name, needs in _METHODS if needs <= present))
    kinds = {a.auth for a in login.ATTRIBUTES if a.auth and a.name in found}
    if methods and (len(methods) > 1 or len(kinds) > 1):
        # the SDK refuses to choose: "more than one authorization method configured"
        found.setdefault("auth_type", methods[0])
    if in_job and found.get("auth_type") == _BROWSER:
        msg = (
            f"credentials: auth_type {_BROWSER} needs a person, and a job has none; "
            "leave it out for the job's own identity, or use oauth-m2m"
        )
        raise ProjectError(msg)
    if host and (methods or not in_job):
        # else the runtime knows the host
        found.setdefault("host", host)
    if "host" in found:
        _bare(found["host"])
    return found, methods


def _other_host(wanted: str, own: str) -> SettingsError:
    msg = (
        f"host: {printable(_bare(wanted))} is wanted, but the credentials found are for {own}; "
        "leave host out, or use credentials of that workspace"
    )
    return SettingsError(msg)
