"""Fxiaoke (纷享销客), open platform, objects of version 2.

Every answer is HTTP 200; `errorCode` tells. Sources: developer.fxiaoke.com/openapi_v2 (start/example,
object), fxiaoke.apifox.cn (data/query, data/get), the error codes as its users meet them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from humidor_customers.crm.fxiaoke_calls import Calls, RecordRefused
from humidor_customers.crm.mapping import Mapping as FieldMapping
from humidor_customers.crm.options import FxiaokeOptions
from humidor_customers.crm.remote import Cursor, Outgoing, RemoteBusy, RemotePage, RemoteRecord, Written
from humidor_customers.crm.rules import Codec
from humidor_customers.crm.values import FxiaokeCodec

PAGE_ROWS = 100
WRITTEN_ROWS = 20


class Fxiaoke:
    """One object of one company."""

    written_at_once = WRITTEN_ROWS

    def __init__(self, calls: Calls, options: FxiaokeOptions, mapping: FieldMapping) -> None:
        self.codec: Codec = FxiaokeCodec(options.time_zone)
        self._calls = calls
        self._options = options
        self._mapping = mapping
        custom = mapping.object.endswith("__c")
        self._path = "/cgi/crm/custom/v2/data" if custom else "/cgi/crm/v2/data"

    async def changed(self, since: datetime | None, cursor: Cursor | None) -> RemotePage:
        """Page by the last id, never by offset, which ends at 10,000."""
        filters = [] if since is None else [_filter("last_modified_time", "GTE", _milliseconds(since))]
        if cursor:
            filters.append(_filter("_id", "GT", cursor["after"]))
        rows, server_time = await self._query(filters)
        records = [record for row in rows if (record := self._record(row)) is not None]
        last = rows[-1].get("_id") if rows and isinstance(rows[-1], dict) else None
        if len(rows) == PAGE_ROWS and not isinstance(last, str):
            raise RemoteBusy("half-page", "the last record of a page has no _id to go on from")
        following = {"after": last} if len(rows) == PAGE_ROWS else None
        return RemotePage(records, following, len(rows) - len(records), server_time)

    async def deleted(self, since: datetime | None, cursor: Cursor | None) -> RemotePage:  # noqa: ARG002
        """Give nothing: what was deleted or made invalid comes with `changed`."""
        return RemotePage([])

    async def get(self, remote_ids: Sequence[str]) -> list[RemoteRecord]:
        rows, _ = await self._query([_filter("_id", "IN", *remote_ids)])
        return [record for row in rows if (record := self._record(row)) is not None]

    async def write(self, records: Sequence[Outgoing]) -> list[Written]:
        return [await self._write(each) for each in records]

    async def _write(self, record: Outgoing) -> Written:
        """Change a record or, where none matches, make it: there is no upsert over there."""
        try:
            remote_id = record.remote_id or await self._find(record.match)
            if remote_id is not None:
                await self._put("update", {"_id": remote_id, **record.fields})
                return Written(remote_id)
            owner = {"owner": [self._options.owner]} if self._options.owner else {}
            answer = await self._put("create", {**owner, **record.fields, **record.match})
        except RecordRefused as error:
            return Written(None, str(error.code), "", error.message)
        made = answer.get("dataId")
        if not isinstance(made, str) or not made:
            raise RemoteBusy("half-answer", "a record was made, but its dataId is not told")
        return Written(made)

    async def _find(self, match: Mapping[str, Any]) -> str | None:
        filters = [_filter(name, "EQ", value) for name, value in match.items()]
        rows, _ = await self._query(filters)
        records = [record for row in rows if (record := self._record(row)) is not None and not record.gone]
        return records[0].remote_id if records else None

    async def _put(self, verb: str, fields: dict[str, Any]) -> dict[str, Any]:
        data = {"object_data": {"dataObjectApiName": self._mapping.object, **fields}, "details": {}}
        answer = await self._calls.ask(
            f"{self._path}/{verb}", data, triggerApprovalFlow=False, triggerWorkFlow=False
        )
        return answer.document

    async def _query(self, filters: list[dict[str, Any]]) -> tuple[list[Any], datetime | None]:
        data = {
            "dataObjectApiName": self._mapping.object,
            "find_explicit_total_num": False,
            "search_query_info": {
                "limit": PAGE_ROWS,
                "offset": 0,
                "filters": filters,
                "orders": [{"fieldName": "_id", "isAsc": True}],
                "fieldProjection": [
                    "_id",
                    "last_modified_time",
                    "life_status",
                    "is_deleted",
                    *self._mapping.read,
                ],
            },
        }
        try:
            answer = await self._calls.ask(f"{self._path}/query", data)
        except RecordRefused as error:
            raise error.for_all() from error
        found = answer.document.get("data")
        rows = found.get("dataList") if isinstance(found, dict) else None
        if not isinstance(rows, list):
            raise RemoteBusy("half-page", "a page has no dataList")
        return rows, answer.server_time

    def _record(self, row: Any) -> RemoteRecord | None:
        """Read a record; what is empty over there is left out of it."""
        if not isinstance(row, dict) or not isinstance(row.get("_id"), str) or not row["_id"]:
            return None
        gone = row.get("is_deleted") is True or row.get("life_status") == "invalid"
        fields = {name: row.get(name) for name in self._mapping.read}
        return RemoteRecord(row["_id"], fields, _moment(row.get("last_modified_time")), gone=gone)


def _filter(name: str, operator: str, *values: Any) -> dict[str, Any]:
    return {"field_name": name, "field_values": [str(each) for each in values], "operator": operator}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(milliseconds: Any) -> datetime | None:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
