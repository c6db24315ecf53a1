"""Errors as RFC 9457 problem details, each naming the field at fault."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field; `field` is a path such as `lines[0].quantity`."""

    field: str
    message: str


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """A refusal that the caller can act on.

    Args:
        status: HTTP status code.
        code: Stable machine-readable name; becomes `urn:humidor:problem:<code>`.
        detail: One sentence for a person, about this occurrence.
        errors: The fields at fault.
        headers: Further response headers, such as `Retry-After`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def document(self, trace_id: str | None = None) -> dict[str, Any]:
        """Build the problem document."""
        document: dict[str, Any] = {
            "type": f"urn:humidor:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [{"field": e.field, "message": e.message} for e in self.errors]
        if trace_id:
            document["trace_id"] = trace_id
        return document


def not_found(what: str, identity: object) -> Problem:
    return Problem(404, "not-found", f"There is no {what} {str(identity)[:100]!r}.")


def invalid(field: str, message: str) -> Problem:
    """Refuse one field of an otherwise readable request."""
    return Problem(422, "invalid", f"{field}: {message}", errors=[FieldError(field, message)])


def unavailable(detail: str, *, retry_after_seconds: int = 2) -> Problem:
    return Problem(503, "unavailable", detail, headers={"Retry-After": str(retry_after_seconds)})
