"""What sales, returns and voids have in common on the wire; msgspec, because terminals post many of them."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

BIGINT_MAX = 2**63 - 1
QUANTITY_MAX = 1_000_000
LINES_MAX = 500

# The look-ahead instead of `$`, which would let a trailing newline through.
_CLEAN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*(?![\s\S])"

Amount = Annotated[int, Meta(ge=-BIGINT_MAX, le=BIGINT_MAX)]
Code = Annotated[str, Meta(max_length=64, pattern=_CLEAN)]
Clerk = Annotated[str, Meta(min_length=1, max_length=64, pattern=_CLEAN)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}(?![\s\S])")]
Lot = Annotated[str, Meta(min_length=1, max_length=64, pattern=_CLEAN)]
MemberId = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*(?![\s\S])")]
Moment = Annotated[datetime, Meta(tz=True)]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=_CLEAN)]
StoreId = Annotated[str, Meta(max_length=32, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(?![\s\S])")]
Unit = Literal["stick", "pack", "carton", "case"]
PaymentMethod = Literal[
    "cash",
    "card",
    "wechat_pay",
    "alipay",
    "e_cny",
    "union_pay",
    "voucher",
    "member_account",
    "other",
]
AgeMethod = Literal["id_seen", "visual", "verified_member", "refused", "other"]


class Line(Struct):
    """One line; `unit_price` is in minor units, for one `unit`."""

    line: Annotated[int, Meta(ge=1, le=1_000_000)]
    gtin: Annotated[str, Meta(min_length=8, max_length=14, description="GTIN-8, -12, -13 or -14")]
    quantity: Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
    unit: Unit
    unit_price: Annotated[int, Meta(ge=0, le=BIGINT_MAX)]
    lot: Lot | None = None
    code: Code | None = None


class Payment(Struct):
    """One means of payment; `amount` is in minor units, negative for change given back."""

    method: PaymentMethod
    amount: Amount


class AgeCheck(Struct, forbid_unknown_fields=True):
    """Evidence, never a document's number: a field that is not known here is refused."""

    method: AgeMethod
    passed: bool
    clerk: Clerk | None = None


Lines = Annotated[list[Line], Meta(min_length=1, max_length=LINES_MAX)]
Payments = Annotated[list[Payment], Meta(max_length=50)]


def as_utc(moment: datetime) -> datetime:
    """Turn any offset into UTC.

    Raises:
        OverflowError: The moment has no UTC form between the years 1 and 9999.
    """
    return moment.astimezone(UTC)
