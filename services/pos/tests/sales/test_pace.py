"""Transactions of sales keep a pace, and a sale that waits for the next one is never forgotten."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from humidor_pos.sales import writer


async def test_a_loop_that_wakes_a_little_early_leaves_no_sale_waiting(
    till: Any, a_sale: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    call_at = loop.call_at
    monkeypatch.setattr(writer, "PACE_SECONDS", 0.5)
    monkeypatch.setattr(loop, "call_at", lambda when, *rest, **more: call_at(when - 0.2, *rest, **more))
    monkeypatch.setattr(
        loop,
        "call_later",
        lambda delay, *rest, **more: call_at(loop.time() + max(delay - 0.2, 0), *rest, **more),
    )
    async with asyncio.timeout(10):
        answers = [await till.post("/v1/sales", a_sale()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201] * 3
