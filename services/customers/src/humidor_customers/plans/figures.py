"""Asks `inventory` for the figures of an order plan: levels, days of cover, and how far a budget reaches."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from humidor_common.telemetry.traces import current_traceparent
from humidor_common.web.problems import FieldError, Problem, unavailable

PATH = "/v1/order-plans:calculate"
TIMEOUT_SECONDS = 10.0


class FigureCut(msgspec.Struct, frozen=True):
    """What is not bought though it is needed, in cartons: by `supply_cap` or `budget`."""

    code: str
    quantity: int


class FigureLine(msgspec.Struct, frozen=True):
    """What to order of one product, in cartons."""

    gtin: str
    level: int
    needed: int
    quantity: int
    cuts: list[FigureCut]


class Answer(msgspec.Struct, frozen=True):
    """The plan, in the order asked."""

    lines: list[FigureLine]


class Figures:
    """The service that calculates; nothing is kept there."""

    def __init__(self, http: httpx.AsyncClient, url: str | None) -> None:
        self._http = http
        self._url = url

    async def calculate(self, body: dict[str, Any], authorization: str) -> Answer:
        """Ask on behalf of the caller.

        Raises:
            Problem: 403 where the caller may not read stock; 422 where no answer exists; 503 where
                nobody answers.
        """
        if self._url is None:
            raise unavailable("No address of inventory is set, so nobody calculates plans.")
        headers = {"Authorization": authorization}
        if parent := current_traceparent():
            headers["traceparent"] = parent
        try:
            answer = await self._http.post(self._url + PATH, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise unavailable("The service that calculates plans does not answer.") from error
        if answer.is_success:
            return msgspec.json.decode(answer.content, type=Answer)
        raise _refusal(answer)


def _refusal(answer: httpx.Response) -> Problem:
    if answer.status_code in (401, 403):
        return Problem(403, "forbidden", "A plan needs the right to read stock (inventory:read).")
    if answer.status_code == 422:
        problem = answer.json()
        errors = [FieldError(each["field"], each["message"]) for each in problem.get("errors", ())]
        return Problem(
            422, "invalid", problem.get("detail", "No plan exists for these figures."), errors=errors
        )
    return unavailable(f"The service that calculates plans answered {answer.status_code}.")


@asynccontextmanager
async def open_figures(url: str | None) -> AsyncIterator[Figures]:
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        yield Figures(http, url)
