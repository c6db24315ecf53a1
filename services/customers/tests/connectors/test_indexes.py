"""What a worker asks again and again finds its index, however much history there is."""

from datetime import timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_common.ids import uuid7
from humidor_customers.exchange import failures, links
from humidor_customers.retailers import queries as retailers
from humidor_customers.syncs import runs
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.explaining import Explaining

_MANY = """
INSERT INTO connectors (connector_id, kind, name, enabled, options, mapping, secret_names, version,
                        changed_at)
SELECT 'c' || n, 'zoho', 'x', true, '{}', '{}', '{}', 1, now() FROM generate_series(1, 20) n;
INSERT INTO retailers (retailer_id, name, search_name, name_key, state, time_zone, business_format,
                       market_type, contacts, phone_keys, tags, custom, version, created_at, changed_at)
SELECT 'R' || n, 'x', 'x', 'x', 'prospect', 'UTC', 'other', 'urban', '[]', '{}', '{}', '{}', 1, now(),
       now() - make_interval(mins => n) FROM generate_series(1, 8000) n;
INSERT INTO crm_links (connector_id, remote_id, retailer_id, state, shadow, sent_version, owed, linked_at)
SELECT 'c' || n % 20 + 1, n::text, 'R' || n, 'live', '{}', 1, n % 500 = 0, now()
FROM generate_series(1, 8000) n;
INSERT INTO sync_failures (failure_id, connector_id, direction, subject, code, errors, tries, state, first_at,
                           last_at, due_at)
SELECT gen_random_uuid(), 'c' || n % 20 + 1, 'in', n::text, 'x', '[]', 1,
       CASE WHEN n % 50 = 0 THEN 'open' ELSE 'solved' END, now(), now(), now()
FROM generate_series(1, 8000) n;
INSERT INTO sync_runs (run_id, connector_id, started_by, dry_run, complete, state, phase, due_at, lease,
                       tries, counts, created_at)
SELECT gen_random_uuid(), 'c' || n % 20 + 1, 'x', false, false, 'done', 'push', now(), 1, 0, '{}', now()
FROM generate_series(1, 8000) n;
"""


async def test_what_is_due_finds_its_index(desk: Desk) -> None:
    now = utc_now()
    async with desk.runtime.pool.acquire() as conn:
        await conn.execute(_MANY)
        for table in ("retailers", "crm_links", "sync_failures", "sync_runs"):
            await conn.execute(f"ANALYZE {table}")
        explaining: Any = Explaining(conn)
        hour_ago = now - timedelta(hours=1)
        asked = {
            "ix_retailers_changed": retailers.changed_since(explaining, hour_ago, "", limit=100),
            "ix_crm_links_owed": links.owed(explaining, "c1", 100),
            "pk_crm_links": links.of_records(explaining, "c1", ["1", "2"]),
            "ix_crm_links_retailer": links.of_customers(explaining, "c1", ["R1", "R2"]),
            "ix_sync_failures_due": failures.due(explaining, "c1", "in", by=now, limit=100),
            "ix_sync_failures_settled": failures.forget_old(explaining, "c1", before=hour_ago),
            "ix_sync_runs_due": runs.claim(explaining, now=now),
            "ix_sync_runs_connector": runs.page(explaining, "c1", before=uuid7(), limit=10),
        }
        for index, question in asked.items():
            await question
            assert index in explaining.plan, (index, explaining.plan)
            assert "Seq Scan on" not in explaining.plan, explaining.plan
