"""For tests: Zoho CRM v8 as documented, one module, with its limits (see `crm/zoho.py` for the sources)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from aiohttp import web

from humidor_common.clock import zone_of
from humidor_customers.testing.crm_server import CrmServer

CLIENT = {"client_id": "1000.CLIENT", "client_secret": "client-secret", "refresh_token": "1000.refresh"}
PER_PAGE, PAGED, FIELDS, PER_WRITE, LIVE_TOKENS, REFRESHES_A_MINUTE = 200, 2000, 50, 100, 30, 5
_ZONE = zone_of("Asia/Shanghai")
_SYSTEM = {"id", "Created_Time", "Modified_Time"}


class ZohoServer(CrmServer):
    """An organisation; `unique` are the fields marked so, besides the system's own."""

    def __init__(self, clock: Callable[[], datetime], *, module: str = "Accounts") -> None:
        super().__init__(clock)
        self.module = module
        self.mandatory = "Account_Name"
        self.unique = {"Account_Name": False, "Licence_No": True}
        self.max_length = {"Account_Name": 120, "Phone": 30}
        self.records: dict[str, dict[str, Any]] = {}
        self.deleted: list[dict[str, Any]] = []
        self.tokens: dict[str, datetime] = {}
        self.page_tokens: dict[str, tuple[int, datetime]] = {}
        self.refreshes: list[datetime] = []
        self.credits = 100_000
        self._ids = count(556000000000001)

    def put(self, record_id: str | None = None, **fields: Any) -> str:
        """Make or change a record as a user of the CRM does."""
        record_id = record_id or str(next(self._ids))
        known = self.records.setdefault(record_id, {"id": record_id, "Created_Time": self._now()})
        known |= fields | {"Modified_Time": self._now()}
        return record_id

    def delete(self, record_id: str) -> None:
        gone = self.records.pop(record_id)
        self.deleted.append(
            {
                "id": record_id,
                "display_name": gone.get("Account_Name"),
                "type": "recycle",
                "deleted_time": self._now(),
                "deleted_by": {"id": "1", "name": "User"},
            }
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/oauth/v2/token":
            return await self._token(request)
        token = request.headers.get("Authorization", "").removeprefix("Zoho-oauthtoken ")
        if self.tokens.get(token, self.clock()) <= self.clock():
            return _error(401, "INVALID_TOKEN", "invalid oauth token")
        base = f"/crm/v8/{self.module}"
        handlers = {
            ("GET", base): self._list,
            ("GET", f"{base}/deleted"): self._list_deleted,
            ("POST", base): self._write,
            ("PUT", base): self._write,
            ("POST", f"{base}/upsert"): self._write,
        }
        handler = handlers.get((request.method, request.path))
        if handler is None:
            return _error(404, "INVALID_URL_PATTERN", "check the URL")
        self.credits -= 1
        answered = await handler(request)
        if self.credits <= 50_000:
            answered.headers["X-API-CREDITS-REMAINING"] = str(self.credits)
        return answered

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        now = self.clock()
        self.refreshes = [each for each in self.refreshes if each > now - timedelta(minutes=1)]
        if len(self.refreshes) >= REFRESHES_A_MINUTE:
            detail = "You have made too many requests continuously. Please try again after some time."
            return web.json_response(
                {"error_description": detail, "error": "Access Denied", "status": "failure"}, status=400
            )
        self.refreshes.append(now)
        if any(form.get(name) != value for name, value in CLIENT.items()):
            return web.json_response({"error": "invalid_code"})
        token = f"1000.access.{len(self.calls)}"
        self.tokens[token] = now + timedelta(hours=1)
        for old in list(self.tokens)[:-LIVE_TOKENS]:
            del self.tokens[old]
        said = {"access_token": token, "api_domain": self.url, "token_type": "Bearer", "expires_in": 3600}
        return web.json_response(said)

    async def _list(self, request: web.Request) -> web.Response:
        query = request.query
        fields = [each for each in query.get("fields", "").split(",") if each]
        if not fields:
            return _error(
                400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param="fields"
            )
        if len(fields) > FIELDS:
            return _error(400, "LIMIT_EXCEEDED", "the limit of fields is exceeded", limit=FIELDS)
        reverse = query.get("sort_order", "desc") == "desc"
        rows = sorted(self.records.values(), key=lambda row: row[query.get("sort_by", "id")], reverse=reverse)
        if "ids" in query:
            rows = [row for row in rows if row["id"] in query["ids"].split(",")]
        rows = self._since(request, rows, "Modified_Time")
        shown = [{"id": row["id"], **{name: row.get(name) for name in fields}} for row in rows]
        return self._page(request, shown)

    async def _list_deleted(self, request: web.Request) -> web.Response:
        return self._page(request, self._since(request, self.deleted, "deleted_time"))

    def _since(self, request: web.Request, rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
        since = request.headers.get("If-Modified-Since")
        if since is None:
            return rows
        moment = datetime.fromisoformat(since)
        return [row for row in rows if datetime.fromisoformat(row[name]) >= moment]

    def _page(self, request: web.Request, rows: list[dict[str, Any]]) -> web.Response:
        query = request.query
        size = int(query.get("per_page", PER_PAGE))
        if size > PER_PAGE or ("page" in query and "page_token" in query):
            return _error(400, "INVALID_DATA", "the given parameters are not valid")
        page = int(query.get("page", 1))
        if "page_token" in query:
            page, expiry = self.page_tokens.get(query["page_token"], (0, self.clock()))
            if expiry <= self.clock():
                return _error(400, "INVALID_DATA", "the page_token is invalid or expired", param="page_token")
        elif (page - 1) * size >= PAGED:
            return _error(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "use page_token beyond 2000 records")
        data = rows[(page - 1) * size : page * size]
        if not data:
            return web.Response(status=304 if "If-Modified-Since" in request.headers else 204)
        more = len(rows) > page * size
        token = f"token-{len(self.page_tokens)}" if more else None
        if token:
            self.page_tokens[token] = (page + 1, self.clock() + timedelta(hours=24))
        info = {
            "per_page": size,
            "count": len(data),
            "page": page,
            "more_records": more,
            "sort_by": query.get("sort_by", "id"),
            "sort_order": query.get("sort_order", "desc"),
            "next_page_token": token,
            "previous_page_token": None,
            "page_token_expiry": self._now() if token else None,
        }
        return web.json_response({"data": data, "info": info})

    async def _write(self, request: web.Request) -> web.Response:
        sent = await request.json()
        data = sent["data"]
        if not 1 <= len(data) <= PER_WRITE:
            return _error(400, "INVALID_DATA", "invalid data", api_name="data", maximum_length=PER_WRITE)
        keys = sent.get("duplicate_check_fields") or ["Account_Name"]
        if strange := [each for each in keys if each not in self.unique]:
            return _error(400, "INVALID_DATA", "the field is not unique", api_name=strange[0])
        upsert = request.path.endswith("/upsert")
        items = [self._put(row, n, keys if upsert else None, request.method) for n, row in enumerate(data)]
        good = sum(item["status"] == "success" for item in items)
        code = 207 if 0 < good < len(items) else 200 if good else 400
        return web.json_response({"data": items}, status=code)

    def _put(self, row: dict[str, Any], n: int, keys: list[str] | None, method: str) -> dict[str, Any]:
        record_id, duplicate = row.get("id"), None
        if method == "PUT" and record_id not in self.records:
            return _item("INVALID_DATA", "the id given seems to be invalid", api_name="id")
        for key in keys or []:
            found = [each for each in self.records.values() if row.get(key) and each.get(key) == row[key]]
            if found and record_id is None:
                record_id, duplicate = found[0]["id"], key
        known = self.records.get(record_id or "", {})
        if not {**known, **row}.get(self.mandatory):
            path = f"$.data[{n}].{self.mandatory}"
            return _item(
                "MANDATORY_NOT_FOUND", "required field not found", api_name=self.mandatory, json_path=path
            )
        for name, longest in self.max_length.items():
            if len(str(row.get(name) or "")) > longest:
                return _item("INVALID_DATA", "invalid data", api_name=name, maximum_length=longest)
        for name in (name for name, unique in self.unique.items() if unique and row.get(name)):
            other = next((e for e in self.records.values() if e.get(name) == row[name]), None)
            if other and other["id"] != record_id:
                twin = {"id": other["id"], "module": {"api_name": self.module}, "Owner": {"id": "1"}}
                return _item("DUPLICATE_DATA", "duplicate data", api_name=name, duplicate_record=twin)
        made = self.put(record_id, **{name: value for name, value in row.items() if name not in _SYSTEM})
        return self._success(made, changed=bool(known), duplicate=duplicate)

    def _success(self, record_id: str, *, changed: bool, duplicate: str | None) -> dict[str, Any]:
        record = self.records[record_id]
        who = {"id": "1", "name": "Sync"}
        details = {"id": record_id, "Created_By": who, "Modified_By": who}
        details |= {name: record[name] for name in ("Created_Time", "Modified_Time")}
        return {
            "code": "SUCCESS",
            "status": "success",
            "message": "record updated" if changed else "record added",
            "action": "update" if changed else "insert",
            "duplicate_field": duplicate,
            "details": details,
        }

    def _now(self) -> str:
        return self.clock().astimezone(_ZONE).isoformat(timespec="seconds")


def _item(code: str, message: str, **details: Any) -> dict[str, Any]:
    return {"code": code, "status": "error", "message": message, "details": details}


def _error(http: int, code: str, message: str, **details: Any) -> web.Response:
    return web.json_response(
        {"code": code, "details": details, "message": message, "status": "error"}, status=http
    )
