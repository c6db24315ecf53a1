"""Reads sums of the market as arrays: what each store, each place or all of them sold of each product."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from humidor_common.db.pool import Connection
from humidor_customers.arrays import Ints
from humidor_customers.market.questions import Question
from humidor_customers.market.rules.periods import Pieces, quarters_of, split

Holder: TypeAlias = Literal["stores", "places", "all"]

_TIMEOUT_SECONDS = 25
_HEADER_BYTES, _HEADER_WORDS = 20, 5
_TYPES = {"products": ">i4", "sticks": ">i8", "net_minor": ">i8", "sales": ">i4"}
_BY_PRODUCT = ("products", "sticks", "net_minor", "sales")
_FIGURES = ("sticks", "net_minor", "sales", "left_out")
_ARRAYS = ", ".join(f"string_agg(array_send(t.{name}), ''::bytea) AS {name}" for name in _BY_PRODUCT)
_TOTALS = ", ".join(f"array_send(array_agg(t.all_{name})) AS {name}" for name in _FIGURES)
_LEFT_OUT = """
array_send(array_agg(cardinality(t.products))) AS sizes, string_agg(array_send(t.left_out), ''::bytea) AS
left_out, array_send(array_agg(coalesce(cardinality(t.left_out), 0))) AS left_out_sizes
"""


class Sold(NamedTuple):
    """What was sold, an element of each array for a span, currency, holder and product.

    `product` is 0 and `holder` the id of a store, of a place or 0 where they are not told apart.
    """

    span: Ints
    currency: Ints
    holder: Ints
    product: Ints
    sticks: Ints
    net_minor: Ints
    sales: Ints
    left_out: Ints
    currencies: Sequence[str]

    def where(self, which: Any) -> "Sold":
        return Sold(*(each[which] for each in self[:-1]), currencies=self.currencies)


def pieces_of(question: Question) -> Pieces:
    return split(question.spans)


def holder_of(question: Question, *, keep_store: bool) -> Holder:
    """Choose the smallest sums that will do."""
    if question.of_places and not keep_store:
        return "places"
    return "stores" if question.of_stores or keep_store else "all"


class Sent(NamedTuple):
    """Arrays as the database has sent them, with the spans that they are part of."""

    row: Mapping[str, Any]
    spans: Sequence[int]
    products: bool


async def read_sold(
    conn: Connection, question: Question, holder: Holder, holders: Sequence[int] | None, *, products: bool
) -> list[Sent]:
    """Read the sums of these holders (None: of all there are), with or without `products` told apart.

    What several spans have in common is read once.
    """
    found: list[Sent] = []
    for period, parts in _by_period(pieces_of(question)).items():
        rows = await conn.fetch(
            _statement(period, holder, products=products, some=holders is not None),
            question.wholesale,
            [since for since, _ in parts],
            [until for _, until in parts],
            *([holders] if holders is not None else []),
            timeout=_TIMEOUT_SECONDS,
        )
        spans = list(parts.values())
        found += [Sent(row, spans[row["piece"] - 1], products) for row in rows]
    return found


def _by_period(pieces: Pieces) -> dict[str, dict[tuple[date, date], list[int]]]:
    """Give the spans of each quarter, month and stretch of days."""
    quarters, months = quarters_of(pieces.months)
    found: dict[str, dict[tuple[date, date], list[int]]] = {}
    for period, parts in (
        ("quarter", [((start, start), span) for start, span in quarters]),
        ("month", [((start, start), span) for start, span in months]),
        ("day", [((days.start, days.end), span) for days, span in pieces.days]),
    ):
        for part, span in parts:
            found.setdefault(period, {}).setdefault(part, []).append(span)
    return found


def _statement(period: str, holder: Holder, *, products: bool, some: bool) -> str:
    figures = f"{_ARRAYS}, {_LEFT_OUT}" if products else _TOTALS
    return f"""
SELECT w.piece::int AS piece, t.currency, array_send(array_agg(t.holder)) AS holder, {figures}
FROM unnest($2::date[], $3::date[]) WITH ORDINALITY w(since, until, piece)
JOIN market_{period}s_of_{holder} t ON t.{period} BETWEEN w.since AND w.until
WHERE t.wholesale = $1 AND t.products <> '{{}}' {"AND t.holder = ANY($4::int[])" if some else ""}
GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - made of constants


def _totals(row: Mapping[str, Any]) -> dict[str, Ints]:
    holder = _array(row["holder"], ">i4")
    return {
        "holder": holder,
        "products": np.zeros_like(holder),
        **{name: _array(row[name], ">i8") for name in _FIGURES},
    }


def _by_products(row: Mapping[str, Any]) -> dict[str, Ints]:
    sizes, left_out_sizes = (_array(row[name], ">i4") for name in ("sizes", "left_out_sizes"))
    left_out = np.zeros(int(sizes.sum()), np.int64)
    if row["left_out"]:
        left_out[np.repeat(left_out_sizes > 0, sizes)] = _joined(
            row["left_out"], left_out_sizes[left_out_sizes > 0], ">i4"
        )
    return {
        "holder": np.repeat(_array(row["holder"], ">i4"), sizes),
        "left_out": left_out,
        **{name: _joined(row[name], sizes, _TYPES[name]) for name in _BY_PRODUCT},
    }


def _array(sent: bytes, kind: str) -> Ints:
    """Read an array as PostgreSQL sends it: a header, then each value behind its length."""
    values = np.frombuffer(sent, [("length", ">i4"), ("value", kind)], offset=_HEADER_BYTES)["value"]
    return values.astype(np.int64)


def _joined(sent: bytes, sizes: Ints, kind: str) -> Ints:
    """Read arrays of these sizes, none of them empty, that PostgreSQL has sent one behind the other."""
    words = np.frombuffer(sent, ">i4")
    wide = kind == ">i8"
    step = 3 if wide else 2
    # The first value's word of each array, less what the arrays before it have come to.
    begins = _HEADER_WORDS * np.arange(1, len(sizes) + 1) + 1
    at = np.repeat(begins, sizes) + step * np.arange(int(sizes.sum()))
    if not wide:
        return words[at].astype(np.int64)
    return (words[at].astype(np.int64) << 32) | words[at + 1].view(np.dtype(">u4")).astype(np.int64)


def decode(sent: Sequence[Sent]) -> Sold:
    """Join what was sent; what several spans have in common is there for each of them."""
    currencies = sorted({each.row["currency"] for each in sent})
    chunks = [
        (span, currencies.index(each.row["currency"]), decoded)
        for each in sent
        for decoded in [_by_products(each.row) if each.products else _totals(each.row)]
        for span in each.spans
    ]
    sizes = [len(decoded["sticks"]) for _, _, decoded in chunks]

    def joined(name: str) -> Ints:
        return np.concatenate([np.zeros(0, np.int64), *(decoded[name] for _, _, decoded in chunks)])

    return Sold(
        np.repeat(np.array([span for span, _, _ in chunks], np.int64), sizes),
        np.repeat(np.array([currency for _, currency, _ in chunks], np.int64), sizes),
        *(joined(name) for name in ("holder", "products", *_FIGURES)),
        currencies=currencies,
    )
