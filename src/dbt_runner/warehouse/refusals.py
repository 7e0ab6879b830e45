"""What a failed request to the workspace means for the run."""

from __future__ import annotations

import re

from dbt_runner.errors import ProjectError, RunnerError, TransientError
from dbt_runner.redaction import redacted

_NO_LOGIN = re.compile(
    r"invalid (access )?token|token (is|has|was) (been )?(expired|invalid|revoked)", re.IGNORECASE
)
_NO_SCOPE = re.compile(r"required scopes?|insufficient_scope", re.IGNORECASE)
_NO_ENTRY = re.compile(r"IP ACL|IP access list|Private ?Link|Private Service Connect")
_NO_SUCH_ID = re.compile(r"is not a valid endpoint id")
_GATEWAY = re.compile(r"\b502\b|bad.gateway", re.IGNORECASE)
_CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED|CA certificate bundle")
_SDK_CONFIG = re.compile(r"\.? (?:Config|Env): .*")
_SDK_DUMP = re.compile(r"unable to parse response\..*?```.*?< (\d{3} [\w ]*).*")
_HTTP_POOL = re.compile(r"HTTPS?ConnectionPool\([^)]*\): ")
_HTTP_CAUSE = re.compile(r"Max retries exceeded .*\(Caused by \w+\(.*?\): (.*?)[\"']?\)\)$")


class Refused(ProjectError):
    """The workspace said no."""


class Missing(Refused):
    """What was asked for is not there, or not to be seen."""


class Forbidden(Refused):
    """The principal lacks a grant."""


class OutOfScope(Refused):
    """The token was not made for this API; its principal may still have the grant."""


class NoAnswer(TransientError):
    """The host was not reached, or said nothing."""


def failure(error: BaseException, host: str, auth_type: str | None = None) -> RunnerError:
    """What the run ends with, unless somebody can say more.

    Classes and status codes: databricks-sdk 0.117, `databricks/sdk/errors/platform.py`; 502 has
    no class there.

    Args:
        error: the SDK's, or of the HTTP library below it.
        host: the workspace's.
        auth_type: how the credentials were found.

    Returns:
        A `TransientError` where another try may help, else one of the kinds of `Refused`. The
        message of `Missing` and `Forbidden` is only what the workspace said.
    """
    from databricks.sdk.errors import base, platform

    text = one_line(error)
    if not isinstance(error, base.DatabricksError):
        return _no_answer(error, text, host)
    if isinstance(error, platform.Unauthenticated | platform.PermissionDenied):
        unknown = isinstance(error, platform.Unauthenticated) or _NO_LOGIN.search(text)
        return _no_login(text, host, auth_type) if unknown else _denied(text, host)
    no_such_id = isinstance(error, platform.BadRequest) and _NO_SUCH_ID.search(text)
    if isinstance(error, platform.NotFound) or no_such_id:
        return Missing(text)
    passing = (
        platform.TooManyRequests,
        platform.InternalError,
        platform.TemporarilyUnavailable,
        platform.DeadlineExceeded,
    )
    unmapped = type(error) is base.DatabricksError
    if isinstance(error, passing) or (unmapped and _GATEWAY.search(f"{error.error_code} {text}")):
        return TransientError(f"host: {host} cannot serve requests now: {text}; run again later")
    return _refused(text, host)


def one_line(error: BaseException) -> str:
    """What an error says, on one line, without what the SDK and urllib3 say about themselves."""
    text = " ".join(str(error).split())
    text = _SDK_CONFIG.sub("", _SDK_DUMP.sub(r"\1", text))
    text = _HTTP_CAUSE.sub(r"\1", _HTTP_POOL.sub("", text, count=1)).strip(" .")
    text = str(redacted(text)) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:297]}..."


def _refused(text: str, host: str) -> Refused:
    return Refused(f"host: {host} refused the request: {text}")


def _denied(text: str, host: str) -> Refused:
    if _NO_SCOPE.search(text):
        return OutOfScope(f"host: {host} refused the request: {text}; widen the token's scopes")
    return _refused(text, host) if _NO_ENTRY.search(text) else Forbidden(text)


def _no_login(text: str, host: str, auth_type: str | None) -> Refused:
    kind = f" ({auth_type})" if auth_type else ""
    return Refused(
        f"host: {host} refused the credentials{kind}: {text}; "
        "renew them, or check that they belong to this workspace"
    )


def _no_answer(error: BaseException, text: str, host: str) -> RunnerError:
    if _CERTIFICATE.search(text):
        return Refused(
            f"host: the certificate of {host} is not trusted: {text}; "
            "name your CA's file in REQUESTS_CA_BUNDLE"
        )
    if isinstance(error, ValueError):
        # a malformed address, or an answer that is no JSON
        return Refused(f"host: {host} does not answer as a workspace does: {text}; check its name")
    return NoAnswer(
        f"host: {host} does not answer: {text}; check its name, the network and the proxy"
    )
