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
_TYPES = {
    "products": ">i4",
    "sticks": ">i8",
    "net_minor": ">i8",
    "sales": ">i4",
    "left_out": ">i4",
}
FIGURES = ("sticks", "net_minor", "sales", "left_out")


class Sold(NamedTuple):
    """What was sold, an element of each array for a span, currency, holder and product.

    `product` is 0 and `holder` the id of a store, of a place or 0 where they are not told apart; figures that
    were not asked for are 0.
    """

    currencies: Sequence[str]
    span: Ints
    currency: Ints
    holder: Ints
    product: Ints
    sticks: Ints
    net_minor: Ints
    sales: Ints
    left_out: Ints

    def where(self, which: Any) -> "Sold":
        columns: Sequence[Any] = self[1:]
        return Sold(self.currencies, *(each[which] for each in columns))


def pieces_of(question: Question) -> Pieces:
    return split(question.spans)


def holder_of(question: Question, *, keep_store: bool) -> Holder:
    """Choose the smallest sums that will do."""
    if question.of_places and not keep_store:
        return "places"
    return "stores" if question.of_stores or keep_store else "all"


class Wanted(NamedTuple):
    """Of whom sums are wanted (`holders` None: of all), which, and whether products are told apart."""

    holder: Holder
    holders: Sequence[int] | None
    products: bool
    figures: Sequence[str] = FIGURES


class Sent(NamedTuple):
    """Figures as the database has sent them, with the spans that they are part of."""

    row: Mapping[str, Any]
    spans: Sequence[int]


async def read_sold(conn: Connection, question: Question, wanted: Wanted) -> list[Sent]:
    """Read sums; what several spans have in common is read once."""
    found: list[Sent] = []
    for period, parts in _by_period(pieces_of(question)).items():
        rows = await conn.fetch(
            _statement(period, wanted),
            question.wholesale,
            [since for since, _ in parts],
            [until for _, until in parts],
            *([wanted.holders] if wanted.holders is not None else []),
            timeout=_TIMEOUT_SECONDS,
        )
        spans = list(parts.values())
        found += [Sent(dict(row), spans[row["piece"] - 1]) for row in rows]
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


def _statement(period: str, wanted: Wanted) -> str:
    """Join what rows hold packed; every aggregate sees them in the same order."""
    some = "AND t.holder = ANY($4::int[])" if wanted.holders is not None else ""
    return f"""
SELECT w.piece::int AS piece, t.currency, {_joined("int4send(t.holder)")} AS holder, {_columns(wanted)}
FROM unnest($2::date[], $3::date[]) WITH ORDINALITY w(since, until, piece)
JOIN market_{period}s_of_{wanted.holder} t ON t.{period} BETWEEN w.since AND w.until
WHERE t.wholesale = $1 AND length(t.products) > 0 {some}
GROUP BY 1, 2
"""  # noqa: S608 - made of constants


def _columns(wanted: Wanted) -> str:
    if not wanted.products:
        return ", ".join(f"{_joined(f'int8send(t.all_{name})')} AS {name}" for name in wanted.figures)
    columns = [
        f"{_joined('int4send(length(t.products) / 4)')} AS sizes",
        *(f"{_joined(f't.{name}')} AS {name}" for name in ("products", *wanted.figures)),
    ]
    if "left_out" in wanted.figures:
        columns.append(f"{_joined('int4send(coalesce(length(t.left_out), 0) / 4)')} AS left_out_sizes")
    return ", ".join(columns)


def _joined(column: str) -> str:
    return f"string_agg({column}, ''::bytea)"


def decode(sent: Sequence[Sent], wanted: Wanted) -> Sold:
    """Join what was sent; what several spans have in common is there for each of them."""
    chunks = [(span, each.row) for each in sent for span in each.spans]
    currencies = sorted({row["currency"] for _, row in chunks})
    rows = [row for _, row in chunks]
    holder = _array(rows, "holder", ">i4")
    if not wanted.products:
        sizes = np.ones(len(holder), np.int64)
        found = {name: _array(rows, name, ">i8") for name in wanted.figures}
    else:
        sizes = _array(rows, "sizes", ">i4")
        found = {name: _array(rows, name, _TYPES[name]) for name in ("products", *wanted.figures)}
        if "left_out" in wanted.figures:
            found["left_out"] = _sparse(found["left_out"], _array(rows, "left_out_sizes", ">i4"), sizes)
    holders = [len(row["holder"]) // 4 for row in rows]
    nothing = np.zeros(int(sizes.sum()), np.int64)

    def spread(values: Sequence[int]) -> Ints:
        return np.repeat(np.repeat(np.array(values, np.int64), holders), sizes)

    return Sold(
        currencies,
        spread([span for span, _ in chunks]),
        spread([currencies.index(row["currency"]) for row in rows]),
        np.repeat(holder, sizes),
        *(found.get(name, nothing) for name in ("products", *FIGURES)),
    )


def _array(rows: Sequence[Mapping[str, Any]], name: str, kind: str) -> Ints:
    return np.frombuffer(b"".join(row[name] or b"" for row in rows), kind).astype(np.int64)


def _sparse(values: Ints, value_sizes: Ints, sizes: Ints) -> Ints:
    """Put figures in their places that only some rows have."""
    found = np.zeros(int(sizes.sum()), np.int64)
    found[np.repeat(value_sizes > 0, sizes)] = values
    return found
