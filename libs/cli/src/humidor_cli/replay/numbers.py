"""Reads quantities and prices as people write them, exactly."""

import re
import unicodedata
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

DecimalMark = Literal[".", ","]

CURRENCY_SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "$": "USD",
    "¥": "CNY",
    "₹": "INR",
    "₩": "KRW",
    "zł": "PLN",
    "₽": "RUB",
}
# ISO 4217: every other currency that is in use has two.
_MINOR_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_NOT_NUMERIC = re.compile(r"[^0-9.,eE+\-]")
_PLAIN = re.compile(r"[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?|[+-]?\d+\.")
_DECIMAL_COMMA = re.compile(r"\d,(?:\d{1,2}|\d{4,})(?!\d)|\.\d{3},")
_DECIMAL_POINT = re.compile(r"\d\.(?:\d{1,2}|\d{4,})(?!\d)|,\d{3}\.")


def detect_mark(texts: Iterable[str]) -> DecimalMark:
    """Tell whether decimals stand after a comma or a point, by the numbers that can only mean one of them."""
    commas = points = 0
    for text in texts:
        if _DECIMAL_COMMA.search(text):
            commas += 1
        elif _DECIMAL_POINT.search(text):
            points += 1
    return "," if commas > points else "."


@lru_cache(maxsize=65_536)
def read_number(text: str, mark: DecimalMark = ".") -> Decimal | None:
    """Read `1,234.50`, `0,90 €`, `(12.00)` or `12-`; None for what is no number.

    Examples: with the mark `,` the text `1.234,5` is 1234.5; with `.` the text `1,234` is 1234.
    """
    stripped = unicodedata.normalize("NFKC", text).strip()
    negative = (stripped.startswith("(") and stripped.endswith(")")) or stripped.endswith("-")
    digits = _NOT_NUMERIC.sub("", stripped.replace("\N{MINUS SIGN}", "-").strip("()")).rstrip("-")
    digits = digits.strip("eE").replace("." if mark == "," else ",", "").replace(mark, ".")
    if not _PLAIN.fullmatch(digits):
        return None
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return None
    return -abs(number) if negative else number


def currency_in(text: str) -> str | None:
    """Name the currency whose sign or code stands beside a number."""
    for sign, currency in CURRENCY_SIGNS.items():
        if sign in text:
            return currency
    code = re.search(r"\b[A-Z]{3}\b", text)
    return code[0] if code else None


def to_minor(price: Decimal, currency: str) -> int:
    """Turn a price into minor units, a half rounded up: 2.55 GBP is 255, 300 JPY is 300."""
    scaled = price.scaleb(_MINOR_DIGITS.get(currency, 2))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def is_exact(price: Decimal, currency: str) -> bool:
    """Tell whether the price is a whole number of minor units."""
    scaled = price.scaleb(_MINOR_DIGITS.get(currency, 2))
    return scaled == scaled.to_integral_value()
