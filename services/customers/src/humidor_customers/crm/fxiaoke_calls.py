"""Calls to Fxiaoke in both of its ways to prove who asks, and what its error codes mean."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from humidor_customers.crm.access import Renewing
from humidor_customers.crm.options import FxiaokeOptions
from humidor_customers.crm.remote import Access, KeepAccess, RemoteBusy, RemoteRefused
from humidor_customers.crm.transport import Pace, Transport

CALLS, WITHIN_SECONDS = 100, 21.0  # it takes 100 in 20 s, counted as they arrive
_MARGIN = timedelta(minutes=9)  # a token of 7200 s; from 6600 s on a new one is given
_LIFE_SECONDS = 7200
_HOUR_SECONDS = 3600.0

_TOKEN_INVALID = 20016
_CREDENTIALS = {10006, 20017}
_BUSY = {30004: 20.0, 14001: 20.0, 30002: _HOUR_SECONDS}
_NO_QUOTA = 30003


class RecordRefused(Exception):  # noqa: N818 - says what has happened to the record
    """A call that was refused for what it says; of a list it concerns all."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def for_all(self) -> RemoteRefused:
        return RemoteRefused("refused", f"errorCode {self.code}: {self.message}")


class Result(NamedTuple):
    """A call that went well."""

    document: dict[str, Any]
    server_time: datetime | None


def new_pace() -> Pace:
    """Keep to 100 calls in 20 s of each endpoint."""
    return Pace(CALLS, WITHIN_SECONDS)


class Calls:
    """Asks with a token, once more with a new one where it is not valid any more."""

    def __init__(
        self,
        transport: Transport,
        options: FxiaokeOptions,
        secrets: Mapping[str, str],
        access: tuple[Access | None, KeepAccess],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._transport = transport
        self._options = options
        self._secrets = secrets
        self._clock = clock
        renew = self._renew if options.auth == "oauth" else self._renew_legacy
        self._access = Renewing(access[0], renew, access[1], clock=clock, margin=_MARGIN)

    async def ask(self, path: str, data: dict[str, Any], **more: Any) -> Result:
        """Call an endpoint.

        Raises:
            RemoteBusy: Rate or quota. RemoteRefused: Credentials. RecordRefused: Anything else.
        """
        for last in (False, True):
            access = await self._access.get()
            body = {**more, **self._proof(access), "data": data}
            answer = await self._transport.send(
                "POST", self._options.base + path, json=body, headers=self._headers(access)
            )
            document = _document(answer.document)
            if document["errorCode"] != _TOKEN_INVALID or last:
                break
            self._access.drop(access)
        _check(document)
        return Result(document, answer.server_time)

    def _headers(self, access: Access) -> dict[str, str]:
        if self._options.auth == "legacy":
            return {}
        return {
            "Authorization": f"Bearer {access.token}",
            "x-fs-ea": access.more["ea"],
            "x-fs-userid": self._options.user_id or "",
        }

    def _proof(self, access: Access) -> dict[str, str]:
        if self._options.auth == "oauth":
            return {}
        return {
            "corpAccessToken": access.token,
            "corpId": access.more["corpId"],
            "currentOpenUserId": access.more["openUserId"],
        }

    async def _renew(self) -> Access:
        said = await self._token(
            f"/oauth2.0/token?thirdTraceId={uuid4()}", {**self._app(), "grantType": "app_secret"}
        )
        return self._made(said, "accessToken", {"ea": str(said.get("ea", ""))})

    async def _renew_legacy(self) -> Access:
        said = await self._token("/cgi/corpAccessToken/get/V2", self._app())
        corp = str(said.get("corpId", ""))
        user = self._options.user_id or await self._find_user(said, corp)
        return self._made(said, "corpAccessToken", {"corpId": corp, "openUserId": user})

    async def _find_user(self, said: Mapping[str, Any], corp: str) -> str:
        asked = {
            "corpId": corp,
            "corpAccessToken": said.get("corpAccessToken"),
            "mobile": self._options.mobile,
        }
        found = (await self._token("/cgi/user/getByMobile", asked)).get("empList")
        first = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}
        if not isinstance(first.get("openUserId"), str):
            raise RemoteRefused("no-such-user", "nobody there has this mobile number")
        return str(first["openUserId"])

    def _app(self) -> dict[str, str]:
        return {
            "appId": self._secrets.get("app_id", ""),
            "appSecret": self._secrets.get("app_secret", ""),
            "permanentCode": self._secrets.get("permanent_code", ""),
        }

    async def _token(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self._transport.send("POST", self._options.base + path, json=body)
        document = _document(answer.document)
        try:
            _check(document)
        except RecordRefused as error:
            raise RemoteRefused("credentials-refused", str(error.for_all())) from error
        return document

    def _made(self, said: Mapping[str, Any], name: str, more: dict[str, str]) -> Access:
        token, seconds = said.get(name), said.get("expiresIn")
        if not isinstance(token, str) or not token:
            raise RemoteRefused("credentials-refused", f"no {name} is given")
        life = timedelta(seconds=seconds if isinstance(seconds, int) else _LIFE_SECONDS)
        return Access(token=token, expires_at=self._clock() + life, more=more)


def _document(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict) or not isinstance(document.get("errorCode"), int):
        raise RemoteBusy("half-answer", "an answer has no errorCode")
    return document


def _check(document: Mapping[str, Any]) -> None:
    code = document["errorCode"]
    if code == 0:
        return
    message = str(document.get("errorMessage", "")).replace("\x00", "")[:300]
    if code in _BUSY:
        raise RemoteBusy("rate-limited", f"errorCode {code}: {message}", after_seconds=_BUSY[code])
    if code == _TOKEN_INVALID or code in _CREDENTIALS:
        raise RemoteRefused("unauthorized", f"errorCode {code}: {message}")
    if code == _NO_QUOTA:
        raise RemoteRefused("no-quota", f"errorCode {code}: {message}")
    raise RecordRefused(code, message)
