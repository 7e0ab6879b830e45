"""What is made sure of on Databricks before dbt sends SQL: warehouse, catalog, schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from unittest.mock import create_autospec

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import (
    BadRequest,
    InvalidParameterValue,
    NotFound,
    PermissionDenied,
    ResourceConflict,
    TemporarilyUnavailable,
)
from databricks.sdk.service.catalog import (
    CatalogInfo,
    EffectivePermissionsList,
    EffectivePrivilege,
    EffectivePrivilegeAssignment,
    Privilege,
    SchemaInfo,
)
from databricks.sdk.service.iam import ComplexValue, User
from databricks.sdk.service.sql import (
    EndpointHealth,
    EndpointInfo,
    GetWarehouseResponse,
    State,
    Status,
    TerminationReason,
    TerminationReasonCode,
    TerminationReasonType,
)

from dbt_runner.errors import ProjectError, RunnerError, SettingsError, TransientError
from dbt_runner.warehouse.connection import Address
from dbt_runner.warehouse.preflight import Preflight
from dbt_runner.warehouse.rest_api import RestApi
from dbt_runner.warehouse.sql_warehouse import Warehouse, find

HOST = "acme.cloud.databricks.com"
ROBOT = "0a1b2c3d-0000-4000-8000-123456789abc"
PATH = "/sql/1.0/warehouses/abc123"
NO_SCOPE = PermissionDenied("Provided access token does not have required scopes: unity-catalog")
SICK = EndpointHealth(
    status=Status.FAILED,
    summary="No machines left.",
    failure_reason=TerminationReason(
        code=TerminationReasonCode.CLOUD_PROVIDER_LAUNCH_FAILURE,
        type=TerminationReasonType.CLOUD_FAILURE,
    ),
)
WRONG = EndpointHealth(
    status=Status.FAILED,
    failure_reason=TerminationReason(
        code=TerminationReasonCode.INVALID_ARGUMENT, type=TerminationReasonType.CLIENT_ERROR
    ),
)


@dataclass
class Bench:
    """A workspace whose warehouse follows a timetable, under a clock that only sleeping moves.

    The timetable's seconds count from the request to start.
    """

    timetable: list[tuple[float, State, EndpointHealth | None]]
    ws: Any = field(default_factory=lambda: create_autospec(WorkspaceClient))
    now: float = 0
    cancelled_at: float = float("inf")
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    started_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ws.warehouses.get.side_effect = self._look
        self.ws.warehouses.start.side_effect = lambda _: self.started_at.append(self.now)
        self.ws.catalogs.get.return_value = CatalogInfo(name="main", owner="somebody")
        self.ws.schemas.get.return_value = SchemaInfo(name="sales")
        groups = [ComplexValue(display="Engineers")]
        self.ws.current_user.me.return_value = User(user_name=ROBOT, groups=groups)

    @property
    def api(self) -> RestApi:
        """The workspace as the parts under test ask it."""
        return RestApi(
            self.ws,
            HOST,
            lambda: self.now >= self.cancelled_at,
            clock=lambda: self.now,
            sleep=self._sleep,
        )

    def preflight(self, warehouse: Warehouse | None = None, deadline: float = 900) -> Preflight:
        """A preflight that tells this bench."""
        chosen = warehouse or Warehouse(PATH, "abc123")
        return Preflight(self.api, chosen, self._notice, deadline=deadline)

    def check(self, deadline: float = 900) -> None:
        """Check the warehouse, and the schema `main.sales`."""
        self.preflight(deadline=deadline).check("main", "sales")

    def events(self) -> list[str]:
        """The events told."""
        return [event for event, _ in self.told]

    def _look(self, _id: str) -> GetWarehouseResponse:
        seconds = self.now - self.started_at[0] if self.started_at else 0
        _, state, health = [row for row in self.timetable if row[0] <= seconds][-1]
        return GetWarehouseResponse(id="abc123", name="Reports", state=state, health=health)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def _notice(self, event: str, **facts: Any) -> None:
        self.told.append((event, facts))


def bench(*rows: tuple[Any, ...]) -> Bench:
    """A bench with rows of seconds, state and maybe health; without any the warehouse runs."""
    timetable = [(*row, None)[:3] for row in rows or [(0, State.RUNNING)]]
    return Bench(timetable)  # type: ignore[arg-type]


def refusal(place: Bench) -> RunnerError:
    """The error that the check ends with."""
    with pytest.raises(RunnerError) as caught:
        place.check()
    assert "\n" not in str(caught.value)
    return caught.value


# Which warehouse


def listed(*names: str) -> Bench:
    """A workspace with warehouses of these names and the ids id0, id1 and so on."""
    place = bench()
    infos = [EndpointInfo(id=f"id{at}", name=name) for at, name in enumerate(names)]
    place.ws.warehouses.list.return_value = iter(infos)
    return place


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param({"warehouse_id": "a1"}, Warehouse("/sql/1.0/warehouses/a1", "a1"), id="id"),
        pytest.param({"http_path": PATH}, Warehouse(PATH, "abc123"), id="path"),
        pytest.param(
            {"http_path": "/sql/1.0/endpoints/a1?o=12"},
            Warehouse("/sql/1.0/endpoints/a1?o=12", "a1"),
            id="older-path-with-workspace",
        ),
        pytest.param(
            {"http_path": "/sql/protocolv1/o/12/0101-b-c"},
            Warehouse("/sql/protocolv1/o/12/0101-b-c", None),
            id="cluster",
        ),
    ],
)
def test_id_and_path_are_known_without_asking(given: dict[str, str], found: Warehouse) -> None:
    """dbt can be told where to connect to before the workspace has answered."""
    place = bench()
    assert find(place.api, Address(**given)) == found
    assert place.ws.mock_calls == []


def test_name_is_looked_up() -> None:
    """Of several warehouses, the one of exactly this name is taken."""
    place = listed("Reports old", "Reports", "reports")
    assert find(place.api, Address(warehouse="Reports")) == Warehouse(
        "/sql/1.0/warehouses/id1", "id1", "Reports"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(
            {"warehouse": "Report"},
            ["warehouse: 'Report'", HOST, ROBOT, "did you mean 'Reports'?"],
            id="near-name",
        ),
        pytest.param(
            {"warehouse": "x"},
            ["warehouse: 'x' is no warehouse", "`databricks warehouses list` shows"],
            id="unknown-name",
        ),
        pytest.param(
            {"warehouse": "Twin"},
            ["'Twin' is the name of 2", "give warehouse_id instead, one of id1, id2"],
            id="name-of-two",
        ),
    ],
)
def test_unclear_warehouse_is_a_wrong_setting(given: dict[str, str], words: list[str]) -> None:
    """What names no warehouse, or more than one, is refused with what would."""
    place = listed("Reports", "Twin", "Twin")
    with pytest.raises(SettingsError) as caught:
        find(place.api, Address(**given))
    assert [word for word in words if word not in str(caught.value)] == []


def test_list_out_of_reach_leads_to_the_id() -> None:
    """A token that may not list warehouses can still be given an id."""
    place = bench()
    place.ws.warehouses.list.side_effect = NO_SCOPE
    with pytest.raises(ProjectError, match=r"^warehouse: .*required scopes.*give warehouse_id$"):
        find(place.api, Address(warehouse="Reports"))


# The warehouse's start


def test_running_warehouse_costs_one_request_and_no_time() -> None:
    """Nothing is started, told or waited for where all is well."""
    place = bench()
    place.check()
    assert (place.now, place.told, place.started_at) == (0, [], [])
    place.ws.warehouses.get.assert_called_once_with("abc123")


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([(0, State.STOPPED), (1, State.STARTING)], id="stopped"),
        pytest.param([(0, State.STOPPED), (9, State.STARTING)], id="slow-to-say-so"),
        pytest.param([(0, State.STOPPED, SICK), (2, State.STARTING)], id="failed-before"),
        pytest.param([(0, State.STOPPING), (5, State.STARTING)], id="stopping"),
        pytest.param([(0, State.STOPPED), (2, None), (4, State.STARTING)], id="unknown-state"),
    ],
)
def test_sleeping_warehouse_is_started_once_and_awaited(rows: list[Any]) -> None:
    """Asked to start at once; that it still sleeps for some seconds then is no failure."""
    place = bench(*rows, (25, State.RUNNING))
    place.check()
    assert place.started_at == [0]
    assert 25 <= place.now <= 30
    event, facts = place.told[-1]
    assert event == "warehouse.started"
    assert facts["seconds"] == pytest.approx(place.now, abs=0.1)
    assert (facts["warehouse"], facts["warehouse_id"]) == ("Reports", "abc123")


def test_starting_warehouse_is_only_awaited() -> None:
    """Somebody else's start serves as well."""
    place = bench((0, State.STARTING))
    place.cancelled_at = 3
    place.check()
    assert place.started_at == []
    assert place.events() == ["warehouse.starting"]


def test_warehouse_that_fell_asleep_again_is_asked_again() -> None:
    """A start that was lost, or stopped by somebody, is asked for anew after a while."""
    place = bench((0, State.STOPPED), (2, State.STARTING), (20, State.STOPPED), (60, State.RUNNING))
    place.check()
    assert len(place.started_at) == 4
    gaps = [later - at for at, later in pairwise(place.started_at)]
    assert min(gaps) >= 15


def test_warehouse_that_stops_is_asked_until_it_takes_the_wish() -> None:
    """A start is refused while the warehouse is going down, and accepted when it is down."""
    place = bench((0, State.STOPPING))
    asked: list[float] = []

    def start(_id: str) -> None:
        asked.append(place.now)
        if len(asked) < 3:
            conflict = "warehouse is stopping"
            raise ResourceConflict(conflict)
        place.started_at.append(place.now)
        place.timetable = [(0, State.STARTING, None), (5, State.RUNNING, None)]

    place.ws.warehouses.start.side_effect = start
    place.check()
    assert len(asked) == 3
    assert place.events()[-1] == "warehouse.started"


def test_progress_is_told_every_ten_seconds() -> None:
    """A person sees that the start goes on, but not at every look."""
    place = bench((0, State.STOPPED), (2, State.STARTING), (58, State.RUNNING))
    place.check()
    seconds = [facts["seconds"] for event, facts in place.told if event == "warehouse.starting"]
    assert seconds[0] == 0
    assert [later - at for at, later in pairwise(seconds)] == [pytest.approx(12, abs=3)] * (
        len(seconds) - 1
    )
    assert 4 <= len(seconds) <= 6
    looks = place.ws.warehouses.get.call_count
    assert 12 <= looks <= 20


def test_start_beyond_the_deadline_is_worth_another_run() -> None:
    """Nobody waits forever; the message says how far it got and what ails it."""
    place = bench((0, State.STOPPED), (1, State.STARTING, SICK))
    with pytest.raises(TransientError) as caught:
        place.check(deadline=120)
    assert 120 <= place.now <= 126
    text = str(caught.value)
    assert text.startswith("warehouse: 'Reports' (abc123) is still STARTING after 12")
    assert "FAILED: CLOUD_PROVIDER_LAUNCH_FAILURE: No machines left." in text


@pytest.mark.parametrize(
    ("rows", "exit_code", "words"),
    [
        pytest.param(
            [(0, State.STOPPED), (2, State.STARTING), (30, State.STOPPED, SICK)],
            5,
            "failed to start: FAILED: CLOUD_PROVIDER_LAUNCH_FAILURE: No machines left.",
            id="no-machines",
        ),
        pytest.param(
            [(0, State.STOPPED), (2, State.STARTING), (30, State.STOPPING, WRONG)],
            2,
            "failed to start: FAILED: INVALID_ARGUMENT; look at it under SQL Warehouses",
            id="wrongly-configured",
        ),
        pytest.param(
            [(0, State.STOPPED, SICK)], 5, "failed to start: FAILED", id="starting-never-seen"
        ),
        pytest.param([(0, State.DELETED)], 2, "it is DELETED; `databricks", id="deleted"),
        pytest.param(
            [(0, State.STOPPED), (2, State.STARTING), (9, State.DELETING)],
            2,
            "does not exist on acme.cloud.databricks.com: it is DELETING",
            id="deleted-meanwhile",
        ),
    ],
)
def test_failed_start_ends_the_wait(rows: list[Any], exit_code: int, words: str) -> None:
    """A start that came to nothing is told at once, with its reason."""
    place = bench(*rows)
    error = refusal(place)
    assert (error.exit_code, place.now < 60) == (exit_code, True)
    assert str(error).startswith("warehouse: 'Reports' (abc123) ") or "abc123" in str(error)
    assert words in str(error)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(NotFound("SQL warehouse abc123 does not exist."), id="404"),
        pytest.param(InvalidParameterValue("abc123 is not a valid endpoint id."), id="400"),
    ],
)
def test_unknown_warehouse(error: Exception) -> None:
    """An id that is none is named, with the command that shows those that are."""
    place = bench()
    place.ws.warehouses.get.side_effect = error
    caught = refusal(place)
    assert isinstance(caught, SettingsError)
    assert str(caught).startswith("warehouse: abc123 does not exist on acme.cloud.databricks.com: ")
    assert "`databricks warehouses list`" in str(caught)
    place.ws.catalogs.get.assert_not_called()


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        pytest.param(ROBOT, "service_principal_name", id="service-principal"),
        pytest.param("ann@acme.com", "user_name", id="user"),
        pytest.param(None, "user_name", id="unknown"),
    ],
)
@pytest.mark.parametrize("call", ["get", "start"])
def test_missing_grant_on_the_warehouse(call: str, who: str | None, kind: str) -> None:
    """Whoever may not see or start a warehouse gets the command that grants it."""
    place = bench((0, State.STOPPED))
    getattr(place.ws.warehouses, call).side_effect = PermissionDenied("You do not have permission")
    place.ws.current_user.me.return_value = User(user_name=who)
    caught = refusal(place)
    assert isinstance(caught, ProjectError)
    name = who or "<you>"
    assert f"may not be used by {name}: You do not have permission; grant CAN USE: " in str(caught)
    assert str(caught).endswith(
        'databricks warehouses update-permissions abc123 --json \'{"access_control_list": '
        f'[{{"{kind}": "{name}", "permission_level": "CAN_USE"}}]}}\''
    )


def test_refused_start_is_told() -> None:
    """What else the workspace has against a start is no reason to wait."""
    place = bench((0, State.STOPPED))
    place.ws.warehouses.start.side_effect = BadRequest("quota of warehouses is used up")
    caught = refusal(place)
    assert (caught.exit_code, place.now) == (2, 0)
    assert str(caught).startswith("warehouse: 'Reports' (abc123) cannot be started: ")
    assert "quota of warehouses is used up" in str(caught)


def test_degraded_warehouse_is_used_with_a_warning() -> None:
    """It runs, so the run goes on; but a slow run has its explanation."""
    health = EndpointHealth(status=Status.DEGRADED, summary="Some\nclusters failed.")
    place = bench((0, State.RUNNING, health))
    place.check()
    [(event, facts)] = place.told
    assert (event, facts["level"]) == ("warehouse.degraded", "warning")
    assert facts["reason"] == "DEGRADED: Some clusters failed."


def test_cluster_is_not_looked_after() -> None:
    """A cluster is no warehouse: only catalog and schema are checked."""
    place = bench()
    place.preflight(Warehouse("sql/protocolv1/o/1/c", None)).check("main", "sales")
    assert place.ws.warehouses.mock_calls == []
    place.ws.schemas.get.assert_called_once_with("main.sales")


@pytest.mark.parametrize("at", [0, 0.5, 3, 47])
def test_cancelled_run_is_not_held_up(at: float) -> None:
    """The wait ends in well under a second after the wish, without an error."""
    place = bench((0, State.STOPPED), (1, State.STARTING))
    place.cancelled_at = at
    place.check()
    assert at <= place.now < at + 0.5
    assert "warehouse.started" not in place.events()
    assert place.started_at == ([] if at == 0 else [0])


def test_failure_of_a_cancelled_run_is_no_verdict() -> None:
    """An overloaded host that is given up because of the cancellation is not reported."""
    place = bench()
    place.ws.warehouses.get.side_effect = TemporarilyUnavailable("overloaded")
    place.cancelled_at = 5
    place.check()
    assert 5 <= place.now < 5.5


# Catalog and schema


def test_grants_are_looked_at_while_the_warehouse_starts() -> None:
    """The start is asked for first; a missing grant then shows before the wait."""
    place = bench((0, State.STOPPED), (1, State.STARTING))
    place.ws.catalogs.get.side_effect = NotFound("Catalog 'main' does not exist.")
    refusal(place)
    assert (place.started_at, place.now) == ([0], 0)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param(NotFound("Catalog 'main' does not exist."), SettingsError, id="missing"),
        pytest.param(
            PermissionDenied("User does not have USE CATALOG on Catalog 'main'."),
            ProjectError,
            id="no-grant",
        ),
    ],
)
def test_catalog_that_cannot_be_used(error: Exception, kind: type[RunnerError]) -> None:
    """Whether it is missing or hidden, the way out is on the line."""
    place = bench()
    place.ws.catalogs.get.side_effect = error
    caught = refusal(place)
    assert type(caught) is kind
    start = f"catalog: 'main' does not exist on {HOST} or may not be used: {error}".strip(".")
    assert str(caught).startswith(start)
    assert str(caught).endswith(f"GRANT USE CATALOG ON CATALOG `main` TO `{ROBOT}`")


def test_schema_without_its_grant() -> None:
    """A schema that exists but is closed is refused with the grants that a build needs."""
    place = bench()
    place.ws.schemas.get.side_effect = PermissionDenied("User does not have USE SCHEMA")
    caught = refusal(place)
    assert isinstance(caught, ProjectError)
    assert str(caught) == (
        "schema: main.sales may not be used: User does not have USE SCHEMA; GRANT USE SCHEMA, "
        f"SELECT, MODIFY, CREATE TABLE ON SCHEMA `main`.`sales` TO `{ROBOT}`"
    )


def granted(place: Bench, *grants: tuple[str, Privilege]) -> None:
    """Let the schema be missing, and the catalog have these grants, one per page."""
    place.ws.schemas.get.side_effect = NotFound("Schema 'main.sales' does not exist.")
    assignments = [
        EffectivePrivilegeAssignment(who, [EffectivePrivilege(privilege=what)])
        for who, what in grants
    ]
    pages = [
        EffectivePermissionsList(f"page{at}", [assignment])
        for at, assignment in enumerate(assignments)
    ]
    place.ws.grants.get_effective.side_effect = [*pages, EffectivePermissionsList()]


@pytest.mark.parametrize(
    ("owner", "grants", "warned"),
    [
        pytest.param(ROBOT, [], False, id="owner"),
        pytest.param("engineers", [], False, id="group-is-owner"),
        pytest.param("x", [(ROBOT.upper(), Privilege.CREATE_SCHEMA)], False, id="granted"),
        pytest.param("x", [("Engineers", Privilege.ALL_PRIVILEGES)], False, id="group-granted"),
        pytest.param("x", [("account users", Privilege.CREATE_SCHEMA)], False, id="everybody"),
        pytest.param(
            "x",
            [("other", Privilege.CREATE_SCHEMA), (ROBOT, Privilege.CREATE_SCHEMA)],
            False,
            id="second-page",
        ),
        pytest.param("x", [("other", Privilege.CREATE_SCHEMA)], True, id="somebody-else"),
        pytest.param("x", [(ROBOT, Privilege.USE_CATALOG)], True, id="other-privilege"),
        pytest.param("x", [(ROBOT, Privilege.MANAGE)], True, id="manage-alone"),
        pytest.param("x", [], True, id="none"),
    ],
)
def test_missing_schema(owner: str, grants: list[tuple[str, Privilege]], *, warned: bool) -> None:
    """Who can hardly create it is warned, not refused: not all groups can be seen."""
    place = bench()
    place.ws.catalogs.get.return_value = CatalogInfo(name="main", owner=owner)
    granted(place, *grants)
    place.check()
    assert place.events() == (["schema.not_creatable"] if warned else [])
    if warned:
        [(_, facts)] = place.told
        assert (facts["level"], facts["schema"]) == ("warning", "main.sales")
        assert facts["fix"] == f"GRANT CREATE SCHEMA ON CATALOG `main` TO `{ROBOT}`"


@pytest.mark.parametrize(
    ("who", "grants"),
    [
        pytest.param(PermissionDenied("no SCIM"), None, id="principal"),
        pytest.param(None, PermissionDenied("not the owner"), id="grants"),
    ],
)
def test_unreadable_grants_warn_nobody(who: Exception | None, grants: Exception | None) -> None:
    """What cannot be found out is left to dbt's own `create schema`."""
    place = bench()
    granted(place)
    if who:
        place.ws.current_user.me.side_effect = who
    if grants:
        place.ws.grants.get_effective.side_effect = grants
    place.check()
    assert [facts["level"] for _, facts in place.told] in ([], ["debug"])


@pytest.mark.parametrize("call", ["warehouses", "catalogs", "schemas"])
def test_token_without_the_scope_goes_on(call: str) -> None:
    """A token made for SQL alone says nothing about its principal's grants."""
    place = bench()
    getattr(place.ws, call).get.side_effect = NO_SCOPE
    place.check()
    [(event, facts)] = place.told
    assert (event, facts["level"]) == (
        "warehouse.unchecked" if call == "warehouses" else "catalog.unchecked",
        "debug",
    )
    assert "required scopes" in facts["reason"]


def test_legacy_catalog_is_not_in_unity_catalog() -> None:
    """Of `hive_metastore` Unity Catalog's API knows nothing."""
    place = bench()
    place.preflight().check("hive_metastore", "sales")
    assert place.ws.catalogs.mock_calls == place.ws.schemas.mock_calls == []


def test_further_schemas_cost_only_what_is_new() -> None:
    """What the plan adds is looked at; a catalog or schema that was seen is not asked for again."""
    place = bench()
    preflight = place.preflight()
    preflight.check("main", "sales")
    preflight.check_schemas([("main", "sales"), ("main", "marts"), ("other", "marts")])
    catalogs = [call.args[0] for call in place.ws.catalogs.get.call_args_list]
    schemas = [call.args[0] for call in place.ws.schemas.get.call_args_list]
    assert catalogs == ["main", "other"]
    assert schemas == ["main.sales", "main.marts", "other.marts"]


def test_overload_in_the_middle_of_the_start_is_ridden_out() -> None:
    """A 503 while waiting is asked again, so it does not end the wait."""
    place = bench((0, State.STOPPED), (1, State.STARTING), (20, State.RUNNING))
    look: Callable[[str], Any] = place.ws.warehouses.get.side_effect
    count = iter(range(1000))

    def flaky(warehouse_id: str) -> Any:
        if next(count) % 3 == 1:
            reason = "overloaded"
            raise TemporarilyUnavailable(reason)
        return look(warehouse_id)

    place.ws.warehouses.get.side_effect = flaky
    place.check()
    assert place.events()[-1] == "warehouse.started"
