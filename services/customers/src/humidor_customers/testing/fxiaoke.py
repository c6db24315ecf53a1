"""For tests: Fxiaoke's open platform as documented, one object, both ways to prove who asks."""

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from aiohttp import web

from humidor_customers.testing.crm_server import CrmServer

APP = {"app_id": "FSAID_1", "app_secret": "app-secret", "permanent_code": "PERMANENT"}
EA, CORP, USER, MOBILE = "corp1", "FSCID_1", "FSUID_1", "13800000000"
MOST_ROWS, FARTHEST, CALLS, WITHIN = 100, 10_000, 100, timedelta(seconds=20)
_TOKEN = {
    "oauth": ("accessToken", "/oauth2.0/token"),
    "legacy": ("corpAccessToken", "/cgi/corpAccessToken/get/V2"),
}
_OPERATORS: dict[str, Callable[[Any, list[str]], bool]] = {
    "EQ": lambda value, given: str(value) == given[0],
    "IN": lambda value, given: str(value) in given,
    "GT": lambda value, given: _comparable(value) > _comparable(given[0]),
    "GTE": lambda value, given: _comparable(value) >= _comparable(given[0]),
}


class FxiaokeServer(CrmServer):
    """A company; whatever goes wrong is HTTP 200 with an errorCode."""

    def __init__(
        self, clock: Callable[[], datetime], *, auth: str = "oauth", name: str = "AccountObj"
    ) -> None:
        super().__init__(clock)
        self.auth = auth
        self.name = name
        self.records: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, datetime] = {}
        self.token_calls: deque[datetime] = deque(maxlen=10)
        self.begun: dict[str, deque[datetime]] = defaultdict(lambda: deque(maxlen=CALLS))
        self.quota: int | None = None
        self._ids = count(0x64A000000000000000000001)

    def put(self, record_id: str | None = None, **fields: Any) -> str:
        """Make or change a record as a user of the CRM does; what is empty is left out of it."""
        record_id = record_id or f"{next(self._ids):x}"
        fresh = {"_id": record_id, "life_status": "normal", "is_deleted": False, "create_time": self._now()}
        record = self.records.setdefault(record_id, fresh)
        record |= fields | {"last_modified_time": self._now()}
        for name in [name for name, value in record.items() if value in (None, "")]:
            del record[name]
        return record_id

    async def answer(self, request: web.Request) -> web.StreamResponse:
        sent = await request.json()
        key, path = _TOKEN[self.auth]
        if request.path == path:
            return self._token(request, sent, key)
        if request.path == "/cgi/user/getByMobile" and self.auth == "legacy":
            found = [{"openUserId": USER, "account": "sync"}] if sent.get("mobile") == MOBILE else []
            return _said(0, empList=found)
        if refused := self._refusal(request, sent):
            return refused
        folder = "/cgi/crm/custom/v2/data" if self.name.endswith("__c") else "/cgi/crm/v2/data"
        handlers = {"query": self._query, "create": self._create, "update": self._update}
        handler = handlers.get(request.path.removeprefix(f"{folder}/"))
        return handler(sent) if handler else _said(10001, "unknown interface")

    def _token(self, request: web.Request, sent: dict[str, Any], key: str) -> web.Response:
        now = self.clock()
        if len(self.token_calls) == 10 and self.token_calls[0] > now - timedelta(minutes=1):
            return _said(30004, "frequency of the interface is limited")
        self.token_calls.append(now)
        names = {"appId": "app_id", "appSecret": "app_secret", "permanentCode": "permanent_code"}
        if any(sent.get(theirs) != APP[ours] for theirs, ours in names.items()):
            return _said(10006, "appSecret is wrong")
        if self.auth == "oauth" and (
            sent.get("grantType") != "app_secret" or len(request.query.get("thirdTraceId", "")) != 36
        ):
            return _said(10002, "grantType or thirdTraceId is missing")
        kept = [(token, end) for token, end in self.tokens.items() if end - now > timedelta(seconds=600)]
        token, end = (
            kept[-1] if kept else (f"token-{len(self.tokens)}-{len(self.calls)}", now + timedelta(hours=2))
        )
        self.tokens[token] = end
        said: dict[str, Any] = {
            key: token,
            "expiresIn": int((end - now).total_seconds()),
            "appId": APP["app_id"],
        }
        said |= {"ea": EA, "openUserId": USER} if self.auth == "oauth" else {"corpId": CORP}
        return _said(0, **said)

    def _refusal(self, request: web.Request, sent: dict[str, Any]) -> web.Response | None:
        if self.auth == "oauth":
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            who = (request.headers.get("x-fs-ea"), request.headers.get("x-fs-userid")) == (EA, "1000")
            mixed = "corpAccessToken" in sent
        else:
            token = sent.get("corpAccessToken", "")
            who = (sent.get("corpId"), sent.get("currentOpenUserId")) == (CORP, USER)
            mixed = "Authorization" in request.headers
        if self.tokens.get(token, self.clock()) <= self.clock():
            return _said(20016, "accessToken is invalid")
        if not who or mixed:
            return _said(20017, "no right to call")
        begun = self.begun[request.path]
        if len(begun) == CALLS and begun[0] > self.clock() - WITHIN:
            return _said(30004, "frequency of the interface is limited")
        begun.append(self.clock())
        if self.quota is not None:
            self.quota -= 1
            if self.quota < 0:
                return _said(30002, "the quota of the day is used up")
        return None

    def _query(self, sent: dict[str, Any]) -> web.Response:
        data, info = sent["data"], sent["data"]["search_query_info"]
        limit, offset = info["limit"], info["offset"]
        if data["dataObjectApiName"] != self.name:
            return _said(320001401, f"the object {data['dataObjectApiName']} does not exist")
        if limit > MOST_ROWS or offset % limit or offset > FARTHEST:
            return _said(320002500, "limit or offset is beyond what is allowed")
        rows = list(self.records.values())
        for each in info["filters"]:
            if not all(isinstance(value, str) for value in each["field_values"]):
                return _said(320002500, "field_values is a list of strings")
            matches = _OPERATORS[each["operator"]]
            rows = [row for row in rows if matches(row.get(each["field_name"], ""), each["field_values"])]
        for order in reversed(info.get("orders", [])):
            rows.sort(key=lambda row: row.get(order["fieldName"], ""), reverse=not order["isAsc"])
        shown = info.get("fieldProjection")
        rows = rows[offset : offset + limit]
        rows = [{k: v for k, v in row.items() if not shown or k in shown} for row in rows]
        return _said(0, "OK", data={"dataList": rows, "offset": offset, "limit": limit, "total": 0})

    def _create(self, sent: dict[str, Any]) -> web.Response:
        record = dict(sent["data"]["object_data"])
        if refused := self._wrong(sent, record) or (
            not record.get("name") and _said(320001, "name is needed")
        ):
            return refused
        if not record.get("owner"):
            return _said(320001, "owner is needed")
        return _said(
            0, "OK", dataId=self.put(**{k: v for k, v in record.items() if k != "dataObjectApiName"})
        )

    def _update(self, sent: dict[str, Any]) -> web.Response:
        record = dict(sent["data"]["object_data"])
        if record.get("_id") not in self.records:
            return _said(320001404, "the record does not exist")
        if refused := self._wrong(sent, record):
            return refused
        self.put(record.pop("_id"), **{k: v for k, v in record.items() if k != "dataObjectApiName"})
        return _said(0, "OK")

    def _wrong(self, sent: dict[str, Any], record: dict[str, Any]) -> web.Response | None:
        """Refuse what is not written as documented: text for numbers, milliseconds for days."""
        if sent.get("triggerWorkFlow") is not False or sent.get("triggerApprovalFlow") is not False:
            return _said(320002, "a flow was triggered")
        if not isinstance(record.get("credit__c") or "", str) or not isinstance(
            record.get("until__c") or 0, int
        ):
            return _said(320003, "a value has the wrong type")
        if len(record.get("tel") or "") > 20:
            return _said(320004, "tel is too long")
        return None

    def _now(self) -> int:
        return int(self.clock().timestamp() * 1000)


def _comparable(value: Any) -> tuple[int, str]:
    text = str(value)
    return len(text), text


def _said(code: int, message: str = "success", **more: Any) -> web.Response:
    return web.json_response({"traceId": "E-O.fake", "errorCode": code, "errorMessage": message, **more})
