"""Keeps what people note about trade customers."""

from datetime import datetime
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_customers.retailers.schemas import NoteView
from humidor_customers.retailers.service import lock_live


async def write_note(
    conn: Connection, principal: Principal, retailer_id: str, text: str, *, now: datetime
) -> NoteView:
    """Write a note about a customer that is not merged; the trail says that, not what, was written."""
    await lock_live(conn, retailer_id)
    view = NoteView(
        note_id=uuid7(), retailer_id=retailer_id, text=text, written_by=principal.subject, written_at=now
    )
    await conn.execute(
        "INSERT INTO retailer_notes (note_id, retailer_id, text, written_by, written_at) "
        "VALUES ($1, $2, $3, $4, $5)",
        *view.model_dump().values(),
    )
    after = {"retailer_id": retailer_id}
    await audit.record(conn, principal, "write", "retailer_note", str(view.note_id), after=after)
    return view


async def list_notes(conn: Connection, retailer_id: str, *, before: UUID, limit: int) -> list[NoteView]:
    """Read the notes about a customer, the newest first."""
    rows = await conn.fetch(
        "SELECT * FROM retailer_notes WHERE retailer_id = $1 AND note_id < $2 ORDER BY note_id DESC LIMIT $3",
        retailer_id,
        before,
        limit,
    )
    return [NoteView(**row) for row in rows]
