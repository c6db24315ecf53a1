"""Moves the membership of a group when two records become one customer, and back."""

from datetime import datetime

from humidor_common.db.pool import Connection


async def move_membership(conn: Connection, from_to: tuple[str, str]) -> tuple[str | None, bool]:
    """Let the survivor order as the other did, unless it has a group of its own; gives the other's group."""
    group = await conn.fetchval(
        "DELETE FROM order_members WHERE retailer_id = $1 RETURNING group_code", from_to[0]
    )
    if group is None:
        return None, False
    taken = await conn.fetchval(
        """INSERT INTO order_members (retailer_id, group_code, since) VALUES ($1, $2, now())
           ON CONFLICT (retailer_id) DO NOTHING RETURNING true""",
        from_to[1],
        group,
    )
    return group, bool(taken)


async def give_membership_back(
    conn: Connection, pair: tuple[str, str], group: tuple[str, bool], now: datetime
) -> None:
    """Let the merged record order in its group again; the survivor leaves it where it came with the merge."""
    survivor_id, merged_id = pair
    group_code, taken = group
    if taken:
        await conn.execute(
            "DELETE FROM order_members WHERE retailer_id = $1 AND group_code = $2", survivor_id, group_code
        )
    await conn.execute(
        """INSERT INTO order_members (retailer_id, group_code, since) VALUES ($1, $2, $3)
           ON CONFLICT (retailer_id) DO NOTHING""",
        merged_id,
        group_code,
        now,
    )
