"""The stand-ins for a run's names that a project is parsed with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentinels:
    """Names that occur nowhere else, so that they can be found again wherever they went.

    Valid identifiers in lower case, as all names of a run are. The two sets share neither a
    beginning nor a length: what is cut off a name, or hangs on its length, differs then.

    Attributes:
        root: name of the project's folder.
        host: stands for host, warehouse and token.
        threads: differ too, as they may in runs.
        ahead: seconds by which the clock that templates see is ahead of the machine's.
        zone: the machine's time zone, as the variable `TZ` has it; `None` leaves it.
    """

    catalog: str
    schema: str
    root: str
    host: str
    threads: int
    ahead: int = 0
    zone: str | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        """The beginnings of the names."""
        return tuple(name[:5] for name in (self.catalog, self.schema, self.root, self.host))


FIRST = Sentinels("jqxkabmo", "wvzqudri", "qhjxteno", "xzqvyfar", 3)
SECOND = Sentinels(
    "zkxvojacelup",
    "xqjfwibyromde",
    "vwqzpuklojast",
    "kvjzquhemopid",
    7,
    # another year, month, day, weekday, hour, minute and second
    ahead=401 * 86_400 + 7 * 3_600 + 23 * 60 + 17,
    zone="BAKE-05:45",
)
