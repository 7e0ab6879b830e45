"""What the API answers instead of a result."""

from __future__ import annotations


class Refusal(Exception):
    """A request that is refused.

    Attributes:
        code: `error_code` of the answer (docs: api/errors).
        status: of the HTTP answer.
    """

    def __init__(
        self, message: str, code: str = "INVALID_PARAMETER_VALUE", status: int = 400
    ) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def no_job(job_id: int) -> Refusal:
    """There is no such job: a 400, which the SDK knows by its text (`errors/overrides.py`)."""
    return Refusal(f"Job {job_id} does not exist.")


def no_run(run_id: int) -> Refusal:
    """There is no such run; as above."""
    return Refusal(f"Run {run_id} does not exist.")
