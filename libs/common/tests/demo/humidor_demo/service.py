"""A service as small as can be, on which the tests of the common library stand."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import Response

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import Read, Tx
from humidor_common.events.pos import SaleRecorded
from humidor_common.messaging.rebuild import Projection
from humidor_common.messaging.subscription import Poison, Received, Subscription
from humidor_common.service import Routes, Service
from humidor_common.web.authorization import require
from humidor_common.web.idempotency import Idempotency

router = APIRouter()
POISONED = UUID(int=666)
POISON = {"on": True}


class Note(BaseModel):
    note: str


@router.post("/v1/notes", status_code=201)
async def add_note(note: Note, tx: Tx, idempotent: Idempotency) -> Response:
    async def work() -> dict[str, str]:
        await tx.execute("INSERT INTO notes VALUES ($1)", note.note)
        return {"note": note.note}

    return await idempotent.run(tx, work)


@router.get("/v1/notes")
async def count_notes(
    conn: Read, principal: Annotated[Principal, Depends(require("pos:read"))]
) -> dict[str, int | str]:
    return {"count": await conn.fetchval("SELECT count(*) FROM notes"), "subject": principal.subject}


@router.put("/v1/notes/{name}")
async def name_note(name: str, note: Note) -> dict[str, str]:
    return {"name": name, "note": note.note}


@router.get("/v1/broken")
async def broken() -> None:
    raise RuntimeError("a fault of ours")


async def count_sales(conn: Connection, batch: Sequence[Received]) -> None:
    stores: dict[str, int] = {}
    for received in batch:
        event = received.event
        if not isinstance(event, SaleRecorded):
            continue
        if event.sale_id == POISONED and POISON["on"]:
            raise Poison("this sale is poisoned")
        if event.total < 0:
            raise RuntimeError("a fault of the handler")
        stores[event.store_id] = stores.get(event.store_id, 0) + event.lines[0].quantity
    await conn.execute(
        """
        INSERT INTO counters SELECT * FROM unnest($1::text[], $2::bigint[]) ORDER BY 1
        ON CONFLICT (store_id) DO UPDATE SET sold = counters.sold + excluded.sold
        """,
        list(stores),
        list(stores.values()),
    )


async def clear(conn: Connection) -> None:
    await conn.execute("TRUNCATE counters")


async def digest(conn: Connection) -> dict[str, int]:
    rows = await conn.fetch("SELECT store_id, sold FROM counters ORDER BY 1")
    return {row["store_id"]: row["sold"] for row in rows}


COUNTING = Subscription("demo.counting", (SaleRecorded.TOPIC,), count_sales, max_batch=50)
SERVICE = Service(
    name="pos",
    title="Demo",
    package="humidor_demo",
    routes=lambda: Routes((router,)),
    subscriptions=(COUNTING,),
    projections=(Projection("counters", COUNTING, clear, digest),),
)
