"""How each system writes values."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from humidor_common.clock import zone_of
from humidor_customers.crm.mapping import Kind

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LONGEST = 5000
_MINOR = Decimal(100)


class PlainCodec:
    """JSON as one would write it: ISO dates, numbers, true and false. So does Zoho CRM."""

    def decode(self, kind: Kind, raw: Any) -> Any:
        if raw is None or raw in ("", []):
            return None
        if kind in ("text", "choice"):
            return _text(raw)
        if kind == "list":
            parts = raw if isinstance(raw, list) else re.split(r"[;；,，、]", _text(raw) or "")
            return sorted({text for each in parts if (text := _text(each))}) or None
        return {
            "date": self._date,
            "boolean": self._boolean,
            "number": self._number,
            "integer": self._number,
            "money": self._money,
        }[kind](raw)

    def encode(self, kind: Kind, value: Any) -> Any:
        if kind == "money":
            return float(Decimal(value) / _MINOR)
        return value

    def _date(self, raw: Any) -> str:
        try:
            return date.fromisoformat(str(raw)[:10]).isoformat()
        except ValueError as error:
            raise ValueError(f"{_shown(raw)} is not a date") from error

    def _boolean(self, raw: Any) -> bool:
        if isinstance(raw, bool):
            return raw
        raise ValueError(f"{_shown(raw)} is not true or false")

    def _number(self, raw: Any) -> int | float:
        value = _decimal(raw)
        return int(value) if value == value.to_integral_value() else float(value)

    def _money(self, raw: Any) -> int:
        minor = _decimal(raw) * _MINOR
        if minor != minor.to_integral_value():
            raise ValueError(f"{_shown(raw)} has more than two decimals")
        return int(minor)


class FxiaokeCodec(PlainCodec):
    """Numbers as text, days as the milliseconds of their midnight in the company's time zone."""

    def __init__(self, time_zone: str) -> None:
        self._zone = zone_of(time_zone)

    def encode(self, kind: Kind, value: Any) -> Any:
        if kind == "money":
            return f"{Decimal(value) / _MINOR:.2f}"
        if kind in ("number", "integer"):
            return str(value)
        if kind == "date":
            midnight = datetime.combine(date.fromisoformat(value), time.min, self._zone)
            return int(midnight.timestamp() * 1000)
        return value

    def _date(self, raw: Any) -> str:
        try:
            return datetime.fromtimestamp(int(raw) / 1000, UTC).astimezone(self._zone).date().isoformat()
        except (OverflowError, TypeError, ValueError, OSError) as error:
            raise ValueError(f"{_shown(raw)} is not a day in milliseconds") from error

    def _boolean(self, raw: Any) -> bool:
        return raw == "true" if raw in ("true", "false") else super()._boolean(raw)


def _text(raw: Any) -> str | None:
    """Read text; a reference to another record (`{"id": …, "name": …}`) gives its name."""
    if isinstance(raw, dict) and isinstance(raw.get("name"), str):
        raw = raw["name"]
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise ValueError(f"{_shown(raw)} is not text")  # noqa: TRY004 - as a codec says it
    text = str(raw).strip()
    if _CONTROLS.search(text) or len(text) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters or has control characters")
    return text or None


def _decimal(raw: Any) -> Decimal:
    try:
        value = Decimal(str(raw).replace(",", "")) if not isinstance(raw, bool) else Decimal("nan")
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or abs(value) > 10**15:
        raise ValueError(f"{_shown(raw)} is not a number")
    return value


def _shown(raw: Any) -> str:
    return repr(_CONTROLS.sub("?", str(raw))[:80])
