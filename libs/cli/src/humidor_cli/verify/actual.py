"""What the services say of one store."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from humidor_cli.client import Client
from humidor_cli.verify.expected import Factors, Facts

_THREADS = 3
SALES_REASONS = frozenset(("sale", "return", "void"))


class Store(msgspec.Struct):
    """One store's balances, and the totals of its facts in pos and of its movements in inventory."""

    store_id: str
    on_hand: dict[str, int]
    quarantined: dict[str, int]
    totals: dict[str, Any]
    movements: dict[str, Any]

    def facts(self, kind: str) -> Facts:
        """Add up what pos holds of one kind."""
        documents = sum(d["documents"] for d in self.totals["documents"] if d["kind"] == kind)
        lines = [line for line in self.totals["lines"] if line["kind"] == kind]
        return Facts(
            documents,
            sum(line["lines"] for line in lines),
            sum(line["sticks"] or 0 for line in lines),
            sum(line["amount_minor"] for line in lines),
        )

    def own_write_offs(self, lots: Iterable[str]) -> Counter[str]:
        """Add up what was taken from the files' own lots for write-offs."""
        own = frozenset(lots)
        found: Counter[str] = Counter()
        for movement in self.movements["movements"]:
            if movement["reason"] == "adjustment" and movement["lot"] in own:
                found[movement["gtin"]] -= movement["delta_sticks"]
        return found

    def other_movements(self, bucket: str, without_lots: Iterable[str]) -> Counter[str]:
        """Add up what neither sales nor the files' own write-offs moved: opening, receipts, corrections."""
        own = frozenset(without_lots)
        found: Counter[str] = Counter()
        for movement in self.movements["movements"]:
            if movement["bucket"] != bucket or movement["reason"] in SALES_REASONS:
                continue
            if movement["reason"] == "adjustment" and movement["lot"] in own:
                continue
            found[movement["gtin"]] += movement["delta_sticks"]
        return found


def load_stores(client: Client, store_ids: Iterable[str]) -> list[Store]:
    """Ask for several stores, a few at a time."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda store_id: _load(client, store_id), sorted(store_ids)))


def _load(client: Client, store_id: str) -> Store:
    balances = list(client.pages("inventory", "/v1/stock", store_id=store_id, unit="stick"))
    return Store(
        store_id,
        {item["gtin"]: item["on_hand_sticks"] for item in balances},
        {item["gtin"]: item["quarantined"] for item in balances},
        client.get("pos", "/v1/totals", store_id=store_id),
        client.get("inventory", "/v1/checks/movements", store_id=store_id),
    )


def all_store_ids(client: Client) -> set[str]:
    """Name every store that inventory knows or that has a terminal."""
    found = {store["store_id"] for store in client.pages("inventory", "/v1/stores")}
    return found | {terminal["store_id"] for terminal in client.pages("pos", "/v1/terminals")}


def load_factors(client: Client) -> Factors:
    """Ask how many sticks each unit of each product holds."""
    factors: dict[str, dict[str, int]] = {}
    for product in client.pages("inventory", "/v1/products"):
        pack = product["sticks_per_pack"]
        carton = pack * product["packs_per_carton"]
        case = carton * product["cartons_per_case"]
        factors[product["gtin"]] = {"stick": 1, "pack": pack, "carton": carton, "case": case}
    return factors
