"""Lists in pages."""

from __future__ import annotations

import base64
from typing import Any

from jobs.server.errors import Refusal

ELEMENTS = 100
"""Elements of a job's or run's inner lists on a page (docs: release notes, Jobs API 2.2)."""


def number(token: str | None) -> int:
    """Where a page begins; tokens mean nothing to their reader."""
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode()) if token else 0
    except ValueError:
        msg = "Invalid page token"
        raise Refusal(msg) from None


def token(begin: int) -> str:
    """The token of the page that begins there."""
    return base64.urlsafe_b64encode(f"{begin:08d}".encode()).decode()


def cut(items: list[Any], words: dict[str, Any], largest: int) -> tuple[list[Any], dict[str, Any]]:
    """A page of a list, and what tells of the next one.

    Raises:
        Refusal: `limit` is not from 1 to `largest`.
    """
    limit = words.get("limit", min(20, largest))
    if not 0 < limit <= largest:
        msg = f"limit must be from 1 to {largest}: {limit}"
        raise Refusal(msg)
    begin = number(words.get("page_token")) or words.get("offset", 0)
    end = begin + limit
    more: dict[str, Any] = {"has_more": end < len(items)}
    if more["has_more"]:
        more["next_page_token"] = token(end)
    if begin:
        more["prev_page_token"] = token(max(0, begin - limit))
    return items[begin:end], more


def inner(holder: dict[str, Any], names: tuple[str, ...], page: str | None) -> dict[str, Any]:
    """Cut the lists inside an object to one page; all of them with one token.

    Gives what tells of the next page (docs: api/workspace/jobs/get, `next_page_token`).
    """
    begin = number(page)
    end = begin + ELEMENTS
    has_more = any(len(holder.get(name, ())) > end for name in names)
    for name in names:
        if name in holder:
            holder[name] = holder[name][begin:end]
    return {"has_more": True, "next_page_token": token(end)} if has_more else {}
