"""What a row of a sales file comes to: pure decisions that replay makes and verify makes again on its own.

They depend on the row alone, so the order of a file, or what was read before, changes nothing.
"""

import hashlib
import re
from collections.abc import Container
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

Kind = Literal["sale", "return", "adjustment", "reported"]

QUANTITY_MAX = 1_000_000
"""What one line of a sale may hold; the API refuses more."""

_HASHED_DIGITS = 11
_RETURN_WORDS = frozenset(
    (
        *(
            "return",
            "returns",
            "returned",
            "refund",
            "refunds",
            "refunded",
            "cancel",
            "cancelled",
            "canceled",
        ),
        *("cancellation", "reversal", "credit", "credit note", "yes", "y", "true", "t", "1", "x", "r"),
        *("退货", "退款", "退", "是"),
    )
)
_ZERO_WORDS = re.compile(r"\.0+$")
_MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_STORE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,23}")


class Movement(NamedTuple):
    """What one row does: so many units (signed for an adjustment alone), or why it does nothing."""

    kind: Kind
    units: int
    why: str = ""


def check_digit(body: str) -> str:
    """Compute the GS1 check digit: `check_digit("690102800123")` is `"6"`."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


@lru_cache(maxsize=65_536)
def gtin_of(code: str) -> str:
    """Give a product code its GTIN-14: itself where it is one, else an internal one made from the code.

    Internal ones begin with `02` (GS1 keeps prefix 2 for numbers inside a company) and carry eleven digits of
    the code's SHA-256, so the same code has the same GTIN in every file and every run.
    """
    if len(code) in {12, 13, 14} and code.isascii() and code.isdigit() and check_digit(code[:-1]) == code[-1]:
        return code.zfill(14)
    digest = int.from_bytes(hashlib.sha256(code.encode()).digest()[:8])
    body = f"02{digest % 10**_HASHED_DIGITS:0{_HASHED_DIGITS}d}"
    return body + check_digit(body)


@lru_cache(maxsize=65_536)
def plain_id(text: str) -> str:
    """Drop the `.0` that spreadsheets and data frames put behind a number: `17850.0` is `17850`."""
    head = _ZERO_WORDS.sub("", text)
    return head if head.isdigit() else text


@lru_cache(maxsize=65_536)
def member_of(customer: str) -> str | None:
    """Turn a customer's number into a member id; one that cannot be an id is replaced by its hash."""
    if not customer:
        return None
    if _MEMBER.fullmatch(customer):
        return customer
    return "h-" + hashlib.sha256(customer.encode()).hexdigest()[:24]


class StoreRule(NamedTuple):
    """How rows are spread over stores: by the store column, else by a hash of the customer."""

    prefix: str
    stores: int

    def of(self, store: str, country: str, customer: str, sale: str) -> str:
        """Name the store: `R-Leeds`, or `R0001` to `R0008`; a row without customer goes by its sale."""
        if store:
            return _named_store(self.prefix, store)
        return _hashed_store(self, country, customer, "" if customer else sale)


@lru_cache(maxsize=65_536)
def _named_store(prefix: str, store: str) -> str:
    if _STORE.fullmatch(store):
        return f"{prefix}-{store}"
    return f"{prefix}-{hashlib.sha256(store.encode()).hexdigest()[:12]}"


@lru_cache(maxsize=65_536)
def _hashed_store(rule: StoreRule, country: str, customer: str, sale: str) -> str:
    digest = hashlib.sha256(f"{country}\x1f{customer}\x1f{sale}".encode()).digest()
    return f"{rule.prefix}{int.from_bytes(digest[:8]) % rule.stores + 1:04d}"


def is_marked(sale: str, returned: str, prefix: str) -> bool:
    """Tell whether a row says that it is a return: a column's word, or the prefix of the sale's number."""
    if returned and returned.casefold() in _RETURN_WORDS:
        return True
    return bool(prefix) and len(sale) > len(prefix) and _has_prefix(sale, prefix)


def _has_prefix(sale: str, prefix: str) -> bool:
    return sale[: len(prefix)].casefold() == prefix.casefold() and plain_id(sale[len(prefix) :]).isdigit()


class RowFacts(NamedTuple):
    """What the decision about a row needs; `price` is None where the file has no prices."""

    product: str
    quantity: Decimal | None
    price: Decimal | None
    has_moment: bool
    marked: bool


def classify(row: RowFacts, *, signed_returns: bool, not_goods: Container[str] = ()) -> Movement:
    """Decide what a row comes to.

    A positive quantity is sold, at whatever price from zero up. A negative one with a price, or on a
    document marked as a return, comes back; one without a price is written off the stock. A negative price
    on a positive quantity moves money and no goods.
    """
    why = _unusable(row, not_goods)
    if why:
        return Movement("reported", 0, why)
    units, price = int(row.quantity or 0), row.price
    if units < 0:
        if price == 0 and not row.marked:
            return Movement("adjustment", units)
        return Movement("return", -units)
    if price is not None and price < 0:
        return Movement("reported", 0, "negative_price")
    if row.marked and not signed_returns:
        return Movement("return", units)
    return Movement("sale", units)


def _unusable(row: RowFacts, not_goods: Container[str]) -> str:
    if not row.product:
        return "no_product"
    if row.product in not_goods:
        return "not_goods"
    if row.quantity is None:
        return "unreadable_quantity"
    return _unusable_quantity(row.quantity) or ("" if row.has_moment else "unreadable_time")


def _unusable_quantity(quantity: Decimal) -> str:
    if quantity == 0:
        return "zero_quantity"
    if quantity != quantity.to_integral_value():
        return "fractional_quantity"
    return "quantity_out_of_range" if abs(quantity) > QUANTITY_MAX else ""
