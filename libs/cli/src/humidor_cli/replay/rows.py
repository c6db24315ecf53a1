"""Reads a file row by row, each with what it comes to and what is odd about it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from humidor_cli.replay.mapping import Layout, cell, time_text
from humidor_cli.replay.moments import read_moment
from humidor_cli.replay.numbers import currency_in, read_number
from humidor_cli.replay.rules import Movement, RowFacts, StoreRule, classify, is_marked, plain_id
from humidor_cli.replay.text import raw_rows

ZERO = Decimal(0)


class Row(NamedTuple):
    """One row, read."""

    number: int
    sale: str
    time_text: str
    moment: datetime | None
    product: str
    description: str
    movement: Movement
    price: Decimal
    currency: str
    customer: str
    store_id: str
    marked: bool
    oddities: tuple[str, ...]


def read_rows(layout: Layout) -> Iterator[Row]:
    """Yield every row of the file but the header and empty ones; memory does not grow with the file."""
    read = _reader(layout)
    rows = raw_rows(layout.path, layout.encoding, layout.separator)
    for number, cells in enumerate(rows, start=1):
        if (number == 1 and layout.mapping.header) or not any(cells):
            continue
        yield read(number, cells)


def _reader(layout: Layout) -> Callable[[int, list[str]], Row]:
    places, mapping = layout.places, layout.mapping
    stores = StoreRule(mapping.store_prefix, mapping.stores)
    not_goods = frozenset(mapping.not_goods)
    width = max(places.values()) + 1

    def read(number: int, cells: list[str]) -> Row:
        raw_sale, customer = cell(cells, places, "sale"), plain_id(cell(cells, places, "customer"))
        sale, text = plain_id(raw_sale), time_text(cells, places)
        moment = read_moment(text, layout.time_format, mapping.time_zone)
        quantity = _quantity(cells, layout)
        price, currency, oddities = _price(cells, layout, quantity)
        marked = is_marked(sale, cell(cells, places, "returned"), mapping.return_prefix)
        facts = RowFacts(cell(cells, places, "product"), quantity, price, moment is not None, marked)
        movement = classify(facts, signed_returns=layout.signed_returns, not_goods=not_goods)
        if len(cells) < width:
            movement = Movement("reported", 0, "too_few_columns")
        return Row(
            number=number,
            sale=sale,
            time_text=text,
            moment=moment,
            product=facts.product,
            description=cell(cells, places, "description"),
            movement=movement,
            price=abs(price or ZERO),
            currency=currency,
            customer=customer,
            store_id=stores.of(
                cell(cells, places, "store"), cell(cells, places, "country"), customer, sale or text
            ),
            marked=marked,
            oddities=oddities,
        )

    return read


def _quantity(cells: list[str], layout: Layout) -> Decimal | None:
    """Give the quantity, one where the file has no such column."""
    if "quantity" not in layout.places:
        return Decimal(1)
    return read_number(cell(cells, layout.places, "quantity"), layout.decimals["quantity"])


def _price(
    cells: list[str], layout: Layout, quantity: Decimal | None
) -> tuple[Decimal | None, str, tuple[str, ...]]:
    """Give the unit price (None where the file has no prices), its currency, and what is odd about it."""
    places, mapping = layout.places, layout.mapping
    field = "price" if "price" in places else "amount"
    if field not in places:
        return None, mapping.default_currency, ()
    text = cell(cells, places, field)
    currency = cell(cells, places, "currency").upper() or currency_in(text) or mapping.default_currency
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
        currency = currency_in(currency) or mapping.default_currency
    price = read_number(text, layout.decimals[field])
    if price is None:
        return ZERO, currency, ("no_price",)
    if field == "amount" and quantity:
        # A refund's amount is negative together with its quantity: their ratio is the price either way.
        price = abs(price) / abs(quantity) * (-1 if (price < 0) != (quantity < 0) else 1)
        price = price if quantity > 0 or price >= 0 else abs(price)
    return price, currency, ()
