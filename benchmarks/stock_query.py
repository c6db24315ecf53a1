"""How long the stock of a store takes over HTTP, against the same SQL by pgbench on the same database."""

import random
from statistics import median

from benchmarks import pgbench
from benchmarks.load import Outcome, Spec, drive
from benchmarks.report import Result
from benchmarks.system import Database, Process, System
from humidor_inventory.stock.queries import StockFilter, stock_statement

PACKAGE = "humidor_inventory"
CLIENTS = 8
PRODUCTS = 200
LOTS = 3
SECONDS = 10.0
MOST_RATIO = 3.0
_STORE = "'S' || lpad((1 + {} % {})::text, 4, '0')"

# Every store has every product in three lots, one of which is expired; a tenth is reserved for a while.
_FILL = """
INSERT INTO stores (store_id, name, time_zone, status, version, changed_at)
SELECT {store}, 'bench', 'Asia/Shanghai', 'open', 1, now() FROM generate_series(0, {stores} - 1) n;
INSERT INTO products (gtin, name, brand, status, sticks_per_pack, packs_per_carton, cartons_per_case, version,
                      changed_at)
SELECT lpad(p::text, 14, '0'), 'bench', 'bench', 'active', 20, 10, 50, 1, now()
FROM generate_series(1, {products}) p;
INSERT INTO lot_stock (store_id, gtin, lot, on_hand_sticks, expiry_date, received_at)
SELECT s.store_id, p.gtin, 'L' || l, 20 * (10 + l), current_date + 200 * (l - 1) - 100, now()
FROM stores s, products p, generate_series(1, {lots}) l ORDER BY 1, 2, 3;
INSERT INTO stock (store_id, gtin, on_hand_sticks, reserved_sticks, on_order_sticks, reorder_point_sticks)
SELECT store_id, gtin, sum(on_hand_sticks), CASE WHEN right(gtin, 1) = '0' THEN 40 ELSE 0 END, 400, 100
FROM lot_stock GROUP BY 1, 2 ORDER BY 1, 2;
INSERT INTO reservations (reservation_id, store_id, gtin, quantity_sticks, state, reserved_at, reserved_by,
                          expires_at)
SELECT gen_random_uuid(), store_id, gtin, 40, 'active', now(), 'bench', now() + interval '1 day'
FROM stock WHERE reserved_sticks > 0;
VACUUM ANALYZE stores, products, lot_stock, stock, reservations;
"""


def bench_stock_query(system: System) -> list[Result]:
    """Ask for all products of a random store, 8 at a time, by either way in turn."""
    stores = 100 if system.effort.short else 1000
    database = system.database(PACKAGE, lambda original: _fill(original, stores), kind="stock_query")
    seconds = system.effort.seconds(SECONDS)
    script = _script(stores)
    by_http: list[Outcome] = []
    by_sql: list[list[float]] = []
    with system.process(database, "api") as api:
        _check(database, api, system)
        for _ in range(system.effort.rounds):
            by_sql.append(
                pgbench.latencies_ms(database, script, system.directory, clients=CLIENTS, seconds=seconds)
            )
            by_http.append(drive(_spec(api.port, system.token(), stores, seconds)))
    note = f"{CLIENTS} at a time, {PRODUCTS} products of one of {stores} stores; limit: pgbench, the same SQL"
    figures = (
        ("stock.query_p50", median(each.p50_ms for each in by_http), 0.50, None),
        ("stock.query_p99", median(each.p99_ms for each in by_http), 0.99, MOST_RATIO),
    )
    results = [
        Result(
            name=name,
            unit="ms",
            value=value,
            limit=median(pgbench.percentile(each, share) for each in by_sql),
            better="lower",
            target=target,
            note=note,
        )
        for name, value, share, target in figures
    ]
    rate = median(each.per_second for each in by_http)
    limit = median(len(each) / seconds for each in by_sql)
    return [*results, Result(name="stock.queries", unit="1/s", value=rate, limit=limit, note=note)]


def _fill(database: Database, stores: int) -> None:
    fill = _FILL.format(store=_STORE.format("n", stores), stores=stores, products=PRODUCTS, lots=LOTS)
    for statement in fill.strip().split(";\n"):
        database.execute(statement)


def _script(stores: int) -> str:
    """Turn the endpoint's own statement into a script of pgbench, for a random store each time."""
    statement, _ = stock_statement(StockFilter([""], None))
    values = {"$1": "''", "$2": "''", "$3": str(PRODUCTS + 1), "$4": f"({_STORE.format(':n', stores)})"}
    for parameter, value in values.items():
        statement = statement.replace(parameter, value)
    return f"\\set n random(0, {stores} - 1)\n" + " ".join(statement.split()) + ";\n"


def _spec(port: int, token: str, stores: int, seconds: float) -> Spec:
    headers = f"Host: bench\r\nAuthorization: Bearer {token}\r\n"
    templates = [
        [
            f"GET /v1/stock?store_id=S{n:04d}&limit={PRODUCTS} HTTP/1.1\r\n{headers}X-Request-Id: ",
            "\r\n\r\n",
        ]
        for n in random.sample(range(1, stores + 1), stores)
    ]
    return Spec(port=port, templates=templates, connections=CLIENTS, seconds=seconds, wanted_status=200)


def _check(database: Database, api: Process, system: System) -> None:
    """Make sure that an answer is what the other way reads, or the figures are of something else.

    Raises:
        RuntimeError: It is not.
    """
    import httpx

    headers = {"Authorization": f"Bearer {system.token()}"}
    url = f"http://127.0.0.1:{api.port}/v1/stock"
    answer = httpx.get(url, params={"store_id": "S0001", "limit": PRODUCTS}, headers=headers).json()
    sellable = database.number(
        "SELECT sum(on_hand_sticks) / 20 FROM lot_stock"
        " WHERE store_id = 'S0001' AND expiry_date >= current_date"
    )
    if len(answer["items"]) != PRODUCTS or sum(item["sellable"] for item in answer["items"]) != sellable:
        raise RuntimeError(f"the answer is not what was filled in: {answer}")
