"""Shops, sales and profiles for the bench of customer analytics."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from humidor_common.events.pos import Payment, SaleLine, SaleRecorded
from humidor_common.ids import uuid7
from humidor_common.messaging.subscription import Received
from humidor_customers.purchases.consumers import SUBSCRIPTION

PRODUCTS, STORES = 200, 100
MEMBERS_PER_SALE = 0.1
BATCH = SUBSCRIPTION.max_batch

SHOP = f"""
INSERT INTO stores (store_id, name, time_zone, status, kind, version)
SELECT 'S' || n, 'bench', 'Asia/Shanghai', 'open', 'shop', 1 FROM generate_series(1, {STORES}) n;
INSERT INTO products (gtin, name, brand, status, sticks_per_pack, packs_per_carton, cartons_per_case,
                      retail_price_per_pack, currency, price_class, version)
SELECT lpad(n::text, 14, '0'), 'bench', 'brand ' || n % 30, 'active', 20, 10, 50, 2500, 'CNY',
       'class-' || n % 5, 1
FROM generate_series(1, {PRODUCTS}) n
"""  # noqa: S608 - made of constants
PROFILES = """
INSERT INTO profiles
SELECT now(), now(), n % 90000, n % 40000, n % 30000, n % 9000, current_date - n % 900,
       current_date - n % 300, 1 + n % 60, 1 + n % 80, n % 50, n % 3, n % 400, n % 9000, 1 + n % 3,
       n % 40, 0.5, 0.2, NULL, n % 24, 1 + n % 7, n % 4,
       'consumer', 'M' || lpad((n::bigint * 7919 % {count})::text, 7, '0'), 'S' || n % 100, 'CNY', 'till',
       (ARRAY['new', 'active', 'cooling', 'dormant', 'lost'])[1 + n % 5], 'brand ' || n % 30,
       'class-' || n % 5
FROM generate_series(0, {count} - 1) n;
INSERT INTO models (model_id, model, party_kind, current, customers, parameters, fit, as_of, fitted_at,
                    fitted_by)
SELECT gen_random_uuid(), m, 'consumer', true, {count}, '{}', '{}', now(), now(), 'bench'
FROM unnest(ARRAY['rfm', 'churn']) m;
INSERT INTO model_scores SELECT model_id, p.party_id, (hashtext(p.party_id) & 1023) / 1024.0,
       (ARRAY['champions', 'loyal', 'at_risk', 'new'])[1 + (hashtext(p.party_id) & 3)], ARRAY[5.0, 4.0, 3.0]
FROM models, (SELECT party_id FROM profiles ORDER BY party_id) p;
VACUUM ANALYZE profiles, models, model_scores
"""


def batches(count: int) -> Iterator[list[Received]]:
    random.seed(7)
    members = int(count * MEMBERS_PER_SALE)
    now = datetime.now(UTC)
    payments = [Payment(method="cash", amount=5000)]
    gtins = [f"{n:014d}" for n in range(1, PRODUCTS + 1)]
    for start in range(0, count, BATCH):
        batch = []
        for n in range(start, min(start + BATCH, count)):
            at = now - timedelta(seconds=(count - n) * 40_000_000 / count)
            lines = [
                SaleLine(line=k, gtin=random.choice(gtins), quantity=1 + k, unit="pack", unit_price=2500)
                for k in range(1, 2 + n % 2)
            ]
            event = SaleRecorded(
                sale_id=uuid7(),
                store_id=f"S{1 + n % STORES}",
                terminal_id="T1",
                sold_at=at,
                recorded_at=at,
                currency="CNY",
                total=5000,
                lines=lines,
                payments=payments,
                member_id=f"M{random.randrange(members):07d}",
            )
            batch.append(
                Received(event=event, event_id=uuid7(), source="/humidor/pos", time=at, traceparent=None)
            )
        yield batch
