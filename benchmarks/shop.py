"""The business that is measured: stores with a terminal each, products, and sales of three lines."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from benchmarks.system import Database

STORES = 64
PRODUCTS = 60
PRICE_MINOR = 2500
LINES = 3
# Every other line is of one of these: what sells most is what transactions meet at.
HOT = 4
ENOUGH_STICKS = 10**12


def store_id(number: int) -> str:
    return f"S{number:04d}"


def gtin(number: int) -> str:
    """Make a valid GTIN-13 in its 14-digit form."""
    body = f"069010280{number:04d}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return body + str((10 - total % 10) % 10)


GTINS = tuple(gtin(number) for number in range(PRODUCTS))


def sale(number: int, *, store: str, sold_at: datetime) -> dict[str, Any]:
    """Make a sale that raises no exception; `%` stands for its id."""
    chance = random.Random(number)
    hot = chance.randrange(HOT)
    others = chance.sample(range(HOT, PRODUCTS), LINES - 1)
    lines = [
        {
            "line": line,
            "gtin": GTINS[product],
            "quantity": chance.randint(1, 3),
            "unit": "pack",
            "unit_price": PRICE_MINOR,
            "lot": None,
            "code": None,
        }
        for line, product in enumerate([hot, *others], start=1)
    ]
    return {
        "sale_id": "%",
        "store_id": store,
        "sold_at": sold_at.isoformat(timespec="milliseconds"),
        "currency": "CNY",
        "lines": lines,
        "payments": [{"method": "wechat_pay", "amount": sum(_amount(line) for line in lines)}],
        "member_id": None,
        "age_check": {"method": "id_seen", "passed": True},
    }


def sticks(document: dict[str, Any]) -> int:
    """Count the sticks that a sale takes, packs of 20."""
    return sum(line["quantity"] * 20 for line in document["lines"])


def single_sales(keys: dict[str, str], variants: int = 4) -> list[list[str]]:
    """Make templates of `POST /v1/sales` for each store's terminal, in mixed order."""
    now = datetime.now(UTC)
    templates = []
    for variant in range(variants):
        for number, (store, key) in enumerate(keys.items()):
            document = sale(number * variants + variant, store=store, sold_at=_moment(now, number, variant))
            templates.append(_request("/v1/sales", key, msgspec.json.encode(document).decode()))
    return templates


def batches(keys: dict[str, str], size: int = 100) -> list[list[str]]:
    """Make a template of `POST /v1/sales:batch` for each store's terminal."""
    now = datetime.now(UTC)
    templates = []
    for number, (store, key) in enumerate(keys.items()):
        documents = [
            sale(number * size + place, store=store, sold_at=_moment(now, number, place))
            for place in range(size)
        ]
        templates.append(_request("/v1/sales:batch", key, msgspec.json.encode({"sales": documents}).decode()))
    return templates


def _moment(now: datetime, number: int, variant: int) -> datetime:
    return now - timedelta(milliseconds=37 * number + 11 * variant)


def _amount(line: dict[str, Any]) -> int:
    amount: int = line["quantity"] * line["unit_price"]
    return amount


def _request(path: str, key: str, body: str) -> list[str]:
    length = len(body) + body.count('"%"') * 35
    head = (
        f"POST {path} HTTP/1.1\r\nHost: pos\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    first, *rest = body.split('"%"')
    pieces = [head + first + '"', *('"' + piece + '"' for piece in rest)]
    return [*pieces[:-1], pieces[-1][:-1]]


def stores() -> list[str]:
    return [store_id(number) for number in range(1, STORES + 1)]


def fill_pos(database: Database) -> None:
    """Tell pos of the products and stores, as their events would."""
    database.execute(f"""
        WITH next AS (
            UPDATE revisions SET revision = revision + 1 WHERE name = 'catalogue' RETURNING revision
        ), p AS (
            INSERT INTO products (gtin, name, brand, status, sticks_per_pack, packs_per_carton,
                                  cartons_per_case, price_per_pack, currency, version, changed_at, revision)
            SELECT gtin, 'product', 'brand', 'active', 20, 10, 50, {PRICE_MINOR}, 'CNY', 1,
                   '2026-01-01+00', revision
              FROM next, unnest(ARRAY{list(GTINS)}) gtin
        ) INSERT INTO stores (store_id, name, time_zone, status, version, changed_at, revision)
          SELECT store, 'store', 'Asia/Shanghai', 'open', 1, '2026-01-01+00', revision
            FROM next, unnest(ARRAY{list(stores())}) store
    """)  # noqa: S608 - made of constants


def fill_inventory(database: Database) -> None:
    """Put products, stores and stock into inventory: two lots that sell out, one that never does."""
    database.execute(f"""
        INSERT INTO stores (store_id, name, time_zone, status, version, changed_at)
        SELECT store, 'store', 'Asia/Shanghai', 'open', 1, now() FROM unnest(ARRAY{stores()}) store;
        INSERT INTO products (gtin, name, brand, status, sticks_per_pack, packs_per_carton, cartons_per_case,
                              version, changed_at)
        SELECT gtin, 'product', 'brand', 'active', 20, 10, 50, 1, now() FROM unnest(ARRAY{list(GTINS)}) gtin;
        INSERT INTO lot_stock (store_id, gtin, lot, expiry_date, received_at, on_hand_sticks)
        SELECT store_id, gtin, lot, now()::date + 365 + days, now(), sticks
          FROM stores, products,
               (VALUES ('L1', 1, 800), ('L2', 2, 4000), ('L3', 3, {ENOUGH_STICKS})) l(lot, days, sticks);
        INSERT INTO stock (store_id, gtin, on_hand_sticks, reorder_point_sticks)
        SELECT store_id, gtin, sum(on_hand_sticks), 200 FROM lot_stock GROUP BY 1, 2;
    """)  # noqa: S608 - made of constants


def sticks_gone(database: Database) -> int:
    """Count what left inventory's stock since it was filled."""
    opening = STORES * PRODUCTS * (ENOUGH_STICKS + 4800)
    return opening - round(database.number("SELECT sum(on_hand_sticks) FROM stock"))
