"""The login of databricks-sdk: what it finds to log in with, done within a time limit."""

from __future__ import annotations

import configparser
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from databricks.sdk.core import Config
from databricks.sdk.credentials_provider import credentials_strategy
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.oauth import Token

from dbt_runner.errors import ProjectError, RunnerError, TransientError
from dbt_runner.redaction import without
from dbt_runner.warehouse.deadline import Deadline, bounded
from dbt_runner.warehouse.refusals import failure, one_line

__all__ = ["ATTRIBUTES", "Deadline", "ask", "begin", "look", "reader"]

ATTRIBUTES = tuple(Config.attributes())
"""The SDK's settings. Asked of `Config` itself, once, before a subclass would answer for it."""

# what the SDK warns of, such as a host that tells nothing about itself, is told here as an error
logging.getLogger("databricks.sdk").addHandler(logging.NullHandler())


class _Found(Config):
    """The SDK's reading of the environment and of `~/.databrickscfg`, without logging in."""

    def _resolve_host_metadata(self) -> None:
        pass

    def _validate(self) -> None:
        pass

    def init_auth(self) -> None:
        pass


class _Reader(Config):
    """A configuration for those who only read headers: no secret in it, no request made for it."""

    def _load_from_env(self) -> None:
        pass

    def _known_file_config_loader(self) -> None:
        pass

    def _resolve_host_metadata(self) -> None:
        pass


def look(**given: Any) -> dict[str, Any]:
    """What the environment and the profile file set, by the SDK's names; secrets are among it.

    Args:
        given: counts before them; with a host, the file's profile of last resort is not read.

    Raises:
        ProjectError: the file or a value in it cannot be read, or there is no such profile.
    """
    try:
        found = _Found(**given)
    except configparser.Error:
        raise _unreadable() from None
    except (ValueError, OSError) as error:
        msg = f"credentials: {one_line(error)}; see `databricks auth profiles`"
        raise ProjectError(msg) from None
    return {name: value for name, value in found.as_dict().items() if value not in (None, "")}


def begin(attributes: Mapping[str, Any], deadline: Deadline, secrets: frozenset[str]) -> Config:
    """Log in with these settings. Waits for a person where the method is a browser.

    Args:
        attributes: as from `look`; what the environment sets beyond them counts too.
        deadline: when no answer is late.
        secrets: hidden in messages.

    Raises:
        TransientError: no answer in time.
        ProjectError: nothing to log in with, or a refusal.
    """
    host = attributes.get("host")
    faults: list[Exception] = []
    with bounded(deadline, faults):
        try:
            found = Config(**{**attributes, "disable_async_token_refresh": True})
        except configparser.Error:
            raise _unreadable() from None
        except (ValueError, OSError) as error:
            # an address that the host did not tell
            missing = "Invalid URL" in str(error)
            fault = next((f for f in faults if missing or _is_silence(f)), None)
            if fault is None and "cannot configure default credentials" in str(error):
                raise _nothing_found(attributes) from None
            raise _failure(fault or error, host, secrets) from None
    # the SDK goes on without what a dead host would have told
    if faults and _is_silence(faults[0]):
        raise _failure(faults[0], host, secrets)
    return found


def ask(
    found: Config, deadline: Deadline, secrets: frozenset[str], now: Callable[[], float]
) -> tuple[dict[str, str], float | None]:
    """Headers to use now, and until when: epoch seconds, or `None` if nobody tells.

    The SDK asks for another token only in the last 40 s of one, or if it lives shorter than that
    (databricks-sdk 0.117, `databricks/sdk/oauth.py`, `Token.expired`).

    Raises:
        TransientError: no answer in time.
        ProjectError: a refusal.
    """
    with bounded(deadline, []):
        try:
            headers = found.authenticate()
            return dict(headers), _expiry(found, headers, now())
        except Exception as error:  # noqa: BLE001 - a method, such as a runtime's, raises anything
            raise _failure(error, found.host, secrets) from None


def reader(found: Config, headers: Callable[[], dict[str, str]], **options: Any) -> Config:
    """A configuration of the same workspace whose headers come from `headers`, without waiting.

    Args:
        found: as from `begin`.
        headers: called for every request, from any thread.
        options: of the SDK's `Config`, such as `http_timeout_seconds`.
    """
    names = ("host", "account_id", "workspace_id", "cloud")
    known = {name: value for name in names if (value := getattr(found, name)) is not None}
    strategy = credentials_strategy(found.auth_type, [])(lambda _: headers)
    return _Reader(credentials_strategy=strategy, **known, **options)


def _expiry(found: Config, headers: Mapping[str, str], now: float) -> float | None:
    # whatever JSON the token holds
    claims: Any = Token(headers.get("Authorization", "").partition(" ")[2]).jwt_claims()
    end, begin = (claims.get(k) if isinstance(claims, dict) else None for k in ("exp", "iat"))
    if isinstance(end, int | float):
        # this machine's clock may be slow
        return min(end, now + end - begin) if isinstance(begin, int | float) else end
    try:
        told = getattr(found.oauth_token(), "expiry", None)
    except ValueError:
        # the method knows no expiry
        return None
    return told.timestamp() if told else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_silence(error: Exception) -> bool:
    """Whether nothing was heard from the host, rather than something useless."""
    silent = (requests.ConnectionError, requests.Timeout, TimeoutError)
    return any(isinstance(link, silent) for link in _chain(error))


def _failure(error: Exception, host: str | None, secrets: frozenset[str]) -> RunnerError:
    """One line for what the SDK raised, which it wraps several times."""
    links = list(_chain(error))
    for link in links:
        if isinstance(link, RunnerError):
            return link
    place = urlsplit(host or "").netloc or "the workspace"
    # the innermost is what happened; a TimeoutError only says how long it went on
    for link in reversed(links):
        if isinstance(link, requests.RequestException | TimeoutError | DatabricksError):
            url = getattr(getattr(link, "request", None), "url", None)
            found = failure(link, (url and urlsplit(url).netloc) or place)
            if isinstance(found, TransientError) or isinstance(link, requests.RequestException):
                return type(found)(without(str(found), secrets))
            break
    text = without(one_line(error), secrets)
    return ProjectError(f"credentials: the login at {place} failed: {text}; check them")


def _unreadable() -> ProjectError:
    # the parser's own message quotes the file, which may hold secrets
    file = os.environ.get("DATABRICKS_CONFIG_FILE") or "~/.databrickscfg"
    return ProjectError(f"credentials: {file} cannot be read; see `databricks auth profiles`")


def _nothing_found(attributes: Mapping[str, Any]) -> ProjectError:
    kind = attributes.get("auth_type")
    profile = attributes.get("profile")
    what = f"none of the auth_type {kind} found" if kind else "none found"
    if profile:
        what += f" with the profile {profile}"
    if not attributes.get("host"):
        what += ", and no host either"
    return ProjectError(
        f"credentials: {what}; set DATABRICKS_HOST and DATABRICKS_CLIENT_ID with "
        "DATABRICKS_CLIENT_SECRET, or DATABRICKS_TOKEN, or DATABRICKS_CONFIG_PROFILE after "
        "`databricks auth login`"
    )
