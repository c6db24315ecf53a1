"""Orders of trade customers: over HTTP against pgbench writing the same rows, and kept back exactly."""

import json
import random
from statistics import median

from benchmarks import pgbench, shop
from benchmarks.load import Outcome, Spec, drive
from benchmarks.orders_filling import CUSTOMERS, CYCLE, FILL, LINES, WAREHOUSE
from benchmarks.report import Result
from benchmarks.system import Database, Process, System, until
from benchmarks.till import in_turn

ORDERING = 2_000
CLIENTS = 16
RATE_PER_SECOND = 200.0
"""Thirty times what 500,000 customers come to on average who order within 20 hours."""

P99_MS = 60.0
ANSWER_SECONDS = 120
ROWS = f"""
WITH new AS MATERIALIZED (
    SELECT uuidv7() AS order_id,
           'R' || lpad(floor(random() * {CUSTOMERS})::int::text, 5, '0') AS retailer_id
), o AS (
    INSERT INTO orders (order_id, retailer_id, cycle_id, store_id, state, stock, payment, prepaid,
                        accept_less, currency, value_minor, paid_minor, delivery_on, attempt, exceptions,
                        placed_at, placed_by, confirmed_at, version, changed_at)
    SELECT order_id, retailer_id, '{CYCLE}', '{WAREHOUSE}', 'confirmed', 'asked',
           'due', false, false, 'CNY', 360000, 0, current_date, 1, '{{}}', now(), 'bench', now(), 1, now()
    FROM new
), l AS (
    INSERT INTO order_lines (order_id, line, gtin, unit, multiple_sticks, requested_sticks, ordered_sticks,
                             cuts, price_segment, minor_per_carton, sticks_per_carton)
    SELECT order_id, n, (ARRAY{list(shop.GTINS[:LINES])})[n], 'carton', 200, 400, 400, '[]', 'mid', 18000, 200
    FROM new, generate_series(1, {LINES}) n
), a AS (
    INSERT INTO audit_trail (actor, actor_kind, action, entity, entity_id, after)
    SELECT 'bench', 'operator', 'confirm', 'order', order_id::text, jsonb_build_object('lines', PAYLOAD)
    FROM new
), i AS (
    INSERT INTO idempotency_keys (principal, key, request_hash, status, response)
    SELECT 'operator bench', order_id::text, sha256('x'), 201, convert_to(PAYLOAD || PAYLOAD, 'UTF8') FROM new
)
INSERT INTO outbox (event_id, type, topic, key, subject, time, traceparent, payload)
SELECT uuidv7(), 'customers.order-confirmed.v1', 'customers.order.v1', '{WAREHOUSE}', order_id::text, now(),
       NULL, convert_to(PAYLOAD || PAYLOAD, 'UTF8') FROM new;
""".replace("PAYLOAD", f"repeat('x', {LINES * 90})")  # noqa: S608 - made of constants


def bench_orders(system: System) -> list[Result]:
    """Place orders of ten lines as fast as it goes, then 200 a second with the whole saga at work."""
    seconds = system.effort.seconds(6)
    other = _database(system)
    script = " ".join(ROWS.split()) + "\n"
    used: list[float] = []
    with system.process(_database(system), "api") as api:
        found = in_turn(
            system,
            pgbench=lambda: pgbench.run(other, script, system.directory, clients=CLIENTS, seconds=seconds),
            http=lambda: _place_counting(system, api, seconds, used),
        )
    rate = min(RATE_PER_SECOND, found["http"] * 0.7)
    saga, drained = _saga(system, system.effort.seconds(20), rate)
    note = f"{LINES} lines, {CLIENTS} connections; limit: pgbench writes the same rows by one statement"
    return [
        Result(
            name="orders.http_16",
            unit="orders/s",
            value=found["http"],
            limit=found["pgbench"],
            note=note,
        ),
        Result(
            name="orders.http_target",
            unit="orders/s",
            value=found["http"],
            target=RATE_PER_SECOND,
            note="the same, against what is wanted of one process",
        ),
        Result(
            name="orders.api_cpu",
            unit="ms/order",
            value=median(used),
            better="lower",
            note="processor time of the API process, the same orders",
        ),
        Result(
            name="orders.p99_at_200",
            unit="ms",
            value=saga.p99_ms,
            better="lower",
            target=P99_MS,
            note=f"Poisson, {saga.per_second:.0f}/s, p50 {saga.p50_ms:.1f} ms; relays, Kafka, both workers",
        ),
        Result(
            name="orders.answered",
            unit="orders/s",
            value=drained,
            limit=rate,
            target=0.9,
            note="until each is reserved or refused, no stick promised twice; limit: the rate asked for",
        ),
    ]


def _database(system: System) -> Database:
    def prepare(database: Database) -> None:
        database.execute(FILL)

    return system.database("humidor_customers", prepare, kind="orders")


def _stock(system: System) -> Database:
    """Give the warehouse less than is ordered of one product, so that some orders are refused."""

    def prepare(database: Database) -> None:
        shop.fill_inventory(database)
        database.execute(f"""
            UPDATE lot_stock SET on_hand_sticks = 1000 WHERE store_id = '{WAREHOUSE}' AND live
               AND gtin = '{shop.GTINS[-1]}';
            UPDATE stock s SET on_hand_sticks = (SELECT sum(on_hand_sticks) FROM lot_stock l
               WHERE (l.store_id, l.gtin) = (s.store_id, s.gtin)) WHERE store_id = '{WAREHOUSE}'
        """)  # noqa: S608 - made of constants

    return system.database("humidor_inventory", prepare, kind="orders")


def _place(system: System, api: Process, seconds: float, rate: float = 0.0) -> Outcome:
    templates = _templates(system.token())
    connections = 64 if rate else CLIENTS
    spec = Spec(
        port=api.port, templates=templates, connections=connections, seconds=seconds, rate_per_second=rate
    )
    return drive(spec)


def _place_counting(system: System, api: Process, seconds: float, used: list[float]) -> float:
    """Place orders, and note the processor time that one took of the process."""
    before = api.cpu_seconds()
    outcome = _place(system, api, seconds)
    # The second of warming up places orders too, at the same pace.
    used.append((api.cpu_seconds() - before) * 1000 / (outcome.per_second * (seconds + 1)))
    return outcome.per_second


def _templates(token: str) -> list[list[str]]:
    """Make a request of each of some customers, with a key of its own each time it is sent."""
    chance = random.Random(7)
    templates = []
    for customer in chance.sample(range(CUSTOMERS), ORDERING):
        lines = [
            {"gtin": gtin, "quantity": chance.randint(1, 3)} for gtin in chance.sample(shop.GTINS, LINES)
        ]
        body = json.dumps({"retailer_id": f"R{customer:05d}", "confirm": True, "lines": lines})
        head = (
            f"POST /v1/orders HTTP/1.1\r\nHost: customers\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nIdempotency-Key: "
        )
        templates.append([head, f"\r\n\r\n{body}"])
    return templates


def _saga(system: System, seconds: float, rate: float) -> tuple[Outcome, float]:
    """Let orders come at the rate, and wait until the warehouse has answered each.

    Raises:
        RuntimeError: More was kept back than there is, or not what orders believe.
    """
    outcomes, rates = [], []
    for _ in range(system.effort.rounds):
        prefix = system.new_prefix()
        orders, stock = _database(system), _stock(system)
        with (
            system.process(orders, "api", prefix=prefix) as api,
            system.process(orders, "worker", prefix=prefix),
            system.process(stock, "worker", prefix=prefix),
        ):
            system.checkpoint()
            outcomes.append(_place(system, api, seconds, rate))
            until(
                lambda: orders.number("SELECT count(*) FROM orders WHERE stock = 'asked'") == 0,  # noqa: B023
                within_seconds=ANSWER_SECONDS,
            )
        _check(orders, stock)
        rates.append(
            orders.number(
                f"""SELECT count(*) / extract(epoch FROM max(changed_at) - min(confirmed_at)) FROM orders
                    WHERE cycle_id = '{CYCLE}'"""  # noqa: S608 - a constant
            )
        )
    return sorted(outcomes, key=lambda outcome: outcome.p99_ms)[len(outcomes) // 2], median(rates)


def _check(orders: Database, stock: Database) -> None:
    over = stock.number("SELECT count(*) FROM stock WHERE reserved_sticks > on_hand_sticks")
    kept = stock.number("SELECT coalesce(sum(reserved_sticks), 0) FROM stock")
    believed = orders.number(
        f"""SELECT coalesce(sum(reserved_sticks), 0) FROM order_lines JOIN orders USING (order_id)
            WHERE cycle_id = '{CYCLE}'"""  # noqa: S608 - a constant
    )
    refused = orders.number("SELECT count(*) FROM orders WHERE state = 'refused'")
    if over or kept != believed or not refused:
        raise RuntimeError(
            f"{over:.0f} over-allocated; {kept:.0f} kept, {believed:.0f} believed, {refused:.0f}"
        )
