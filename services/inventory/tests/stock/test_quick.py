"""The quick way to a store's stock answers as the ordinary one does, and leaves the rest to it."""

from typing import Any

import pytest

from humidor_inventory.stock import quick as quick_module
from humidor_inventory.stock.quick import Question, ask
from humidor_inventory.testing.shop import STORE, Shop, make_gtin

GTIN = make_gtin(1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("store_id=S0001", Question("S0001", None, "pack", None, 100)),
        (f"gtin={GTIN[1:]}&store_id=S.1&unit=case&limit=1000", Question("S.1", GTIN, "case", None, 1000)),
        ("store_id=S0001&cursor=abc", Question("S0001", None, "pack", "abc", 100)),
        ("", None),
        ("store_id=", None),
        ("store_id=S0001&store_id=S0002", None),
        ("store_id=S0001&other=1", None),
        ("store_id=S%000001", None),
        ("store_id=S0001&limit=0", None),
        ("store_id=S0001&limit=1001", None),
        ("store_id=S0001&unit=box", None),
        ("store_id=S0001&gtin=123", None),
        ("store_id=S0001&gtin=", None),
        ("store_id=S0001&cursor=", None),
    ],
)
def test_only_ordinary_questions_go_the_quick_way(query: str, expected: Question | None) -> None:
    assert ask(query.encode()) == expected


async def test_both_ways_give_the_same_answers_and_refusals(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Question | None] = []

    def noting(query: bytes) -> Question | None:
        asked.append(ask(query))
        return asked[-1]

    monkeypatch.setattr(quick_module, "ask", noting)
    for number in range(1, 6):
        await shop.put_product(make_gtin(number))
    await shop.receive(*((make_gtin(number), number, "A") for number in range(1, 6)))
    level = {"reorder_point": 3, "order_up_to": 9}
    await shop.ask("PUT", f"/v1/levels/{STORE}/{GTIN}", json=level, expect=201)
    mine, foreign = shop.auth("clerk", stores=[STORE]), shop.auth("clerk", stores=["S0002"])

    async def answers(query: str, headers: dict[str, str]) -> list[tuple[int, Any]]:
        """Ask the quick way, and the ordinary one by a parameter that nobody knows."""
        found = []
        for more in ("", "&ordinary=1"):
            answer = await shop.client.get(f"/v1/stock?{query}{more}", headers=headers)
            document = answer.json()
            document.pop("trace_id", None)
            found.append((answer.status_code, document))
        return found

    page = (await shop.ask("GET", f"/v1/stock?store_id={STORE}&limit=2"))["next_cursor"]
    asked.clear()
    for query, headers, status in (
        (f"store_id={STORE}", mine, 200),
        (f"store_id={STORE}&gtin={GTIN}&unit=stick", mine, 200),
        (f"store_id={STORE}&limit=2", mine, 200),
        (f"store_id={STORE}&limit=2&cursor={page}", mine, 200),
        (f"store_id={STORE}&cursor=nonsense", mine, 422),
        (f"store_id={STORE}", foreign, 403),
        (f"store_id={STORE}", {}, 401),
        (f"store_id={STORE}", {"Authorization": "Bearer x.y.z"}, 401),
        ("store_id=S0404", shop.auth(), 200),
    ):
        quick, ordinary = await answers(query, headers)
        assert quick == ordinary
        assert quick[0] == status
    assert asked[1::2] == [None] * 9
    assert None not in asked[0::2]
