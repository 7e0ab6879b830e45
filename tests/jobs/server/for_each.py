"""The for-each task (docs: jobs/for-each)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from jobs.server.attempt import Attempt, End

LIMIT = 10_000
"""Characters of `inputs` (docs: jobs/for-each)."""


def run(attempt: Attempt) -> End:
    """Run the inner task once for each item, `concurrency` at a time; one by default."""
    settings, record = attempt.settings, attempt.record
    text = settings["inputs"]
    try:
        items = json.loads(text)
    except ValueError:
        items = None
    if not isinstance(items, list) or len(text) > LIMIT:
        return End("FAILED", f"inputs must be a JSON array of at most {LIMIT} characters: {text}")
    with attempt.at_work(), ThreadPoolExecutor(settings.get("concurrency") or 1) as pool:
        inner = attempt.task["for_each_task"]["task"]
        turns = [pool.submit(attempt.live, inner, item, record.iterations) for item in items]
        ends = [turn.result().state for turn in turns]
    if end := attempt.stopped():
        return end
    bad = [end for end in ends if end.result != "SUCCESS"]
    if bad:
        return End("FAILED", f"{len(bad)} of {len(items)} iterations failed: {bad[0].message}")
    return End("SUCCESS")
