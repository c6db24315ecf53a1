"""Rules that sales, returns and voids share: which lines can be read, and what is odd about a moment."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import msgspec

from humidor_pos.facts.wire import BIGINT_MAX, Line, Payment

CLOCK_AHEAD = timedelta(minutes=5)
_CARTONS_IN_A_CASE = 50
_CODE_LENGTH = 32


class Doubt(NamedTuple):
    """One thing about a fact that a person should look at; `lines` are the lines it is about."""

    code: str
    detail: str
    lines: tuple[int, ...] = ()
    gtin: str | None = None


class Unreadable(ValueError):  # noqa: N818 - reads as what it says of the document
    """The document cannot be taken as a fact; names the field at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class CartonCode(msgspec.Struct, frozen=True):
    """The 32-character laser code of a carton, taken apart."""

    sorted_on: date
    serial: str
    carton: int
    company: str
    licence: str


@lru_cache(maxsize=65_536)
def is_gtin(text: str) -> bool:
    """Tell whether the text is a GTIN-8, -12, -13 or -14 with the right check digit."""
    if len(text) not in {8, 12, 13, 14} or not (text.isascii() and text.isdigit()):
        return False
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(text[:-1])))
    return (10 - total % 10) % 10 == int(text[-1])


def read_lines(lines: list[Line]) -> int:
    """Check what types cannot say, bring every GTIN to 14 digits, and return the total in minor units.

    Raises:
        Unreadable: A GTIN is wrong, or two lines have the same number.
    """
    total = 0
    seen: set[int] = set()
    for index, line in enumerate(lines):
        if not is_gtin(line.gtin):
            raise Unreadable(f"lines[{index}].gtin", "is not a GTIN with a right check digit")
        if line.line in seen:
            raise Unreadable(f"lines[{index}].line", "is the number of an earlier line too")
        seen.add(line.line)
        if len(line.gtin) != 14:
            line.gtin = line.gtin.zfill(14)
        total += line.quantity * line.unit_price
    return total


def amount_doubts(total: int, payments: Sequence[Payment]) -> Iterator[Doubt]:
    """Compare a total with what was paid."""
    paid = sum(payment.amount for payment in payments)
    if total > BIGINT_MAX:
        yield Doubt("total_overflow", f"the lines add up to {total}, which is recorded as {BIGINT_MAX}")
    if paid != total:
        yield Doubt("payment_mismatch", f"paid {paid}, the lines add up to {total}")


def storable(total: int) -> int:
    """Bound a total to what the database holds."""
    return min(total, BIGINT_MAX)


def clock_doubts(happened_at: datetime, now: datetime, *, late_after: timedelta) -> Iterator[Doubt]:
    """Flag a moment ahead of our clock, or so long ago that the fact is late."""
    if happened_at > now + CLOCK_AHEAD:
        yield Doubt("clock_ahead", f"happened at {happened_at.isoformat()}, recorded at {now.isoformat()}")
    elif happened_at < now - late_after:
        yield Doubt("late", f"happened at {happened_at.isoformat()}, recorded at {now.isoformat()}")


def parse_carton_code(code: str, today: date) -> CartonCode | None:
    """Take a carton's code apart; None when it is not one.

    The first line of 16 digits holds one digit of the year and the month and day of sorting, a serial of
    nine digits and the carton's place 01-50 in its case; the second four letters of the local company and
    the twelve digits of the licence. The decade is resolved to the latest date that is not after `today`.
    """
    head, company, licence = code[:16], code[16:20], code[20:]
    if len(code) != _CODE_LENGTH or not code.isascii() or not (head + licence).isdigit():
        return None
    if not (company.isalpha() and company.isupper()) or not 1 <= int(head[14:]) <= _CARTONS_IN_A_CASE:
        return None
    sorted_on = _latest_date(int(head[0]), int(head[1:3]), int(head[3:5]), today)
    if sorted_on is None:
        return None
    return CartonCode(sorted_on, head[5:14], int(head[14:]), company, licence)


def _latest_date(year_digit: int, month: int, day: int, today: date) -> date | None:
    latest = today.year - (today.year - year_digit) % 10
    # 29 February comes back within 40 years for every last digit that it can have, across 1900 and 2100 too.
    for year in range(latest, max(latest - 50, 0), -10):
        try:
            candidate = date(year, month, day)
        except ValueError:
            continue
        if candidate <= today:
            return candidate
    return None
