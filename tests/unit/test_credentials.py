"""Credentials by the real databricks-sdk, against a small workspace on loopback."""

from __future__ import annotations

import base64
import copy
import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from databricks.sdk import WorkspaceClient

from dbt_runner.errors import ProjectError, RunnerError, SettingsError, TransientError
from dbt_runner.redaction import LOGIN_VARIABLES
from dbt_runner.warehouse.credentials import _ID_TOKENS, Credentials
from dbt_runner.warehouse.login import ATTRIBUTES

CANARY = "canary-3f1b"
M2M = {"DATABRICKS_CLIENT_ID": "id", "DATABRICKS_CLIENT_SECRET": CANARY}
PAT = {"DATABRICKS_TOKEN": "dapi-canary"}
OIDC = {"DATABRICKS_OIDC_TOKEN": "id-token", "DATABRICKS_CLIENT_ID": "id"}
BASIC = {"DATABRICKS_USERNAME": "u", "DATABRICKS_PASSWORD": "canary-pass"}
PAGE = Path(__file__).parents[2] / "docs" / "databricks.md"
PREFIXES = ("DATABRICKS_", "ARM_", "GOOGLE_", "ACTIONS_ID_", "SYSTEM_", "AZURE_")

Environ = Callable[..., None]


@dataclass
class Workspace:
    """A host that tells where to log in, gives tokens, and says who asked for what."""

    life: int = 3600
    as_jwt: bool = False
    broken: int = 0
    known: str = ""
    clock: Callable[[], float] = time.time
    flowing: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    given: int = 0
    host: str = ""

    def requests_for(self, path: str) -> list[dict[str, str]]:
        """What was sent to a path."""
        return [sent for asked, sent in self.asked if asked == path]

    def answer(self, path: str, sent: dict[str, str]) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        self.asked.append((path, sent))
        if path == "/oidc/v1/token":
            return self.grant(sent["authorization"])
        if path.startswith("/github?v=1&audience="):
            return 200, {"value": "of-github"}
        answers = {
            "/.well-known/databricks-config": {
                "oidc_endpoint": f"{self.host}/oidc",
                "workspace_id": "7",
            },
            "/oidc/.well-known/oauth-authorization-server": {
                "token_endpoint": f"{self.host}/oidc/v1/token"
            },
            "/api/2.0/preview/scim/v2/Me": {"userName": sent["authorization"]},
        }
        missing = {"error_code": "NOT_FOUND", "message": "no such thing"}
        return (200, answers[path]) if path in answers else (404, missing)

    def grant(self, authorization: str) -> tuple[int, Any]:
        """What the token endpoint answers."""
        self.flowing.wait(5)
        if self.broken:
            return self.broken, {"error": "broken"}
        scheme, _, login = authorization.partition(" ")
        said = base64.b64decode(login).decode().partition(":")[2] if scheme == "Basic" else ""
        if said == "wrong" or (self.known and said != self.known):
            told = f"bad {said} secret"
            return 401, {"error": "invalid_client", "error_description": told}
        self.given += 1
        granted = f"token-{self.given}"
        if self.as_jwt:
            # it tells its own end
            granted, life = as_jwt(self.clock(), self.life, granted), 10**6
        else:
            life = math.ceil(self.life + self.clock() - time.time())
        return 200, {"access_token": granted, "token_type": "Bearer", "expires_in": life}


def as_jwt(now: float, life: float, name: str) -> str:
    """A JSON web token that tells when it ends."""
    claims = {"exp": now + life, "iat": now, "jti": name}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"h.{body}.s"


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """A workspace that lives as long as the test."""
    found = Workspace()
    found.flowing.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            form = parse_qs(self.rfile.read(length).decode())
            sent = {name: values[0] for name, values in form.items()}
            sent["authorization"] = self.headers.get("Authorization", "")
            sent["workspace"] = self.headers.get("X-Databricks-Workspace-Id", "")
            status, content = found.answer(self.path, sent)
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.host = f"http://127.0.0.1:{server.server_port}"
        # who waits no longer has closed the connection
        server.handle_error = lambda *_: None
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield found
        server.shutdown()


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environ:
    """An environment without any login, and a way to set one."""
    for name in [name for name in os.environ if name.startswith(PREFIXES)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def put(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


@dataclass
class Clock:
    """A clock that stands until it is set."""

    time: float = field(default_factory=time.time)

    def __call__(self) -> float:
        """Epoch seconds."""
        return self.time


def bearer(token: str) -> dict[str, str]:
    """The headers that readers get with a token."""
    return {"authorization": f"Bearer {token}"}


def refused(host: str | None, *, in_job: bool = False, limit: float = 5) -> RunnerError:
    """What making credentials ends with; the message is one line without a secret."""
    with pytest.raises(RunnerError) as caught:
        Credentials(host, in_job=in_job, time_limit=limit)
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)
    return caught.value


def test_local_run_pays_nothing_for_it() -> None:
    """Importing the module imports neither databricks-sdk nor its HTTP library."""
    code = (
        "import sys, dbt_runner.warehouse.credentials\n"
        "print([name for name in ('databricks.sdk', 'requests') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


@pytest.mark.parametrize(
    ("variables", "auth_type", "ignored"),
    [
        (M2M, "oauth-m2m", ()),
        (PAT, "pat", ()),
        (OIDC, "env-oidc", ()),
        ({**M2M, **PAT}, "oauth-m2m", ("pat",)),
        ({**OIDC, **PAT}, "env-oidc", ("pat",)),
        ({**M2M, **OIDC, **BASIC}, "oauth-m2m", ("env-oidc", "basic")),
        ({**PAT, **BASIC}, "pat", ("basic",)),
        ({**PAT, "ARM_TENANT_ID": "t"}, "pat", ()),
        ({**M2M, **PAT, "DATABRICKS_AUTH_TYPE": "pat"}, "pat", ("oauth-m2m",)),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else None,
)
def test_one_method_is_chosen_and_the_others_are_named(
    workspace: Workspace,
    environ: Environ,
    variables: dict[str, str],
    auth_type: str,
    ignored: tuple[str, ...],
) -> None:
    """What renews itself comes before a fixed token, unless the environment says otherwise."""
    environ(DATABRICKS_HOST=workspace.host, **variables)
    credentials = Credentials(in_job=False)
    assert (credentials.auth_type, credentials.ignored) == (auth_type, ignored)
    assert credentials.host == workspace.host.removeprefix("http://")
    assert credentials.token == ("dapi-canary" if auth_type == "pat" else "token-1")


DOCUMENTED = {
    "service principal, OAuth": ("oauth-m2m", M2M),
    "GitHub Actions, OIDC": (
        "github-oidc",
        {"DATABRICKS_CLIENT_ID": "id", "DATABRICKS_AUTH_TYPE": "github-oidc"},
    ),
    "another issuer, OIDC": ("env-oidc", {**OIDC, "DATABRICKS_AUTH_TYPE": "env-oidc"}),
    "personal access token": ("pat", PAT),
}


@pytest.mark.parametrize("where", DOCUMENTED)
def test_documented_login_works(workspace: Workspace, environ: Environ, where: str) -> None:
    """What the page on Databricks says to set is enough, and each name stands there."""
    auth_type, variables = DOCUMENTED[where]
    [row] = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| {where} |")]
    assert [name for name in ("DATABRICKS_HOST", *variables) if f"`{name}" not in row] == []
    # GitHub sets these itself
    request = "ACTIONS_ID_TOKEN_REQUEST"
    of_github = {f"{request}_URL": f"{workspace.host}/github?v=1", f"{request}_TOKEN": "any"}
    environ(DATABRICKS_HOST=workspace.host, **of_github, **variables)
    credentials = Credentials(in_job=False)
    assert credentials.auth_type == auth_type
    assert credentials.token == ("dapi-canary" if auth_type == "pat" else "token-1")
    exchanged = [form.get("subject_token") for form in workspace.requests_for("/oidc/v1/token")]
    given = {"github-oidc": "of-github", "env-oidc": "id-token"}
    assert given.get(auth_type) in [*exchanged, None]


def test_id_token_of_a_file_is_exchanged(
    workspace: Workspace, environ: Environ, tmp_path: Path
) -> None:
    """OIDC federation reads the file anew for each token."""
    file = tmp_path / "id-token"
    file.write_text("first")
    environ(DATABRICKS_OIDC_TOKEN_FILEPATH=str(file), DATABRICKS_CLIENT_ID="id")
    clock = Clock()
    credentials = Credentials(workspace.host, in_job=False, now=clock)
    file.write_text("second")
    clock.time += 3000
    assert credentials.renew() is None
    sent = [form["subject_token"] for form in workspace.requests_for("/oidc/v1/token")]
    assert (credentials.auth_type, sent) == ("file-oidc", ["first", "second"])


PROFILES = """
[DEFAULT]
host = {host}
token = of-default

[other]
host = {host}
client_id = id
client_secret = canary-3f1b
"""


@pytest.mark.parametrize(
    ("profile", "expected"),
    [("", ("pat", "of-default")), ("other", ("oauth-m2m", "token-1"))],
    ids=["default", "named"],
)
def test_profile_of_the_databricks_cli(
    workspace: Workspace,
    environ: Environ,
    tmp_path: Path,
    profile: str,
    expected: tuple[str, str],
) -> None:
    """On a laptop `~/.databrickscfg` is enough, the host included."""
    (tmp_path / ".databrickscfg").write_text(PROFILES.format(host=workspace.host))
    environ(DATABRICKS_CONFIG_PROFILE=profile)
    credentials = Credentials(workspace.host, in_job=False)
    assert (credentials.auth_type, credentials.token) == expected
    assert not profile or CANARY in credentials.secrets


def test_default_profile_of_another_workspace_is_not_used(
    workspace: Workspace, tmp_path: Path
) -> None:
    """The token of the default profile is not sent to a host that is set to another."""
    (tmp_path / ".databrickscfg").write_text(PROFILES.format(host="https://other.net"))
    assert "none found" in str(refused(workspace.host))


def test_broken_profile_file_is_not_quoted(environ: Environ, tmp_path: Path) -> None:
    """What the parser says of a file holds its lines, so only the file is named."""
    file = tmp_path / "profiles"
    file.write_text("[DEFAULT\ntoken = canary")
    environ(DATABRICKS_CONFIG_FILE=str(file))
    assert str(refused(None)).startswith(f"credentials: {file} cannot be read")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "credentials: none found, and no host either; set DATABRICKS_HOST and"),
        ({"DATABRICKS_HOST": "{host}"}, "credentials: none found; set DATABRICKS_HOST and"),
        ({"DATABRICKS_HOST": "{host}", **BASIC}, "credentials: basic gives no token"),
        (
            {"DATABRICKS_HOST": "{host}", **M2M, "DATABRICKS_CLIENT_SECRET": "wrong"},
            "credentials: the login at {netloc} failed: invalid_client: bad ***** secret",
        ),
        (
            {"DATABRICKS_HOST": "{host}", "DATABRICKS_CONFIG_PROFILE": "nope"},
            "credentials: none found with the profile nope",
        ),
    ],
    ids=["nothing", "host only", "basic", "wrong secret", "no such profile"],
)
def test_no_credentials(
    workspace: Workspace, environ: Environ, variables: dict[str, str], expected: str
) -> None:
    """Missing, useless and refused credentials are one line with the way out, exit 2."""
    places = {"host": workspace.host, "netloc": workspace.host.removeprefix("http://")}
    environ(**{name: value.format(**places) for name, value in variables.items()})
    error = refused(None)
    assert isinstance(error, ProjectError)
    assert str(error).startswith(expected.format(**places))


def test_no_browser_in_a_job(workspace: Workspace, environ: Environ) -> None:
    """A job refuses a login that needs a person before anything is asked for."""
    environ(DATABRICKS_AUTH_TYPE="external-browser", DATABRICKS_HOST=workspace.host)
    error = refused(None, in_job=True)
    assert isinstance(error, ProjectError)
    assert "needs a person" in str(error)
    assert workspace.asked == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("other.net", "{host}"),
        ("http://other.net", ""),
        ("https://u:canary@other.net", ""),
        (None, "https://other.net/?o=1"),
    ],
    ids=["two hosts", "plain http", "password", "path"],
)
def test_host_that_gets_no_secret(
    workspace: Workspace, environ: Environ, wanted: str | None, found: str
) -> None:
    """A secret is sent only to the host that it is for, and only over https."""
    environ(DATABRICKS_HOST=found.format(host=workspace.host), **PAT)
    error = refused(wanted)
    assert isinstance(error, SettingsError)
    assert str(error).startswith("host: ")
    assert workspace.asked == []


def put_runtime(monkeypatch: pytest.MonkeyPatch, host: str, fixed: str = "") -> list[int]:
    """What a runtime offers to the SDK, a new token each time unless it is fixed.

    Returns:
        The threads that asked it for a token.
    """
    asked: list[int] = []

    def headers() -> dict[str, str]:
        asked.append(threading.get_ident())
        return {"Authorization": f"Bearer {fixed or f'native-{len(asked)}'}"}

    spaces = SimpleNamespace(get_namespace_globals=dict)
    runtime: Any = ModuleType("dbruntime")
    runtime.UserNamespaceInitializer = SimpleNamespace(getOrCreate=lambda: spaces)
    login: Any = ModuleType("dbruntime.sdk_credential_provider")
    login.init_runtime_native_auth = lambda: (host, headers)
    monkeypatch.setitem(sys.modules, "dbruntime", runtime)
    monkeypatch.setitem(sys.modules, "dbruntime.sdk_credential_provider", login)
    monkeypatch.delitem(sys.modules, "databricks.sdk.runtime", raising=False)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    return asked


def test_job_logs_in_with_nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host and token come from the runtime, which is asked again every minute, here alone."""
    asked = put_runtime(monkeypatch, "https://adb-1.2.azuredatabricks.net")
    clock = Clock()
    credentials = Credentials(in_job=True, now=clock)
    assert (credentials.auth_type, credentials.host) == ("runtime", "adb-1.2.azuredatabricks.net")
    assert (credentials.token, credentials.expires_at) == ("native-1", None)
    clock.time += 59
    credentials.renew()
    assert credentials.config.authenticate() == bearer("native-1")
    clock.time += 2
    credentials.renew()
    assert credentials.config.authenticate() == bearer("native-2")
    assert set(asked) == {threading.get_ident()}


def test_job_stays_in_its_workspace(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    """A host that is not the job's own is refused, and never asked."""
    put_runtime(monkeypatch, "https://adb-1.2.azuredatabricks.net")
    error = refused(workspace.host, in_job=True)
    assert isinstance(error, SettingsError)
    assert "the credentials found are for adb-1.2.azuredatabricks.net" in str(error)
    assert workspace.asked == []


@pytest.mark.parametrize("as_jwt", [False, True], ids=["opaque", "jwt"])
@pytest.mark.parametrize("life", [3, 3600])
def test_token_is_renewed_at_four_fifths_of_its_life(
    workspace: Workspace,
    environ: Environ,
    monkeypatch: pytest.MonkeyPatch,
    life: int,
    as_jwt: bool,
) -> None:
    """Each token is kept to 80% of its life and then replaced, by the calling thread alone."""
    clock = Clock()
    workspace.life, workspace.as_jwt, workspace.clock = life, as_jwt, clock
    environ(**M2M)
    threads: list[int] = []
    post = requests.post

    def watched(*args: Any, **options: Any) -> requests.Response:
        threads.append(threading.get_ident())
        return post(*args, **options)

    monkeypatch.setattr(requests, "post", watched)
    credentials = Credentials(workspace.host, in_job=False, now=clock)
    seen = [credentials.token]
    for _ in range(3):
        assert credentials.expires_at
        left = credentials.expires_at - clock()
        assert left == pytest.approx(life, abs=1)
        clock.time += 0.79 * left
        assert credentials.renew() is None
        assert credentials.token == seen[-1]
        clock.time += 0.02 * left
        assert credentials.renew() is None
        seen.append(credentials.token)
    assert len(set(seen)) == 4
    assert set(seen) <= credentials.secrets
    assert set(threads) == {threading.get_ident()}
    # the SDK would else renew in a thread of its own, from the middle of a life on
    assert credentials._source.disable_async_token_refresh is True


def test_renewal_needs_no_hidden_variable(
    workspace: Workspace, environ: Environ, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secrets that dbt must not see are needed once; the name of the login stays known."""
    environ(DATABRICKS_HOST=workspace.host, **M2M)
    clock = Clock()
    credentials = Credentials(in_job=False, now=clock)
    for name in credentials.hidden_variables:
        monkeypatch.delenv(name, raising=False)
    assert CANARY not in os.environ.values()
    clock.time += 3000
    assert credentials.renew() is None
    assert credentials.config.authenticate() == bearer("token-2")


def test_variables_hidden_from_dbt(workspace: Workspace, environ: Environ) -> None:
    """All that the SDK would log in with is hidden, but not what a renewal reads again."""
    named = {"DATABRICKS_OIDC_TOKEN_ENV": "MY_TOKEN", "MY_TOKEN": "canary-id"}
    environ(DATABRICKS_CLIENT_ID="id", **named)
    credentials = Credentials(workspace.host, in_job=False)
    assert credentials.auth_type == "env-oidc"
    assert "canary-id" in credentials.secrets
    assert "MY_TOKEN" not in credentials.hidden_variables
    assert credentials.hidden_variables >= {
        "DATABRICKS_TOKEN",
        "DATABRICKS_PASSWORD",
        "DATABRICKS_CLIENT_ID",
        "DATABRICKS_CLIENT_SECRET",
        "DATABRICKS_AUTH_TYPE",
        "DATABRICKS_CONFIG_PROFILE",
        "DATABRICKS_OIDC_TOKEN_FILE",
        "ARM_CLIENT_SECRET",
        "GOOGLE_CREDENTIALS",
    }


def test_failed_renewal_is_told_once_and_made_up_for(
    workspace: Workspace, environ: Environ
) -> None:
    """The token in use stays, the reason is told once in a row, and a later try succeeds."""
    environ(**M2M)
    clock = Clock()
    credentials = Credentials(workspace.host, in_job=False, now=clock)
    workspace.broken = 503
    clock.time += 3000
    told = credentials.renew()
    assert told
    assert "cannot serve the login now: 503" in told
    asked = len(workspace.asked)
    clock.time += 29
    assert credentials.renew() is None
    assert len(workspace.asked) == asked
    clock.time += 2
    assert credentials.renew() is None
    assert len(workspace.asked) > asked
    assert credentials.config.authenticate() == bearer("token-1")
    workspace.broken = 0
    clock.time += 31
    assert credentials.renew() is None
    assert credentials.config.authenticate() == bearer("token-2")


def test_secret_revoked_during_the_run_is_not_told(workspace: Workspace, environ: Environ) -> None:
    """The reason of a failed renewal holds no secret, even if the host repeats it."""
    environ(**{**M2M, "DATABRICKS_CLIENT_SECRET": "revoked"})
    clock = Clock()
    credentials = Credentials(workspace.host, in_job=False, now=clock)
    workspace.known = "another"
    clock.time += 3000
    told = credentials.renew()
    assert told
    assert "invalid_client: bad ***** secret" in told


def test_token_that_nobody_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that outlives a token for which there is no other is warned once."""
    clock = Clock()
    fixed = as_jwt(clock(), 3600, "fixed")
    put_runtime(monkeypatch, "https://adb-1.2.azuredatabricks.net", fixed)
    credentials = Credentials(in_job=True, now=clock)
    assert credentials.expires_at == clock() + 3600
    told = []
    for _ in range(200):
        clock.time += 30
        told.append(credentials.renew())
    assert [text for text in told if text] == [
        "credentials: the token of runtime has expired, and no other comes; it is tried again"
    ]
    assert told.index(next(filter(None, told))) * 30 == pytest.approx(3600, abs=60)


def test_token_without_an_end_is_kept(workspace: Workspace, environ: Environ) -> None:
    """A personal access token costs no request, however long the run."""
    environ(**PAT)
    clock = Clock()
    credentials = Credentials(workspace.host, in_job=False, now=clock)
    asked = len(workspace.asked)
    for _ in range(10):
        clock.time += 3600
        assert credentials.renew() is None
    assert (credentials.token, credentials.expires_at) == ("dapi-canary", None)
    assert len(workspace.asked) == asked


def test_slow_clock_does_not_lengthen_a_life(workspace: Workspace, environ: Environ) -> None:
    """A token's own life counts, where this machine's clock is half an hour behind."""
    workspace.as_jwt = True
    environ(**M2M)
    clock = Clock(time.time() - 1800)
    credentials = Credentials(workspace.host, in_job=False, now=clock)
    assert credentials.expires_at
    assert credentials.expires_at - clock() == pytest.approx(3600, abs=1)


def test_readers_see_the_token_of_now(workspace: Workspace, environ: Environ) -> None:
    """A client made before a renewal sends the new token after it, and asks for none itself."""
    environ(DATABRICKS_HOST=workspace.host, **M2M, **PAT)
    clock = Clock()
    credentials = Credentials(in_job=False, now=clock)
    ws = WorkspaceClient(config=credentials.config)
    logins = len(workspace.asked)
    assert ws.current_user.me().user_name == "Bearer token-1"
    clock.time += 3000
    assert ws.current_user.me().user_name == "Bearer token-1"
    assert len(workspace.asked) == logins + 2
    assert [sent["workspace"] for _, sent in workspace.asked[logins:]] == ["7", "7"]
    credentials.renew()
    assert ws.current_user.me().user_name == "Bearer token-2"


def test_copies_of_a_reader_see_the_token_of_now(workspace: Workspace, environ: Environ) -> None:
    """dbt copies the adapter's configuration, and with it what is handed over here."""
    environ(DATABRICKS_HOST=workspace.host, **M2M)
    clock = Clock()
    credentials = Credentials(in_job=False, now=clock)
    copied = copy.deepcopy({"config": credentials.config})["config"]
    clock.time += 3000
    credentials.renew()
    assert copied.authenticate() == {"authorization": "Bearer token-2"}


def test_readers_hold_no_secret(workspace: Workspace, environ: Environ) -> None:
    """What dbt gets has nothing to log in with, though the environment has."""
    environ(DATABRICKS_HOST=workspace.host, **M2M, **PAT)
    credentials = Credentials(in_job=False)
    asked = len(workspace.asked)
    config = credentials.reader(http_timeout_seconds=7)
    assert config.http_timeout_seconds == 7
    assert "canary" not in f"{config.as_dict()}{vars(config)}{config!r}"
    assert len(workspace.asked) == asked


def test_closed_port() -> None:
    """A host that nobody listens on is a transient failure that names it, in bounded time."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
    check_silent(place)


def test_host_that_never_answers() -> None:
    """A host that takes connections and says nothing is given up in bounded time."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        check_silent(f"127.0.0.1:{mute.getsockname()[1]}")


def check_silent(place: str) -> None:
    """Every method gives up in time; the methods differ in whether they ask the host at all."""
    for variables in (M2M, PAT, OIDC, {}):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            began = time.monotonic()
            error = refused(f"http://{place}", limit=0.3)
            assert time.monotonic() - began < 0.3 + 0.5
        assert isinstance(error, TransientError)
        assert str(error).startswith(f"host: {place} does not answer: ")


def test_login_that_never_answers(workspace: Workspace, environ: Environ) -> None:
    """A token that does not come is given up in bounded time, at the start and at a renewal."""
    environ(**M2M)
    clock = Clock()
    credentials = Credentials(workspace.host, in_job=False, time_limit=0.3, now=clock)
    workspace.flowing.clear()
    began = time.monotonic()
    error = refused(workspace.host, limit=0.3)
    assert isinstance(error, TransientError)
    clock.time += 3000
    told = credentials.renew()
    assert told
    assert "does not answer" in told
    assert time.monotonic() - began < 2 * (0.3 + 0.5)
    workspace.flowing.set()


def test_sdk_is_left_as_it_was(workspace: Workspace, environ: Environ) -> None:
    """The time limit of a login ends with it, for other users of the SDK in this process."""
    from databricks.sdk import config, credentials_provider, oauth, oidc_token_supplier

    modules = (config, credentials_provider, oauth, oidc_token_supplier)
    before = [dict(vars(module)) for module in modules]
    environ(**M2M)
    Credentials(workspace.host, in_job=False)
    assert [dict(vars(module)) for module in modules] == before


def test_sensitive_variables_of_the_sdk_are_known() -> None:
    """What the SDK calls sensitive is hidden where there is no login as well."""
    names = {name for a in ATTRIBUTES if a.sensitive for name in (a.env, *a.env_aliases) if name}
    assert names <= LOGIN_VARIABLES
    assert set(_ID_TOKENS) <= LOGIN_VARIABLES
