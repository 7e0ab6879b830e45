"""What a test asks of the bench itself, below `/_bench/`; no token is needed there.

| path | body | |
|---|---|---|
| `GET accepted` | | requests that start runs, as accepted; `created` tells a new run |
| `GET requests` | | every request: method, path, status (0: no answer was sent) |
| `POST faults` | `{"faults": [Fault…]}` | replaces the faults; `GET` tells them |
| `POST switches` | `{"retry_scale": 0.1, …}` | see `Switches`; `GET` tells them |
| `POST record` | `{"job_id": 1}` | record a job's pipeline tasks; `off` ends it |
| `GET recorded` | | what was recorded |
| `POST sql` | `{"sql": "select 1"}` | ask the Spark of SQL tasks: `rows` |
| `POST reset` | | no faults, and forget the requests so far |
"""

from __future__ import annotations

from typing import Any

from jobs.server.errors import Refusal
from jobs.server.workspace import Workspace


def answer(
    workspace: Workspace, requests: list[dict[str, Any]], method: str, path: str, body: Any
) -> dict[str, Any]:
    """Answer a request of a test."""
    match method, path:
        case "POST", "faults":
            workspace.faults.replace(body["faults"])
        case "POST", "switches":
            workspace.switches.change(body)
        case "POST", "sql" if workspace.warehouse:
            return {"rows": workspace.warehouse.bench().sql(body["sql"])}
        case "POST", "record":
            workspace.recorder.ask(**body)
        case "POST", "reset":
            workspace.faults.replace([])
            workspace.accepted.clear()
            requests.clear()
        case "GET", ("faults" | "switches" | "accepted" | "requests" | "recorded"):
            pass
        case _:
            msg = f"no control: {method} {path}"
            raise Refusal(msg, "ENDPOINT_NOT_FOUND", 404)
    return {
        "accepted": workspace.accepted,
        "faults": workspace.faults.told(),
        "recorded": workspace.recorder.records,
        "requests": requests,
        "switches": vars(workspace.switches),
    }
