"""How long a customer's timeline and view from all sides take among a million customers with 20 entries each.

Both are asked for over HTTP; the timeline is set against the same SQL by pgbench on the same database.
"""

import random
from datetime import UTC, datetime, timedelta
from statistics import median

import httpx
from msgspec import structs

from benchmarks import pgbench
from benchmarks.load import Outcome, Spec, drive
from benchmarks.report import Result
from benchmarks.system import Database, Process, System
from humidor_customers.inputs import BEGIN, END, NEWEST
from humidor_customers.timeline.queries import Wanted, statement

PACKAGE = "humidor_customers"
MEMBERS, SHORT_MEMBERS = 1_000_000, 2_000
ENTRIES = 20
CLIENTS = 8
ASKED = 2000
PAGE = 20
SECONDS = 10.0
MOST_MS = 50.0
MOST_OPENED = 6
_MEMBER = "'M' || lpad({}::text, 7, '0')"

# One entry a quarter for each member, so that a whole page of it opens as many partitions as there can be.
_FILL = f"""
INSERT INTO stores (store_id, name, time_zone, status, kind, version)
SELECT 'S' || n, 'bench', 'UTC', 'open', 'shop', 1 FROM generate_series(0, 99) n;
INSERT INTO consumers (member_id, store_id, joined_at, adult_verified, version, changed_at)
SELECT {_MEMBER.format("n")}, 'S' || n % 100, now(), true, 1, now()
FROM generate_series(0, {{members}} - 1) n;
INSERT INTO consent_states (member_id, purpose, channel, given, decided_at, source, text_version)
SELECT member_id, 'service', 'sms', true, now(), 'bench', '1' FROM consumers;
DROP INDEX ix_timeline_sale;
ALTER TABLE timeline DROP CONSTRAINT pk_timeline;
INSERT INTO timeline (party_kind, party_id, happened_at, entry_id, kind, store_id, details)
SELECT 'consumer', {_MEMBER.format("n")}, now() - make_interval(days => 91 * q, secs => n % 7000000),
       gen_random_uuid(), (ARRAY['sale', 'sale', 'sale', 'return', 'interaction'])[1 + (n + q) % 5],
       'S' || n % 100, '{{{{"total_minor": 5000, "currency": "CNY", "lines": 2}}}}'
FROM generate_series(0, {ENTRIES - 1}) q, generate_series(0, {{members}} - 1) n;
ALTER TABLE timeline ADD CONSTRAINT pk_timeline PRIMARY KEY (party_kind, party_id, happened_at, entry_id);
CREATE INDEX ix_timeline_sale ON timeline (entry_id) WHERE kind = 'sale';
VACUUM ANALYZE stores, consumers, consent_states, timeline;
"""  # noqa: S608 - made of constants


def bench_timeline(system: System) -> list[Result]:
    """Ask for timelines and overviews as fast as it goes and at half of that; pgbench in turn."""
    members = SHORT_MEMBERS if system.effort.short else MEMBERS
    database = system.database(PACKAGE, lambda _: None, kind="empty")
    for each in _FILL.format(members=members).strip().split(";\n"):
        database.execute(each)
    recent = (datetime.now(UTC) - timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    paths = {
        "page": f"timeline?limit={PAGE}",
        "recent": f"timeline?since={recent}&limit={PAGE}",
        "overview": "overview",
    }
    seconds = system.effort.seconds(SECONDS)
    closed: list[Outcome] = []
    steady: dict[str, list[Outcome]] = {name: [] for name in paths}
    by_sql: list[list[float]] = []
    script = _script(members)
    with system.process(database, "api") as api:
        _check(database, api, system)
        for _ in range(system.effort.rounds):
            by_sql.append(
                pgbench.latencies_ms(database, script, system.directory, clients=CLIENTS, seconds=seconds)
            )
            for name, path in paths.items():
                spec = _spec(api.port, system.token(), members, path)
                highest = drive(structs.replace(spec, seconds=seconds))
                half = structs.replace(spec, seconds=seconds, rate_per_second=highest.per_second / 2)
                steady[name].append(drive(half))
                closed += [highest] if name == "page" else []
    of = f"one of {members:,} members with {ENTRIES} entries in as many quarters"
    return [*_against_sql(closed, by_sql, of), *(_at_half(name, each, of) for name, each in steady.items())]


def _against_sql(closed: list[Outcome], by_sql: list[list[float]], of: str) -> list[Result]:
    figures = (
        ("p50", median(each.p50_ms for each in closed), 0.50),
        ("p99", median(each.p99_ms for each in closed), 0.99),
    )
    return [
        Result(
            name=f"timeline.page_{name}",
            unit="ms",
            value=value,
            limit=median(pgbench.percentile(each, share) for each in by_sql),
            better="lower",
            note=f"{CLIENTS} at a time, {median(each.per_second for each in closed):.0f}/s, {of}; "
            "limit: pgbench, the same SQL",
        )
        for name, value, share in figures
    ]


def _at_half(name: str, outcomes: list[Outcome], of: str) -> Result:
    """Give the p99 at half of the highest rate, counted from when each was due."""
    half = sorted(outcomes, key=lambda outcome: outcome.p99_ms)[len(outcomes) // 2]
    return Result(
        name=f"timeline.{name}_p99_half_load",
        unit="ms",
        value=half.p99_ms,
        better="lower",
        target=MOST_MS,
        note=f"Poisson, {half.per_second:.0f}/s, p50 {half.p50_ms:.1f} ms, {of}",
    )


def _script(members: int) -> str:
    """Turn the endpoint's own statement into a script of pgbench, for a random member each time."""
    wanted = Wanted(BEGIN, (END, NEWEST))
    text, arguments = statement("consumer", ["member"], wanted, limit=PAGE + 1)
    for n in range(len(arguments), 0, -1):
        value = arguments[n - 1]
        text = text.replace(f"${n}", f"({_MEMBER.format(':n')})" if value == "member" else _literal(value))
    return f"\\set n random(0, {members - 1})\n{' '.join(text.split())};\n"


def _literal(value: object) -> str:
    """Write a value; pgbench takes a colon before a letter or digit for a variable, so times have none."""
    if isinstance(value, datetime):
        return f"'{value:%Y%m%dT%H%M%SZ}'::timestamptz"
    return f"'{value}'::uuid" if value == NEWEST else f"'{value}'"


def _spec(port: int, token: str, members: int, path: str) -> Spec:
    headers = f"Host: bench\r\nAuthorization: Bearer {token}\r\n"
    templates = [
        [f"GET /v1/consumers/M{n:07d}/{path} HTTP/1.1\r\n{headers}X-Request-Id: ", "\r\n\r\n"]
        for n in random.sample(range(members), min(ASKED, members))
    ]
    return Spec(port=port, templates=templates, connections=CLIENTS, seconds=1, wanted_status=200)


def _check(database: Database, api: Process, system: System) -> None:
    """Make sure that an answer is what was filled in, read by the index, and no older than was asked for.

    Raises:
        RuntimeError: It is not.
    """
    headers = {"Authorization": f"Bearer {system.token()}"}
    url = f"http://127.0.0.1:{api.port}/v1/consumers/M0000007"
    found = httpx.get(f"{url}/timeline", params={"limit": PAGE}, headers=headers).json()
    view = httpx.get(f"{url}/overview", headers=headers).json()
    if len(found["items"]) != ENTRIES or view["newest"] != found["items"]:
        raise RuntimeError(f"the answer is not what was filled in: {found} {view}")
    wanted = Wanted(datetime.now(UTC) - timedelta(days=90), (END, NEWEST))
    text, arguments = statement("consumer", ["M0000007"], wanted, limit=PAGE)
    for n in range(len(arguments), 0, -1):
        text = text.replace(f"${n}", f"'{arguments[n - 1]}'")
    plan = database.execute(f"EXPLAIN (COSTS OFF) {text}")
    # Two quarters that have entries, those made ahead, and what comes after them.
    if "pkey" not in plan or plan.count(" on timeline_") > MOST_OPENED:
        raise RuntimeError(f"not read by the index, or more than was asked for: {plan}")
