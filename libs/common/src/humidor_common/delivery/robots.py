"""The wire formats of group robots: WeCom's 群机器人 and DingTalk's 自定义机器人.

Both answer 200 whatever happens and say in `errcode` what did; both take 20 messages a minute from a robot.
"""

from typing import Any

import msgspec

from humidor_common.delivery.retries import Outcome

MESSAGES_A_MINUTE = 18
"""Two below what they take, because their minute is not ours; DingTalk locks out for ten."""

WECOM_MARKDOWN_BYTES = 4096
DINGTALK_MARKDOWN_BYTES = 20_000
_CUT = "…"

_TOO_FAST = {45009: 60.0, 45033: 60.0, 130101: 600.0, 410100: 600.0}
_BUSY = frozenset({-1, 6000, 40014, 42001})


def wecom_message(text: str) -> dict[str, Any]:
    """Make a Markdown message; WeCom takes 4,096 bytes of it."""
    return {"msgtype": "markdown", "markdown": {"content": cut(text, WECOM_MARKDOWN_BYTES)}}


def dingtalk_message(subject: str, text: str) -> dict[str, Any]:
    """Make a Markdown message; `title` is what shows in the list of conversations."""
    content = cut(text, DINGTALK_MARKDOWN_BYTES)
    return {"msgtype": "markdown", "markdown": {"title": cut(subject, 128), "text": content}}


def cut(text: str, most_bytes: int) -> str:
    """Shorten to so many bytes of UTF-8, between two characters, and say that something is missing."""
    raw = text.encode()
    if len(raw) <= most_bytes:
        return text
    return raw[: most_bytes - len(_CUT.encode())].decode(errors="ignore") + _CUT


def read_answer(status: int, body: bytes) -> Outcome:
    """Read a robot's answer: too fast and busy come right by themselves, a wrong key or content does not."""
    try:
        answer = msgspec.json.decode(body)
        code, message = int(answer["errcode"]), str(answer.get("errmsg", ""))[:300]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError):
        return Outcome(result="failed", status=status, detail="the answer has no errcode: not a robot?")
    if code == 0:
        return Outcome(result="sent", status=status)
    detail = f"errcode {code}: {message}"
    if code in _TOO_FAST:
        return Outcome(result="failed", status=status, detail=detail, retry_after_seconds=_TOO_FAST[code])
    return Outcome(result="failed" if code in _BUSY else "refused", status=status, detail=detail)
