"""Zoho CRM, API version 8.

Sources: zoho.com/crm/developer/docs/api/v8 (get-records, upsert-records, get-deleted-records, status-codes,
api-limits, multi-dc) and the published OpenAPI documents github.com/zoho/crm-oas v8.0.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from humidor_customers.crm.access import Renewing
from humidor_customers.crm.mapping import Mapping as FieldMapping
from humidor_customers.crm.options import ZohoOptions
from humidor_customers.crm.remote import (
    Access,
    Cursor,
    CursorLost,
    KeepAccess,
    Outgoing,
    RemoteBusy,
    RemotePage,
    RemoteRecord,
    RemoteRefused,
    Written,
)
from humidor_customers.crm.rules import Codec
from humidor_customers.crm.transport import Answer, Transport
from humidor_customers.crm.values import PlainCodec

PAGE_ROWS = 200
WRITTEN_ROWS = 100
PAGED_ROWS = 2000
_MARGIN = timedelta(minutes=2)
_HOUR_SECONDS = 3600
_UNAUTHORIZED, _NO_CONTENT, _NOT_MODIFIED, _BAD_REQUEST = 401, 204, 304, 400


class Zoho:
    """One module of one organisation."""

    written_at_once = WRITTEN_ROWS

    def __init__(
        self,
        transport: Transport,
        options: ZohoOptions,
        secrets: Mapping[str, str],
        mapping: FieldMapping,
        access: tuple[Access | None, KeepAccess],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self.codec: Codec = PlainCodec()
        self._transport = transport
        self._options = options
        self._secrets = secrets
        self._mapping = mapping
        self._clock = clock
        self._access = Renewing(access[0], self._renew, access[1], clock=clock, margin=_MARGIN)
        self._credits: int | None = None

    async def changed(self, since: datetime | None, cursor: Cursor | None) -> RemotePage:
        place = cursor or {"page": 1}
        params = {
            "fields": ",".join([*self._mapping.read, "Modified_Time"]),
            "per_page": PAGE_ROWS,
            "sort_by": "id",
            "sort_order": "asc",
        } | place
        answer = await self._ask("GET", "", params=params, headers=_since(since))
        return self._page(answer, place, self._record, paged_rows=PAGED_ROWS)

    async def deleted(self, since: datetime | None, cursor: Cursor | None) -> RemotePage:
        place = cursor or {"page": 1}
        params = {"type": "all", "per_page": PAGE_ROWS} | place
        answer = await self._ask("GET", "/deleted", params=params, headers=_since(since))
        return self._page(answer, place, _deleted)

    async def get(self, remote_ids: Sequence[str]) -> list[RemoteRecord]:
        fields = ",".join([*self._mapping.read, "Modified_Time"])
        params = {"ids": ",".join(remote_ids), "fields": fields, "per_page": PAGE_ROWS}
        return self._page(await self._ask("GET", "", params=params), {"page": 1}, self._record).records

    async def write(self, records: Sequence[Outgoing]) -> list[Written]:
        """Change by id what is known there, upsert the rest by its match fields."""
        known = [n for n, each in enumerate(records) if each.remote_id is not None]
        fresh = [n for n, each in enumerate(records) if each.remote_id is None]
        found: dict[int, Written] = {}
        if known:
            data = [{"id": records[n].remote_id, **records[n].fields} for n in known]
            found |= zip(known, await self._put("PUT", "", data), strict=True)
        for name in {tuple(records[n].match) for n in fresh}:
            these = [n for n in fresh if tuple(records[n].match) == name]
            data = [records[n].fields | records[n].match for n in these]
            written = await self._put("POST", "/upsert", data, duplicate_check_fields=list(name))
            found |= zip(these, written, strict=True)
        return [found[n] for n in range(len(records))]

    async def _put(self, method: str, path: str, data: list[dict[str, Any]], **more: Any) -> list[Written]:
        answer = await self._ask(method, path, json={"data": data, "trigger": [], **more})
        items = answer.document.get("data") if isinstance(answer.document, dict) else None
        if not isinstance(items, list) or len(items) != len(data):
            raise RemoteBusy(
                "half-answer", f"{len(data)} records were sent, but not as many are answered for"
            )
        return [_written(each) for each in items]

    async def _ask(self, method: str, path: str, **request: Any) -> Answer:
        """Ask with a token, once more with a new one where that is refused.

        Raises:
            RemoteBusy, RemoteRefused, CursorLost.
        """
        self._spare_credits()
        headers = request.pop("headers", {})
        for last in (False, True):
            access = await self._access.get()
            sent = headers | {"Authorization": f"Zoho-oauthtoken {access.token}"}
            url = f"{access.more['api_domain']}/crm/v8/{self._mapping.object}{path}"
            answer = await self._transport.send(method, url, headers=sent, **request)
            if answer.status != _UNAUTHORIZED or last:
                break
            self._access.drop(access)
        left = answer.headers.get("x-api-credits-remaining", "")
        self._credits = int(left) if left.isascii() and left.isdigit() else None
        if not _has_items(answer):
            _check(answer, paged="page_token" in request.get("params", {}))
        return answer

    def _spare_credits(self) -> None:
        if self._credits is not None and self._credits < self._options.credits_reserve:
            left = self._credits
            self._credits = None
            detail = f"{left} API credits are left of the last 24 hours"
            raise RemoteBusy("credits-low", detail, after_seconds=_HOUR_SECONDS)

    def _page(
        self,
        answer: Answer,
        place: Cursor,
        read: Callable[[Any], RemoteRecord | None],
        *,
        paged_rows: int | None = None,
    ) -> RemotePage:
        if answer.status in (_NO_CONTENT, _NOT_MODIFIED):
            return RemotePage([], server_time=answer.server_time)
        document = answer.document if isinstance(answer.document, dict) else {}
        rows, info = document.get("data"), document.get("info")
        if not isinstance(rows, list) or not isinstance(info, dict) or info.get("count") != len(rows):
            raise RemoteBusy("half-page", "a page has not as many records as it says")
        records = [record for row in rows if (record := read(row)) is not None]
        return RemotePage(
            records,
            _next(info, place, paged_rows),
            unreadable=len(rows) - len(records),
            server_time=answer.server_time,
        )

    def _record(self, row: Any) -> RemoteRecord | None:
        if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not row["id"]:
            return None
        fields = {name: row.get(name) for name in self._mapping.read}
        return RemoteRecord(row["id"], fields, _moment(row.get("Modified_Time")))

    async def _renew(self) -> Access:
        form = {
            "grant_type": "refresh_token",
            "client_id": self._secrets.get("client_id", ""),
            "client_secret": self._secrets.get("client_secret", ""),
            "refresh_token": self._secrets.get("refresh_token", ""),
        }
        answer = await self._transport.send("POST", f"{self._options.accounts}/oauth/v2/token", data=form)
        said = answer.document if isinstance(answer.document, dict) else {}
        token, domain = said.get("access_token"), said.get("api_domain", self._options.api)
        if not isinstance(token, str):
            error, detail = str(said.get("error", answer.status)), str(said.get("error_description", ""))
            if "too many requests" in detail:
                raise RemoteBusy("token-rate-limited", detail[:300], after_seconds=600)
            raise RemoteRefused("credentials-refused", f"no token is given: {error} {detail}"[:300].strip())
        if domain != self._options.api:
            raise RemoteRefused("wrong-data-center", f"the organisation is served by {str(domain)[:200]!r}")
        seconds = said.get("expires_in")
        life = timedelta(seconds=seconds if isinstance(seconds, int) else _HOUR_SECONDS)
        return Access(token=token, expires_at=self._clock() + life, more={"api_domain": domain})


def _has_items(answer: Answer) -> bool:
    """Tell whether a write says what became of each record: so it does, with 400, if none went well."""
    return isinstance(answer.document, dict) and isinstance(answer.document.get("data"), list)


def _check(answer: Answer, *, paged: bool) -> None:
    if answer.status < _BAD_REQUEST:
        return
    said = answer.document if isinstance(answer.document, dict) else {}
    code, message = str(said.get("code", answer.status)), str(said.get("message", ""))
    detail = f"HTTP {answer.status} {code}: {message}"[:300].replace("\x00", "")
    if paged and answer.status == _BAD_REQUEST:
        raise CursorLost("page-token", detail)
    raise RemoteRefused("unauthorized" if answer.status == _UNAUTHORIZED else "refused", detail)


def _next(info: Mapping[str, Any], place: Cursor, paged_rows: int | None) -> Cursor | None:
    """Go on by token as soon as there is one: in a list, numbers end at `paged_rows` records."""
    if not info.get("more_records"):
        return None
    token = info.get("next_page_token")
    if isinstance(token, str) and token:
        return {"page_token": token}
    page = int(place.get("page", 0)) + 1
    if "page" not in place or (paged_rows and page * PAGE_ROWS > paged_rows):
        raise RemoteRefused("no-page-token", "there are more records, but no token leads to them")
    return {"page": page}


def _written(item: Any) -> Written:
    said = item if isinstance(item, dict) else {}
    details = said.get("details")
    details = details if isinstance(details, dict) else {}
    if said.get("status") == "success" and isinstance(details.get("id"), str):
        return Written(details["id"], modified_at=_moment(details.get("Modified_Time")))
    message = str(said.get("message", "is refused"))
    other = details.get("duplicate_record")
    if isinstance(other, dict):
        message += f" (record {other.get('id')})"
    return Written(
        None, str(said.get("code", "refused"))[:60], str(details.get("api_name", "")), message[:300]
    )


def _deleted(row: Any) -> RemoteRecord | None:
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        return None
    return RemoteRecord(row["id"], {}, _moment(row.get("deleted_time")), gone=True)


def _since(since: datetime | None) -> dict[str, str]:
    return {} if since is None else {"If-Modified-Since": since.isoformat(timespec="seconds")}


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None
