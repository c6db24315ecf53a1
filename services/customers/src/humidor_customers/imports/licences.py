"""Imports of what authorities say of licences."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.imports.kinds import Finding, Item, Key, Kind, Values
from humidor_common.tables.headings import Column
from humidor_common.web.inputs import Input, Label, LicenceNumber, Note
from humidor_customers.imports.retailers import lock_everything
from humidor_customers.imports.words import CHINESE, LICENCE, STATUSES, translate
from humidor_customers.retailers.licences import Said, find_by_licence, record_checks
from humidor_customers.retailers.rules import LicenceStatus
from humidor_customers.retailers.schemas import CheckInput


class CheckItem(Input):
    """What an authority says of a licence, in a file."""

    licence_number: LicenceNumber
    status: LicenceStatus
    source: Label
    reason: Note | None = None


async def _check_licences(conn: Connection, _: Principal, items: Sequence[Item]) -> list[Finding]:
    found = await find_by_licence(conn, [item.values.licence_number for item in items])
    message = "no live customer has this licence"
    return [
        Finding(place, "licence_number", "unknown-licence", message, translate(message))
        for place, item in enumerate(items)
        if item.values.licence_number not in found
    ]


async def _write_licences(
    conn: Connection, principal: Principal, items: Sequence[Item], now: datetime
) -> list[Finding]:
    if findings := await _check_licences(conn, principal, items):
        return findings
    found = await find_by_licence(conn, [item.values.licence_number for item in items])
    said = [Said(found[item.values.licence_number], CheckInput(**item.values.model_dump())) for item in items]
    await record_checks(conn, principal, said, now=now)
    return []


async def _current_licences(conn: Connection, keys: Sequence[Key]) -> Mapping[Key, Values]:
    """Give what the last check said, so that the same list again changes nothing."""
    rows = await conn.fetch(
        """SELECT DISTINCT ON (c.licence_number) c.licence_number, c.status, c.source, c.reason
           FROM retailers r JOIN licence_checks c USING (retailer_id)
           WHERE r.licence_number = ANY($1::text[]) AND r.state <> 'closed' AND r.merged_into IS NULL
             AND c.licence_number = r.licence_number
           ORDER BY c.licence_number, c.checked_at DESC, c.check_id DESC""",
        [key[0] for key in keys],
    )
    return {(row["licence_number"],): dict(row) for row in rows}


LICENCE_CHECKS = Kind(
    name="licence-checks",
    title=("Licence checks", "许可证核查结果"),
    model=CheckItem,
    key=("licence_number",),
    columns=(
        LICENCE,
        Column("status", ("许可证状态", "状态"), words=STATUSES),
        Column("source", ("来源", "核查单位")),
        Column("reason", ("原因", "说明")),
    ),
    current=_current_licences,
    check=_check_licences,
    write_checks=True,
    write=_write_licences,
    lock=lock_everything,
    permit=Principal.check_every_store,
    chinese=CHINESE,
    example={"licence_number": "330102100001", "status": "suspended", "source": "monopoly bureau"},
)
