"""How long a published forecast takes to be read over HTTP, and what it costs the service."""

from datetime import UTC, datetime

import msgspec

from benchmarks.forecast_series import HORIZON, make_series
from benchmarks.load import Spec, drive
from benchmarks.report import Result
from benchmarks.system import Database, System
from humidor_common.ids import uuid7
from humidor_forecasting.runs.rules import PROBABILITIES

PACKAGE = "humidor_forecasting"
MOST_SERVE_MS = 20.0
SERVED = 200


def measure_serving(system: System) -> list[Result]:
    """Ask for published forecasts one after the other, and one process's share of the processor."""
    database = system.database(PACKAGE, _publish, kind="served")
    seconds = system.effort.seconds(8.0)
    headers = f"Host: bench\r\nAuthorization: Bearer {system.token()}\r\n"
    templates = [
        [f"GET /v1/forecasts/S0001/{n:014d} HTTP/1.1\r\n{headers}X-Request-Id: ", "\r\n\r\n"]
        for n in range(SERVED)
    ]
    with system.process(database, "api") as api:
        spec = Spec(port=api.port, templates=templates, connections=1, seconds=1.0, wanted_status=200)
        drive(spec)
        cpu = api.cpu_seconds()
        found = drive(msgspec.structs.replace(spec, seconds=seconds))
        cpu = api.cpu_seconds() - cpu
    note = f"one after the other, {HORIZON} days, {len(PROBABILITIES)} quantiles"
    each = cpu / (found.per_second * seconds) * 1000
    return [
        Result(name="forecast.serve_p99", unit="ms", value=found.p99_ms, better="lower", target=MOST_SERVE_MS,
               note=note),
        Result(name="forecast.serve_p50", unit="ms", value=found.p50_ms, better="lower", note=note),
        Result(name="forecast.serve_cpu", unit="ms", value=each, better="lower",
               note=f"{note}; processor time of the service a request"),
    ]  # fmt: skip


def _publish(database: Database) -> None:
    """Write forecasts as a run would; each has the figures of a forecast that was made."""
    from humidor_forecasting.choosing.pipeline import forecast_series

    made = forecast_series(msgspec.structs.replace(make_series(0), ladder=["seasonal_average", "tsb"]))
    named = {
        "days": made.days, "cumulative": made.cumulative, "scores": made.scores, "reasons": made.reasons,
        "notes": made.notes, "probabilities": list(PROBABILITIES), "versions": {"code": "bench"},
    }  # fmt: skip
    columns = ", ".join(f"'{msgspec.json.encode(each).decode()}'::jsonb AS {n}" for n, each in named.items())
    database.execute(f"""
        INSERT INTO forecasts (forecast_id, store_id, gtin, run_id, model, model_version, challenger, kind,
            fell_back, data_until, issued_at, starts_on, horizon_days, cut_digest, {", ".join(named)})
        SELECT gen_random_uuid(), 'S0001', lpad(n::text, 14, '0'), '{uuid7()}', 'auto_ets', '1', NULL,
            'smooth', false, now(), '{datetime.now(UTC).isoformat()}', current_date, {HORIZON},
            decode('00', 'hex'), f.* FROM generate_series(0, {SERVED - 1}) n, (SELECT {columns}) f;
        """)  # noqa: S608 - our own text
