"""Reads moments in whichever form a file writes them, and finds out which form that is."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import pairwise, product
from zoneinfo import ZoneInfo

ISO = "iso"
EPOCH = "epoch"
_SAMPLE_TEXTS = 4000
_FIRST_TEXTS = 25
_MILLISECONDS_FROM = 100_000_000_000
_EPOCH_FROM = 100_000_000  # 1973: what is less numbers days or weeks

# Day first stands before month first: where nothing in a file tells them apart, most of the world writes it.
_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"),
    *("%m-%d-%Y", "%d.%m.%Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y", "%m-%d-%y", "%d-%b-%Y"),
    *("%d %b %Y", "%b %d, %Y", "%d-%b-%y", "%d %B %Y", "%B %d, %Y", "%b %d %Y"),
)
_TIMES = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", "T%H:%M:%S"),
    *("T%H:%M", " %H.%M", " %H时%M分", " %H时%M分%S秒", ", %H:%M", ", %H:%M:%S", " %H%M%S"),
)


def sample_texts(texts: Iterable[str]) -> list[str]:
    """Keep distinct texts in their order: the first ones, and then every new day (ten characters)."""
    kept: dict[str, None] = {}
    days: set[str] = set()
    for text in texts:
        day = text[:10]
        if day in days and len(kept) >= _FIRST_TEXTS:
            continue
        days.add(day)
        kept[text] = None
        if len(kept) >= _SAMPLE_TEXTS:
            break
    return list(kept)


def detect_format(texts: list[str]) -> str:
    """Choose the form that reads the most of the texts; `iso`, `epoch` or one of strptime's.

    Day first and month first often both fit: then the one under which time runs forward more often.
    """
    if not texts:
        return ISO
    # ISO's basic form would take a number like 20101201 for a date and an epoch for nothing.
    forms = [ISO, EPOCH, *("".join(parts) for parts in product(_DATES, _TIMES))]
    for sample in (texts[:_FIRST_TEXTS], texts):
        read = {form: sum(_parse(text, form) is not None for text in sample) for form in forms}
        most = max(read.values())
        forms = [form for form in forms if read[form] == most]
        if len(forms) == 1 or not most:
            break
    return min(forms, key=lambda form: (form != ISO, _steps_back(texts, form)))


def _steps_back(texts: list[str], form: str) -> int:
    moments = [moment.replace(tzinfo=None) for text in texts if (moment := _parse(text, form))]
    return sum(later < earlier for earlier, later in pairwise(moments))


def _parse(text: str, form: str) -> datetime | None:
    try:
        if form == ISO:
            return datetime.fromisoformat(text)
        if form == EPOCH:
            number = float(text)
            if number < _EPOCH_FROM:
                return None
            return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)
        return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is put to it by the caller
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=65_536)
def read_moment(text: str, form: str, zone: str) -> datetime | None:
    """Read a moment as UTC; one without a zone is the wall clock of `zone`. None for what is no moment."""
    moment = _parse(text.strip(), form)
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone_of(zone))
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def zone_of(name: str) -> tzinfo:
    """Find a time zone by its IANA name.

    Raises:
        ValueError: There is no such zone.
    """
    try:
        return UTC if name.upper() == "UTC" else ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name} is no time zone (write it like Europe/London)") from error
