"""Takes consents back by a word that somebody has replied with."""

from datetime import datetime

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_customers.consumers import consents, queries, service
from humidor_customers.consumers.rules import Channel
from humidor_customers.consumers.schemas import ConsentInput


async def withdraw_channel(
    conn: Connection, principal: Principal, member_id: str, channel: Channel, *, source: str, now: datetime
) -> None:
    """Take back all that a member allows by a channel, as a reply with the word for it does."""
    await queries.lock(conn, member_id)
    before = await queries.read(conn, member_id)
    if before is None:
        return
    given = [
        ConsentInput(
            purpose=each.purpose,
            channel=channel,
            given=False,
            source=source,
            text_version=each.text_version,
            decided_at=max(now, each.decided_at),
        )
        for each in before.consents
        if each.given and each.channel == channel
    ]
    if await consents.record(conn, before.consents, consents.views_of(principal, member_id, given, now)):
        await service.change(conn, principal, "decide", before, now=now, reason=source)
