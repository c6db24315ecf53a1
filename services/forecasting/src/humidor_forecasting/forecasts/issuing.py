"""Writes forecasts with their data cuts, and tells of each, in one transaction."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_forecasting.choosing.work import SeriesInput, SeriesOutput, as_worked, pack_cut
from humidor_forecasting.forecasts.events import Issue, to_event

_KEEP_CUTS = """
INSERT INTO data_cuts (digest, packed) SELECT * FROM unnest($1::bytea[], $2::bytea[]) ORDER BY 1
ON CONFLICT DO NOTHING
"""
_KEEP = """
INSERT INTO forecasts (forecast_id, store_id, gtin, run_id, model, model_version, challenger, kind, fell_back,
                       data_until, issued_at, starts_on, horizon_days, probabilities, days, cumulative,
                       scores, reasons, notes, versions, cut_digest, own_days)
SELECT r.* FROM jsonb_array_elements($1::jsonb) e CROSS JOIN LATERAL (
    SELECT (e->>0)::uuid, e->>1, e->>2, (e->>3)::uuid, e->>4, e->>5, e->>6, e->>7, (e->>8)::boolean,
           (e->>9)::timestamptz, (e->>10)::timestamptz, (e->>11)::date, (e->>12)::integer, e->13, e->14,
           e->15, e->16, e->17, e->18, e->19, decode(e->>20, 'hex'), nullif(e->21, 'null')) r
"""


class Made(NamedTuple):
    """A forecast with all it rests on, and the store's day that it begins with."""

    given: SeriesInput
    starts_on: date
    output: SeriesOutput


async def issue(
    conn: Connection,
    run_id: UUID,
    made: Sequence[Made],
    *,
    data_until: datetime,
    versions: Any,
    now: datetime,
) -> None:
    """Keep these forecasts and publish them."""
    if not made:
        return
    cuts: dict[bytes, bytes] = {}
    rows, events = [], []
    for given, starts_on, output in made:
        digest, packed = pack_cut(as_worked(given, output))
        cuts[digest] = packed
        forecast_id = uuid7()
        rows.append((
            forecast_id, given.store_id, given.gtin, run_id, output.model, output.model_version,
            output.challenger, output.kind, output.fell_back, data_until, now, starts_on, given.horizon,
            given.probabilities, output.days, output.cumulative, output.scores, output.reasons, output.notes,
            versions, digest.hex(), output.own_days,
        ))  # fmt: skip
        terms = Issue(forecast_id, data_until, now, starts_on, given.probabilities)
        events.append(to_event((given.store_id, given.gtin), (output.model, output.model_version), terms,
                               (output.days, output.cumulative)))  # fmt: skip
    await conn.execute(_KEEP_CUTS, *columns_of(sorted(cuts.items())))
    await conn.execute(_KEEP, rows)
    await outbox.append(conn, events)
