"""Comments that hide a finding, with the reason why: `# dbt-runner: ignore DJ101 reason`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from dbt_runner.bundle.findings import Finding
from dbt_runner.bundle.rules import Rule
from dbt_runner.bundle.value import Place

_IGNORE = re.compile(r"(^|\s)#\s*dbt-runner:\s*ignore\b(?P<rest>.*)$")
_COMMENT = re.compile(r"\s*#(?! MAGIC)")
_PARTS = re.compile(r"[\s:=]*(?P<code>[A-Za-z]+[0-9]+)?[\s:,–-]*(?P<reason>.*)")
_CODES = {rule.code for rule in Rule}


@dataclass(frozen=True)
class Ignore:
    """One comment.

    Attributes:
        place: where it stands.
        covers: the line that it is about: its own, or the next one that is no comment.
    """

    place: Place
    covers: Place
    code: str
    reason: str

    def fault(self) -> Finding | None:
        """What is wrong with the comment itself."""
        if self.code not in _CODES:
            near = get_close_matches(self.code, _CODES, n=1)
            hint = f"did you mean {near[0]}?" if near else Rule.IGNORE_WITHOUT_REASON.fix
            message = f"the ignore names {self.code or 'no rule'}, which is no rule's code"
            return Finding(Rule.IGNORE_WITHOUT_REASON, self.place, message, hint)
        if not self.reason:
            message = f"the ignore of {self.code} gives no reason"
            fix = Rule.IGNORE_WITHOUT_REASON.fix
            return Finding(Rule.IGNORE_WITHOUT_REASON, self.place, message, fix)
        return None

    def hides_nothing(self) -> Finding:
        """The finding that it is of no use."""
        rule = Rule.IGNORE_HIDES_NOTHING
        return Finding(rule, self.place, f"the ignore of {self.code} hides nothing", rule.fix)

    def hides(self, found: Finding, key_places: Mapping[str, set[Place]]) -> bool:
        """Whether it hides a finding; one at a job's key hides them in the whole job.

        Args:
            key_places: job → where its key stands.
        """
        about = self.covers == found.place or self.covers in key_places.get(found.job, ())
        return about and found.rule.code == self.code and self.fault() is None


def read(text: str, file: str) -> Iterator[Ignore]:
    """Find the comments of a file."""
    if "dbt-runner:" not in text:
        return
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        found = _IGNORE.search(line)
        if not found:
            continue
        covers = number
        while covers <= len(lines) and _COMMENT.match(lines[covers - 1]):
            covers += 1
        parts = _PARTS.fullmatch(found["rest"].strip())
        code, reason = (parts["code"] or "", parts["reason"].strip()) if parts else ("", "")
        yield Ignore(Place(file, number), Place(file, covers), code.upper(), reason)
