"""The one place where exceptions become answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from humidor_common.db.failures import DATABASE_ERRORS, TRANSIENT
from humidor_common.telemetry.logs import get_logger
from humidor_common.telemetry.traces import current_trace_id
from humidor_common.web.problems import FieldError, Problem, unavailable

REPEATED_FIELDS = 50
HTTP_CODES = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}

log = get_logger(__name__)


def problem_response(problem: Problem) -> Response:
    """Render a problem, with the trace id by which an operator finds it in the logs."""
    return Response(
        msgspec.json.encode(problem.document(current_trace_id())),
        status_code=problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )


def as_problem(error: Exception) -> Problem | None:
    """Turn an exception of the infrastructure or the database into a problem; None for a fault of ours."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, asyncpg.DataError) or (
        isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)
    ):
        return Problem(422, "invalid", "A value is outside of what can be stored.")
    if isinstance(error, TRANSIENT):
        return unavailable("The service cannot reach its database right now; send it again.")
    return None


def field_path(location: Sequence[str | int]) -> str:
    """Write a pydantic location as a path: `('body', 'lines', 0, 'unit')` as `lines[0].unit`."""
    path = ""
    for part in location[1:] if len(location) > 1 else location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".")


def install(app: FastAPI) -> None:
    """Make every error of this app a problem document."""
    app.add_exception_handler(Problem, _answer)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _answer)


def answer(error: Exception) -> Response:
    """Answer any exception; one that nobody expected is logged and told only by its trace id."""
    problem = as_problem(error)
    if problem is None:
        log.error("request failed", exc_info=error)
        problem = Problem(500, "internal", "The service failed; the trace id finds the reason in its logs.")
    elif problem.status == 503:
        log.warning("service unavailable", extra={"error": repr(error)})
    return problem_response(problem)


async def _answer(_request: Request, error: Exception) -> Response:
    return answer(error)


async def _answer_validation(_request: Request, error: Exception) -> Response:
    found: Sequence[Mapping[str, Any]] = error.errors() if isinstance(error, RequestValidationError) else []
    if any(each["type"] == "json_invalid" for each in found):
        return problem_response(Problem(400, "malformed-json", "The body is not valid JSON."))
    errors = [FieldError(field_path(each["loc"]), str(each["msg"])) for each in found[:REPEATED_FIELDS]]
    names = ", ".join(dict.fromkeys(each.field for each in errors))
    return problem_response(Problem(422, "invalid", f"The request does not fit: {names}", errors=errors))


async def _answer_http(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if isinstance(error.__cause__, Problem):  # raised while FastAPI read the body
        return problem_response(error.__cause__)
    code = HTTP_CODES.get(error.status_code, "http-error")
    return problem_response(Problem(error.status_code, code, str(error.detail), headers=error.headers))
