"""Makes the balances and what is remembered of sales anew, from the ledger and the topic."""

from humidor_common.db.pool import Connection
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_inventory.rollups.clocks import settle_clocks
from humidor_inventory.rollups.rolling import forget_rollups
from humidor_inventory.sales.consumers import SUBSCRIPTION, on_sale_events_again
from humidor_inventory.sales.rebuilding import FORGET, take_back_unexplained
from humidor_inventory.stock.flows import FILLED, rebuild_flows
from humidor_inventory.units.queries import change_catalogue

_CLEAR = """
UPDATE lot_stock SET on_hand_sticks = 0, quarantined_sticks = 0 WHERE live;
UPDATE stock SET on_hand_sticks = 0, quarantined_sticks = 0, on_order_sticks = 0, shortfall_sticks = 0;

INSERT INTO lot_stock (store_id, gtin, lot, on_hand_sticks, quarantined_sticks)
SELECT store_id, gtin, lot, coalesce(sum(delta_sticks) FILTER (WHERE bucket = 'on_hand'), 0),
       coalesce(sum(delta_sticks) FILTER (WHERE bucket = 'quarantined'), 0)
FROM stock_ledger GROUP BY store_id, gtin, lot
ON CONFLICT (store_id, gtin, lot) DO UPDATE
SET on_hand_sticks = excluded.on_hand_sticks, quarantined_sticks = excluded.quarantined_sticks;

INSERT INTO stock (store_id, gtin, on_hand_sticks, quarantined_sticks, shortfall_sticks)
SELECT store_id, gtin, sum(on_hand_sticks), sum(quarantined_sticks), sum(greatest(-on_hand_sticks, 0))
FROM lot_stock GROUP BY store_id, gtin
ON CONFLICT (store_id, gtin) DO UPDATE
SET on_hand_sticks = excluded.on_hand_sticks, quarantined_sticks = excluded.quarantined_sticks,
    shortfall_sticks = excluded.shortfall_sticks;

INSERT INTO stock (store_id, gtin, on_order_sticks)
SELECT store_id, gtin, sum(sticks) FROM (
    SELECT o.store_id, l.gtin, greatest(l.ordered_sticks - l.received_sticks, 0) AS sticks
    FROM purchase_orders o JOIN purchase_order_lines l USING (purchase_order_id)
    WHERE o.awaited
    UNION ALL
    SELECT t.to_store_id, p.gtin, p.dispatched_sticks - p.received_sticks - p.lost_sticks
    FROM transfers t JOIN transfer_parcels p USING (transfer_id)
    WHERE t.state IN ('dispatched', 'partially_received')
) awaited GROUP BY store_id, gtin
ON CONFLICT (store_id, gtin) DO UPDATE SET on_order_sticks = excluded.on_order_sticks;
"""
_DIGEST = f"""
SELECT (SELECT jsonb_build_object(
            'rows', count(*), 'on_hand_sticks', sum(on_hand_sticks),
            'quarantined_sticks', sum(quarantined_sticks), 'on_order_sticks', sum(on_order_sticks),
            'hash', sum(hashtextextended(concat_ws('/', store_id, gtin, on_hand_sticks, quarantined_sticks,
                                                   on_order_sticks, shortfall_sticks), 0)::numeric)::text)
        FROM stock WHERE on_hand_sticks <> 0 OR quarantined_sticks <> 0 OR on_order_sticks <> 0)
       AS stock,
       (SELECT jsonb_build_object(
            'rows', count(*),
            'hash', sum(hashtextextended(concat_ws('/', store_id, gtin, lot, on_hand_sticks,
                                                   quarantined_sticks), 0)::numeric)::text)
        FROM lot_stock WHERE live) AS lots,
       (SELECT jsonb_build_object(
            'rows', count(*),
            'hash', sum(hashtextextended(concat_ws('/', store_id, thread_id, document_id, kind, restock,
                                                   occurred_at), 0)::numeric)::text)
        FROM sale_documents) AS documents,
       (SELECT jsonb_build_object(
            'rows', count(*),
            'hash', sum(hashtextextended(concat_ws('/', store_id, document_id, kind, gtin, lot, on_hand,
                                                   quarantined), 0)::numeric)::text)
        FROM (SELECT store_id, document_id, kind, m->>0 AS gtin, m->>1 AS lot,
                     sum((m->>2)::bigint) AS on_hand, sum((m->>3)::bigint) AS quarantined
              FROM sale_documents CROSS JOIN jsonb_array_elements(moves) m GROUP BY 1, 2, 3, 4, 5) moved
       ) AS moves,
       (SELECT jsonb_build_object(
            'rows', count(*),
            'hash', sum(hashtextextended(concat_ws('/', store_id, document_id, kind, line, gtin, quantity,
                                                   unit, reason), 0)::numeric)::text)
        FROM parked_lines WHERE applied_at IS NULL) AS parked,
       (SELECT jsonb_build_object(
            'rows', count(*),
            'hash', sum(hashtextextended(concat_ws('/', store_id, gtin, day, sold_sticks, returned_sticks,
                quarantined_sticks, revenue_minor, unpriced_sticks, received_sticks, opened_sticks,
                transferred_in_sticks, transferred_out_sticks, written_off_sticks, adjusted_sticks),
                0)::numeric)::text)
        FROM daily_flows WHERE {FILLED}) AS flows
"""  # noqa: S608 - made of constants


async def clear(conn: Connection) -> None:
    """Drop the balances and all that is remembered of sales; add the ledger up again.

    The ledger itself stays: it is append-only, and holds receipts and adjustments that no topic has. Each
    event read again is worked out from what it states and set against the entries that it once made: those
    stand, with the lots they took from; what is lacking is entered, what no event accounts for taken back.
    """
    await conn.execute(_CLEAR)
    await conn.execute(FORGET)


async def finish(conn: Connection) -> int:
    """Take back what no event accounts for, and add the days up anew from the ledger and the documents."""
    corrected = await take_back_unexplained(conn)
    await rebuild_flows(conn)
    await forget_rollups(conn)
    return corrected


async def digest(conn: Connection) -> Digest:
    """Sum up the balances; nobody else changes them until the transaction ends."""
    await change_catalogue(conn)
    row = await conn.fetchrow(_DIGEST)
    return {} if row is None else dict(row)


PROJECTION = Projection(
    name="stock",
    subscription=SUBSCRIPTION,
    clear=clear,
    digest=digest,
    apply=on_sale_events_again,
    finish=finish,
    settle=settle_clocks,
)
