"""Month partitions of the hot tables: made ahead of time, and out of the default partition when it fills."""

from datetime import date, datetime

from humidor_common.db.pool import Connection

TABLES = {"sales": "sold_at", "sale_lines": "sold_at"}
MONTHS_BACK = 1
MONTHS_AHEAD = 3
# A few facts of a wrong clock may stay in the default partition; a month with as many rows as this has
# really happened (a replay of history, a long offline terminal) and gets its own.
MOVE_AT_ROWS = 1000
_LOCK = 4_855_443_201


def first_of_month(day: date, *, plus_months: int = 0) -> date:
    """Shift a date to the first day of the month so many months away."""
    months = day.year * 12 + day.month - 1 + plus_months
    return date(months // 12, months % 12 + 1, 1)


async def keep_partitions(conn: Connection, now: datetime) -> list[str]:
    """Create what is missing; safe to run in several processes at once. Returns the new partitions."""
    created: list[str] = []
    for table, column in TABLES.items():
        months = {
            first_of_month(now.date(), plus_months=offset) for offset in range(-MONTHS_BACK, MONTHS_AHEAD + 1)
        }
        crowded = await conn.fetch(
            f"SELECT date_trunc('month', {column}, 'UTC')::date AS month FROM {table}_default"  # noqa: S608 - names are constants of this module
            " GROUP BY 1 HAVING count(*) >= $1",
            MOVE_AT_ROWS,
        )
        wanted = sorted(months | {row["month"] for row in crowded})
        made = [month for month in wanted if await _create(conn, table, column, month)]
        created.extend(f"{table}_{month:%Y_%m}" for month in made)
    return created


async def _create(conn: Connection, table: str, column: str, month: date) -> bool:
    name = f"{table}_{month:%Y_%m}"
    starts, ends = f"{month} 00:00+00", f"{first_of_month(month, plus_months=1)} 00:00+00"
    if await conn.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
        return False
    async with conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await conn.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
            return False
        # Rows of that month that are in the default partition have to move before it can be attached.
        await conn.execute(f"""
            CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
            LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE;
            WITH moved AS (
                DELETE FROM {table}_default WHERE {column} >= '{starts}' AND {column} < '{ends}' RETURNING *
            ) INSERT INTO {name} SELECT * FROM moved;
            ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{starts}') TO ('{ends}');
        """)  # noqa: S608 - names and dates are made here
    return True
