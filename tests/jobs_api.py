"""A stand-in for the Jobs API on loopback: jobs, runs that live by a script, and faults on demand.

It is our reading of the API, as far as the trigger client asks it. What it cannot read it refuses,
as the API does.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token-of-the-bench"  # noqa: S105 - opens nothing
PARAMETER_OBJECTS = (
    *("job_parameters", "python_named_params", "notebook_params"),
    *("python_params", "jar_params", "spark_submit_params"),
)
RUN_NOW = "/api/2.2/jobs/run-now"
GET_JOB = "/api/2.2/jobs/get"
GET_RUN = "/api/2.2/jobs/runs/get"
GET_OUTPUT = "/api/2.2/jobs/runs/get-output"
CANCEL = "/api/2.2/jobs/runs/cancel"
REPAIR = "/api/2.2/jobs/runs/repair"

Fault = str
"""`drop_before` and `drop_after` the request is done; a status such as `503` or `429:2` (with
`Retry-After`); `slow:SECONDS`; `drip:SECONDS` before each byte; `html`; `list`, another thing than
what was asked for; `empty`, an answer without it."""


def view(
    life_cycle: str, result: str | None = None, message: str = "", **fields: Any
) -> dict[str, Any]:
    """A run or a task run as it may be seen."""
    state = {"life_cycle_state": life_cycle, "state_message": message}
    if result:
        state["result_state"] = result
    return {"state": state, **fields}


SUCCESS = view("TERMINATED", "SUCCESS", start_time=1_000, end_time=61_000)
FAILED = view("TERMINATED", "FAILED", "Task build failed", start_time=1_000, end_time=61_000)
RUNNING = view("RUNNING", start_time=1_000)


@dataclass
class Run:
    """A job run.

    Attributes:
        views: how it looks at one request after the other; the last for ever.
    """

    run_id: int
    job_id: int
    request: dict[str, Any]
    views: list[dict[str, Any]]
    repairs: list[dict[str, Any]] = field(default_factory=list)


class JobsApi(ThreadingHTTPServer):
    """The server, which knows jobs and runs.

    Attributes:
        jobs: id → settings.
        lives: id of a job → the views of its runs.
        repaired: the views of a run after a repair.
        outputs: id of a task run → its output.
        faults: asked for a fault of each request by its path and the number of requests so far.
        asked: path and body, or query, of each request.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.jobs: dict[int, dict[str, Any]] = {}
        self.lives: dict[int, list[dict[str, Any]]] = {}
        self.repaired: list[dict[str, Any]] = [SUCCESS]
        self.outputs: dict[int, dict[str, Any]] = {}
        self.faults: Callable[[str, int], Fault | None] = lambda _path, _number: None
        self.runs: dict[int, Run] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.arrived: list[tuple[str, float]] = []
        self._by_token: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The host for a client."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error."""

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """What was sent to one path, in order."""
        return [body for asked, body in self.asked if asked == path]

    def fail(self, path: str, *faults: Fault | None) -> None:
        """Answer the next requests to a path with faults; `None` for one without."""
        left = list(faults)

        def next_fault(asked: str, _number: int) -> Fault | None:
            return left.pop(0) if asked == path and left else None

        self.faults = next_fault

    def take(self, path: str, facts: dict[str, Any]) -> Fault | None:
        """Note a request; the fault that it meets."""
        with self._lock:
            self.asked.append((path, facts))
            self.arrived.append((path, time.time()))
            return self.faults(path, len(self.asked))

    def answer(self, path: str, facts: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Do what a request asks for."""
        with self._lock:
            do = {
                RUN_NOW: self._run_now,
                GET_JOB: self._get_job,
                "/api/2.2/jobs/list": self._list,
                GET_RUN: self._get_run,
                GET_OUTPUT: self._get_output,
                CANCEL: self._cancel,
                REPAIR: self._repair,
            }
            return do[path](facts) if path in do else (404, {"message": f"no {path} here"})

    def start(self, job_id: int, request: dict[str, Any] | None = None) -> Run:
        """A new run."""
        run_id = 1000 + len(self.runs) + 1
        run = Run(run_id, job_id, request or {}, list(self.lives.get(job_id, [SUCCESS])))
        self.runs[run_id] = run
        return run

    def _run_now(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        fault = self._fault(body)
        if fault:
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": fault}
        token = body.get("idempotency_token")
        if token is None or token not in self._by_token:
            run = self.start(body["job_id"], body)
            if token is None:
                return 200, {"run_id": run.run_id}
            self._by_token[token] = run.run_id
        return 200, {"run_id": self._by_token[token], "number_in_job": 1}

    def _fault(self, body: dict[str, Any]) -> str | None:
        known = {"job_id", "idempotency_token", *PARAMETER_OBJECTS}
        there = [name for name in PARAMETER_OBJECTS if name in body]
        faults = []
        if set(body) - known:
            faults.append(f"unknown fields {sorted(set(body) - known)}")
        if len(there) > 1:
            faults.append(f"only one of {there}")
        if len(body.get("idempotency_token", "")) > 64:
            faults.append("idempotency_token is too long")
        for name in there:
            value = body[name]
            texts = list(value.values()) if isinstance(value, dict) else value
            if not all(isinstance(text, str) for text in texts):
                faults.append(f"{name} must hold strings")
        job = self.jobs.get(body.get("job_id", 0))
        if job is None:
            faults.append(f"Job {body.get('job_id')} does not exist.")
        elif job.get("parameters") and there not in ([], ["job_parameters"]):
            faults.append("the job defines job parameters")
        return faults[0] if faults else None

    def _get_job(self, query: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        job_id = int(query["job_id"])
        if job_id not in self.jobs:
            message = f"Job {job_id} does not exist."
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": message}
        return 200, {"job_id": job_id, "settings": self.jobs[job_id]}

    def _list(self, query: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        wanted = query.get("name", "").lower()
        found = [
            {"job_id": job_id, "settings": {"name": settings.get("name", "")}}
            for job_id, settings in self.jobs.items()
            if settings.get("name", "").lower() == wanted
        ]
        # one to a page
        page = int(query.get("page_token") or 0)
        more = {"next_page_token": str(page + 1)} if page + 1 < len(found) else {}
        return 200, {"jobs": found[page : page + 1], **more}

    def _get_run(self, query: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        run = self.runs.get(int(query["run_id"]))
        if run is None:
            message = f"Run {query['run_id']} does not exist."
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": message}
        seen = run.views.pop(0) if len(run.views) > 1 else run.views[0]
        declared = self.jobs.get(run.job_id, {}).get("parameters", [])
        sent = _resolved(run.request.get("job_parameters", {}))
        others = {n: _resolved(run.request[n]) for n in PARAMETER_OBJECTS[1:] if n in run.request}
        answer: dict[str, Any] = {
            "job_id": run.job_id,
            "run_id": run.run_id,
            "run_name": self.jobs.get(run.job_id, {}).get("name", ""),
            "run_page_url": f"{self.url}/jobs/{run.job_id}/runs/{run.run_id}",
            "job_parameters": [
                {**item, **({"value": sent[item["name"]]} if item["name"] in sent else {})}
                for item in declared
            ],
            **({"overriding_parameters": others} if others else {}),
            **seen,
        }
        if query.get("include_history") == "true":
            first = {"type": "ORIGINAL", "start_time": 1, "state": FAILED["state"]}
            now = [{**item, "state": seen["state"]} for item in run.repairs]
            answer["repair_history"] = [first, *now]
        return 200, answer

    def _get_output(self, query: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        found = self.outputs.get(int(query["run_id"]))
        return (200, found) if found else (400, {"message": "no output"})

    def _cancel(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.runs[body["run_id"]].views = [
            view("TERMINATING"),
            view("TERMINATED", "CANCELED", "Run cancelled."),
        ]
        return 200, {}

    def _repair(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        run = self.runs[body["run_id"]]
        latest = run.repairs[-1]["id"] if run.repairs else None
        going = len(run.views) > 1 and latest is not None
        if body.get("latest_repair_id") != latest or going:
            message = f"The latest repair is {latest}"
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": message}
        number = 700 + len(run.repairs) + 1
        run.repairs.append({"type": "REPAIR", "id": number, "start_time": number})
        run.views = list(self.repaired)
        return 200, {"repair_id": number}


def _resolved(value: Any) -> Any:
    """Parameters as a run shows them: references are replaced."""
    if isinstance(value, dict):
        return {name: _resolved(text) for name, text in value.items()}
    if isinstance(value, list):
        return [_resolved(text) for text in value]
    return value.replace("{{job.start_time.iso_date}}", "2026-11-24")


_ODD = {
    "html": b"<html>please log in</html>",
    "list": b'["what is this"]',
    "empty": b"{}",
}


class _Handler(BaseHTTPRequestHandler):
    server: JobsApi

    def do_GET(self) -> None:
        """Answer a query."""
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        self._serve(address.path, query)

    def do_POST(self) -> None:
        """Answer a request with a body."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._serve(self.path, json.loads(body))

    def _serve(self, path: str, facts: dict[str, Any]) -> None:
        if not path.startswith("/api/"):
            self._send(404, b"{}")
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, b'{"error_code": "UNAUTHENTICATED", "message": "who are you"}')
            return
        fault, _, figure = (self.server.take(path, facts) or "").partition(":")
        if fault.isdigit():
            text = json.dumps({"error_code": f"E{fault}", "message": f"answer {fault}"})
            self._send(int(fault), text.encode(), {"Retry-After": figure} if figure else {})
            return
        if fault == "drop_before":
            self._drop()
            return
        if fault == "slow":
            time.sleep(float(figure))
        status, answer = self.server.answer(path, facts)
        if fault == "drop_after":
            self._drop()
        elif fault in _ODD:
            self._send(200, _ODD[fault])
        elif fault == "drip":
            self._drip(json.dumps(answer).encode(), float(figure))
        else:
            self._send(status, json.dumps(answer).encode())

    def _drip(self, text: bytes, seconds: float) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        for place in range(len(text)):
            time.sleep(seconds)
            self.wfile.write(text[place : place + 1])

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, text: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[JobsApi]:
    """A server for a while."""
    with JobsApi() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
