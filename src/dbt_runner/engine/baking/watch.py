"""Sees what a parse reads, and what it decides on a name that is not known yet.

A baked parse state is made with stand-ins for the catalog, the schema and the project's folder. It
serves any others only if the parse carries these texts through without looking at them, and keeps
nothing of the clock. What a template does at parse time is followed value by value:

- A *name* is any text that holds a stand-in. It may be joined, formatted, trimmed, stored in lists,
  returned and kept.
- What else is made of a name, or of the clock, the invocation's id or the connection, is *derived*.
  It may get into the text of a body, which is rendered anew when the node is executed, but not into
  what is kept.
- No decision may hang on either: no comparison, test, lookup, iteration or truth value. Where only
  text is written in each of the ways, it makes that text derived; elsewhere it is an offence, also
  where it changes nothing that is kept. That is coarse, but sound: what decides the refs and
  configs of a node cannot be told from what does not.
- The HTTP path may be asked a few things, which a run asks again.

`{% if execute %}` is false while parsing, so what stands behind it is not looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from dbt_runner.engine.baking.marks import derived
from dbt_runner.engine.baking.origins import FOLDER
from dbt_runner.engine.serving import ASKED


@dataclass(frozen=True)
class Names:
    """The stand-ins of one parse: texts that occur nowhere else in the project.

    Attributes:
        catalog: of the target.
        schema: of the target.
        root: the project's folder, absolute.
        declared: catalog and schema are the target's own, and the state is for these alone, so
            that anything may be decided on them.
        ahead: by how much the clock is ahead of the machine's.
    """

    catalog: str
    schema: str
    root: str
    declared: bool = False
    ahead: dt.timedelta = dt.timedelta()

    def labelled(self) -> tuple[tuple[str, str], ...]:
        """(text, what it stands for) of each."""
        folder = ((self.root, FOLDER),)
        if self.declared:
            return folder
        return (*folder, (self.schema, "the schema"), (self.catalog, "the catalog"))


@dataclass(frozen=True)
class Offence:
    """Something that makes a parse hang on a name.

    Attributes:
        where: the node's unique_id, or the file or macro, as near as is known.
        what: one line, such as `compares the schema: target.schema == 'prod'`.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where} {self.what}"


Asked = tuple[tuple[str, str, bool], ...]
"""(how, text, answer), by `ASKED` of engine/serving.py."""


@dataclass(frozen=True)
class Seen:
    """What a parse read, and why it is not parametric, if it is not.

    Attributes:
        variables: names that `var()` was asked for.
        environment: names that `env_var()` was asked for, outside the profile.
        flags: names of dbt's flags that templates read.
        offences: each once, in the order in which they were met.
        asked: what was asked of the warehouse's HTTP path, and the answers.
    """

    variables: frozenset[str]
    environment: frozenset[str]
    flags: frozenset[str]
    offences: tuple[Offence, ...]
    asked: Asked = ()


@dataclass
class Watch:
    """Collects while a parse goes on.

    Attributes:
        names: the stand-ins.
        asked: questions about the warehouse's HTTP path, and their answers.
        places: what is being rendered, outermost first.
        emitted: what was derived and written into rendered text: of what each was made.
        passing: greater than 0 while something is rendered that each run renders anew.
        written: for each part that is gone through, outermost first, what was decided within;
            `None` for one that may do more than write text.
    """

    names: Names
    variables: set[str] = field(default_factory=set)
    environment: set[str] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    offences: dict[Offence, None] = field(default_factory=dict)
    asked: dict[tuple[str, str], bool] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    emitted: list[str] = field(default_factory=list)
    passing: int = 0
    written: list[list[str] | None] = field(default_factory=list)

    def seen(self) -> Seen:
        """What was seen so far."""
        return Seen(
            frozenset(self.variables),
            frozenset(self.environment),
            frozenset(self.flags),
            tuple(self.offences),
            tuple((how, text, answer) for (how, text), answer in sorted(self.asked.items())),
        )

    def tell(self, what: str) -> None:
        """Note an offence at the place that is being rendered."""
        found = self.written[-1] if self.written else None
        if found is None:
            self.insist(what)
        elif not self.passing:
            found.append(what)

    def insist(self, what: str) -> None:
        """Note an offence that more than text hangs on, wherever it is met."""
        if self.passing:
            return
        places = self.places or ["the project"]
        outer = [place for place in places if not place.startswith("macro.")]
        where = outer[-1] if outer else places[0]
        if places[-1].startswith("macro.") and places[-1] != where:
            what = f"{what} (in {places[-1]})"
        self.offences[Offence(where, what)] = None

    def ask(self, path: str | None, how: str, text: str) -> bool:
        """Answer a question about the HTTP path, which each run asks again of its own."""
        answer = ASKED[how](text, path or "")
        if not self.passing:
            self.asked[how, text] = answer
        return answer

    def varied(self, value: Any, why: str) -> Any:
        """A value of the clock or the like, marked; in another parse it is another one."""
        if isinstance(value, dt.datetime | dt.date):
            value += self.names.ahead
        return derived(value, why, self.tell)

    def emit(self, why: str) -> None:
        """Note that something derived was written into the text that is being rendered."""
        if not self.passing:
            self.emitted.append(why)

    def begin(self, *, only_writes: bool) -> None:
        """A part begins."""
        within = self.written and self.written[-1] is None
        self.written.append([] if only_writes and not within else None)

    def end(self) -> None:
        """A part ends: its text hangs on what was decided within."""
        found = self.written.pop()
        if found:
            self.emit(f"what {found[0]}")

    @contextmanager
    def whole(self) -> Iterator[None]:
        """While a macro or a template is rendered, which may do more than the part that calls it.

        Parts within that an exception ends are no text.
        """
        outer, self.written = self.written, []
        try:
            yield
        finally:
            cut, self.written = self.written, []
            for what in (what for found in cut if found for what in found):
                self.insist(what)
            self.written = outer

    @contextmanager
    def anew(self) -> Iterator[None]:
        """While something is rendered that each run renders anew."""
        self.passing += 1
        try:
            yield
        finally:
            self.passing -= 1

    @contextmanager
    def at(self, place: str | None) -> Iterator[None]:
        """While this is being rendered."""
        if not place:
            yield
            return
        self.places.append(place)
        try:
            yield
        finally:
            self.places.pop()


@contextmanager
def watching(names: Names) -> Iterator[Watch]:
    """Watch the parses of this process, which yield what they yield unwatched.

    Args:
        names: the stand-ins in the profile and the project's folder.

    Raises:
        ImportError: dbt is not installed.
    """
    from dbt_common.clients.jinja import template_cache

    from dbt_runner.engine.baking import contexts, templates

    watch = Watch(names)
    with ExitStack() as stack:
        # macros that were compiled before are not followed, and those compiled now must not stay
        template_cache.clear()
        stack.callback(template_cache.clear)
        for installed in (templates.installed(watch), contexts.installed(watch)):
            stack.enter_context(installed)
        yield watch
