"""What operators and orchestrators ask a process: is it alive, is it ready, how far behind is it."""

from typing import Any

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.messaging import deadletters
from humidor_common.messaging.kafka import make_admin
from humidor_common.messaging.lag import open_lag_meter
from humidor_common.runtime import Runtime

router = APIRouter(include_in_schema=False)
_DOWN = (*DATABASE_ERRORS, KafkaError)


@router.get("/healthz")
async def alive() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz")
async def ready(request: Request) -> JSONResponse:
    """Answer 200 only when the database and the bus answer and, in a worker, every consumer runs."""
    runtime: Runtime = request.app.state.runtime
    checks = {"database": await _check_database(runtime)}
    if runtime.service.uses_bus:
        checks["bus"] = await _check_bus(runtime)
    if runtime.consumers:
        running = all(consumer.running for consumer in runtime.consumers)
        checks["consumers"] = "ok" if running else "a consumer is not running"
    is_ready = all(outcome == "ok" for outcome in checks.values())
    return JSONResponse({"ready": is_ready, "checks": checks}, status_code=200 if is_ready else 503)


@router.get("/statusz")
async def status(request: Request) -> dict[str, Any]:
    """Count what is still under way: outbox rows, records not yet consumed, open dead letters."""
    runtime: Runtime = request.app.state.runtime
    async with runtime.pool.acquire() as conn:
        outbox = await conn.fetchval("SELECT count(*) FROM outbox")
        dead = await deadletters.count_open(conn)
    lag = await _lag(runtime)
    return {"service": runtime.service.name, "outbox": outbox, "lag": lag, "dead_letters": dead}


@router.get("/metrics")
async def metrics() -> PlainTextResponse:
    return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _lag(runtime: Runtime) -> dict[str, int]:
    if not runtime.service.subscriptions:
        return {}
    async with open_lag_meter(runtime.settings) as meter:
        return await meter.read(runtime.service.subscriptions)


async def _check_database(runtime: Runtime) -> str:
    try:
        await runtime.pool.fetchval("SELECT 1", timeout=2)
    except _DOWN as error:
        return f"{type(error).__name__}: {error}"
    return "ok"


async def _check_bus(runtime: Runtime) -> str:
    admin = make_admin(runtime.settings)
    try:
        await admin.start()
    except _DOWN as error:
        return f"{type(error).__name__}: {error}"
    else:
        return "ok"
    finally:
        await admin.close()
