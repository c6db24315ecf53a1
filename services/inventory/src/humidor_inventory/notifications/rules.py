"""When a digest goes out and what it says: on values alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

Language: TypeAlias = Literal["zh", "en"]
What: TypeAlias = Literal["raised", "escalated", "closed"]

LINES = 20
STORES = 10


class Quiet(NamedTuple):
    """Hours of a time zone in which nobody is told, may go over midnight."""

    begins: time
    ends: time
    zone: str


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many alerts of a kind and severity in how many stores."""

    what: What
    kind: str
    severity: str
    alerts: int
    stores: int


class StoreCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many alerts of a store."""

    store_id: str
    alerts: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as a digest tells it."""

    what: What
    alert_id: str
    kind: str
    severity: str
    store_id: str
    subject: str
    gtin: str | None
    lot: str | None
    name: str | None
    sticks_per_pack: int | None
    figures: dict[str, Any]
    raised_at: str
    closed_reason: str | None


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """What one subscription is told at once: all counted, the worst in full."""

    counts: list[Count]
    stores: list[StoreCount]
    lines: list[Line]

    @property
    def total(self) -> int:
        return sum(count.alerts for count in self.counts)


def due_at(now: datetime, window_seconds: int, quiet: Quiet | None, *, urgent: bool) -> datetime:
    """Say when what has come now is told: after the window, and not in quiet hours unless it is urgent.

    Example:
        With quiet hours from 22:00 to 07:00, what comes at 23:00 is told at 07:00.
    """
    due = now + timedelta(seconds=window_seconds)
    if quiet is None or urgent or quiet.begins == quiet.ends:
        return due
    local = due.astimezone(ZoneInfo(quiet.zone))
    clock, over_midnight = local.time(), quiet.begins > quiet.ends
    late, early = clock >= quiet.begins, clock < quiet.ends
    if not (late or early if over_midnight else late and early):
        return due
    day = local.date() + timedelta(days=1 if over_midnight and late else 0)
    return datetime.combine(day, quiet.ends, tzinfo=local.tzinfo).astimezone(now.tzinfo)


_KINDS: Mapping[str, Mapping[Language, str]] = MappingProxyType(
    {
        "stock_out": {"zh": "断货", "en": "stock-out"},
        "below_reorder_point": {"zh": "低于再订货点", "en": "below reorder point"},
        "projected_stock_out": {"zh": "预计断货", "en": "stock-out to come"},
        "overstock": {"zh": "库存过高", "en": "overstock"},
        "dead_stock": {"zh": "呆滞库存", "en": "dead stock"},
        "expiring": {"zh": "临期", "en": "expiring"},
        "expired": {"zh": "过期", "en": "expired"},
        "negative": {"zh": "负库存", "en": "negative stock"},
        "climate_excursion": {"zh": "温湿度超限", "en": "climate excursion"},
        "climate_gap": {"zh": "温湿度数据中断", "en": "climate readings missing"},
        "late_delivery": {"zh": "到货延迟", "en": "late delivery"},
    }
)
_FIGURES: Mapping[str, Mapping[Language, str]] = MappingProxyType(
    {
        "on_hand_sticks": {"zh": "在库", "en": "on hand"},
        "on_order_sticks": {"zh": "在途", "en": "on order"},
        "shortfall_sticks": {"zh": "欠账", "en": "short by"},
        "excess_sticks": {"zh": "超出", "en": "excess"},
        "reorder_point_sticks": {"zh": "再订货点", "en": "reorder point"},
        "days_of_cover": {"zh": "可销天数", "en": "days of cover"},
        "stock_out_on": {"zh": "预计断货日", "en": "runs out on"},
        "expiry_date": {"zh": "到期日", "en": "expires on"},
        "last_sold_on": {"zh": "最近销售日", "en": "last sold on"},
        "expected_on": {"zh": "应到日", "en": "expected on"},
        "temperature_c": {"zh": "温度 °C", "en": "temperature °C"},
        "humidity_percent": {"zh": "湿度 %", "en": "humidity %"},
    }
)
_WORDS: Mapping[str, Mapping[Language, str]] = MappingProxyType(
    {
        "raised": {"zh": "新预警", "en": "new"},
        "escalated": {"zh": "升级", "en": "escalated"},
        "closed": {"zh": "已解除", "en": "closed"},
        "alerts": {"zh": "库存预警 {} 条", "en": "{} stock alerts"},
        "stores": {"zh": "门店", "en": "stores"},
        "more": {"zh": "另有 {} 条未列出", "en": "{} more are not listed"},
        "pack": {"zh": "包", "en": "packs"},
        "stick": {"zh": "支", "en": "sticks"},
        "critical": {"zh": "严重", "en": "critical"},
        "warning": {"zh": "警告", "en": "warning"},
        "info": {"zh": "提示", "en": "info"},
        "test": {"zh": "测试消息:订阅可以送达", "en": "Test message: the subscription works"},
    }
)


def word(name: str, language: Language) -> str:
    """Translate a word of ours; what has no translation stays as it is."""
    return (_WORDS.get(name) or _KINDS.get(name) or {}).get(language, name)


def subject_of(digest: Digest, language: Language) -> str:
    """Say in one line how much of what, the most severe first.

    Example:
        `库存预警 12 条: 断货 8, 过期 4`.
    """
    by_kind: dict[str, int] = {}
    for count in digest.counts:
        by_kind[count.kind] = by_kind.get(count.kind, 0) + count.alerts
    told = ", ".join(f"{word(kind, language)} {number}" for kind, number in by_kind.items())
    return f"{word('alerts', language).format(digest.total)}: {told}"


def text_of(digest: Digest, language: Language) -> str:
    """Write a digest as Markdown that also reads as plain text."""
    rows = [f"**{subject_of(digest, language)}**", ""]
    for count in digest.counts:
        names = [word(each, language) for each in (count.what, count.severity, count.kind)]
        rows.append(f"- {' · '.join(names)}: {count.alerts} ({word('stores', language)} {count.stores})")
    rows += [
        "",
        f"{word('stores', language)}: " + ", ".join(f"{s.store_id} {s.alerts}" for s in digest.stores),
    ]
    rows += ["", *(_line(line, language) for line in digest.lines)]
    left = digest.total - len(digest.lines)
    if left > 0:
        rows += ["", word("more", language).format(left)]
    return "\n".join(rows)


def document_of(digest: Digest) -> dict[str, Any]:
    """Make the `data` of a webhook: the counts of everything, and the worst alerts as they are."""
    return {
        "total": digest.total,
        "counts": msgspec.to_builtins(digest.counts),
        "stores": msgspec.to_builtins(digest.stores),
        "alerts": msgspec.to_builtins(digest.lines),
        "omitted": digest.total - len(digest.lines),
    }


def _line(line: Line, language: Language) -> str:
    what = "" if line.what == "raised" else f"[{word(line.what, language)}] "
    about = " ".join(part for part in (line.name, line.gtin or line.subject, line.lot) if part)
    figures = _figures(line, language) if line.what != "closed" else []
    said = ", ".join(figures) or line.closed_reason or ""
    return f"- {what}{word(line.kind, language)} {line.store_id} {about}" + (f": {said}" if said else "")


def _figures(line: Line, language: Language) -> Sequence[str]:
    return [
        f"{names[language]} {_amount(line, name, language)}"
        for name, names in _FIGURES.items()
        if line.figures.get(name) is not None
    ]


def _amount(line: Line, name: str, language: Language) -> str:
    """Show sticks as packs where the product has any."""
    value = line.figures[name]
    if not name.endswith("_sticks"):
        return str(value)
    if not line.sticks_per_pack:
        return f"{value} {word('stick', language)}"
    return f"{value / line.sticks_per_pack:g} {word('pack', language)}"
