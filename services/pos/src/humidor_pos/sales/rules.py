"""What is odd about a sale. Nothing here refuses one: a sale that has happened is a fact."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from humidor_common.clock import local_date
from humidor_pos.campaigns.rules import Campaign, price_by, regular_of
from humidor_pos.facts.rules import (
    CartonCode,
    Doubt,
    amount_doubts,
    clock_doubts,
    parse_carton_code,
)
from humidor_pos.facts.wire import AgeCheck, Line
from humidor_pos.lots.rules import Lot, LotKey, Sold, unsound_lines
from humidor_pos.products.rules import Product, Shelf, unit_price
from humidor_pos.sales.wire import Sale


def judge_sale(
    sale: Sale,
    total: int,
    *,
    now: datetime,
    shelf: Shelf,
    late_after: timedelta,
    campaigns: Sequence[Campaign] = (),
) -> list[Doubt]:
    """List everything about a sale that a person should look at, in a stable order.

    `campaigns` are those of the store's day of the sale, whose prices are as right as the list price.
    """
    doubts: list[Doubt] = []
    products = shelf.products
    unknown = [line for line in sale.lines if line.gtin not in products and line.gtin not in shelf.units]
    if unknown:
        doubts.extend(_each_gtin("unknown_product", "is not a known product", unknown))
    doubts.extend(_product_doubts(sale, shelf, campaigns))
    doubts.extend(_age_doubts(sale.age_check))
    doubts.extend(amount_doubts(total, sale.payments))
    doubts.extend(clock_doubts(sale.sold_at, now, late_after=late_after))
    if shelf.store is not None and shelf.store.status == "closed":
        doubts.append(Doubt("store_closed", "the store is closed"))
    return doubts


def read_cartons(
    lines: Sequence[Line], happened_at: datetime, time_zone: str
) -> dict[int, CartonCode | None]:
    """Parse each scanned code, by line number; None where a code is none that we know."""
    coded = [line for line in lines if line.code]
    if not coded:
        return {}
    today = local_date(happened_at, time_zone)
    return {line.line: parse_carton_code(line.code or "", today) for line in coded}


def carton_doubts(cartons: dict[int, CartonCode | None], licence_number: str | None) -> Iterator[Doubt]:
    """Compare each carton's licence with the seller's: another one means that it was diverted."""
    unread = tuple(number for number, carton in cartons.items() if carton is None)
    if unread:
        yield Doubt("code_unreadable", "the scanned code is no carton code", unread)
    foreign = tuple(
        number
        for number, carton in cartons.items()
        if carton is not None and licence_number and carton.licence != licence_number
    )
    if foreign:
        yield Doubt(
            "licence_mismatch", f"the carton was delivered to another licence than {licence_number}", foreign
        )


def lot_doubts(
    sale: Sale, lots: Mapping[LotKey, Lot], by_code: Mapping[str, LotKey], shelf: Shelf, day: date
) -> Iterator[Doubt]:
    """Flag lines of a lot that was expired on the store's day of the sale, or held when it was sold."""
    if not lots:
        return
    sold = []
    for line in sale.lines:
        product, _ = shelf.find(line.gtin, line.unit)
        gtin = product.gtin if product else line.gtin
        lot = line.lot
        if lot is None and line.code:
            coded_gtin, coded_lot = by_code.get(line.code, ("", ""))
            lot = coded_lot if coded_gtin == gtin else None
        if lot:
            sold.append(Sold(line.line, gtin, lot))
    for code, detail, found in zip(
        ("expired_lot", "held_lot"),
        ("the lot {} was expired", "the lot {} was held"),
        unsound_lines(sold, lots, at=sale.sold_at, day=day),
        strict=True,
    ):
        for gtin, lot in dict.fromkeys((each.gtin, each.lot) for each in found):
            numbers = tuple(each.line for each in found if (each.gtin, each.lot) == (gtin, lot))
            yield Doubt(code, detail.format(lot), numbers, gtin)


def _product_doubts(sale: Sale, shelf: Shelf, campaigns: Sequence[Campaign]) -> Iterator[Doubt]:
    discontinued: list[Line] = []
    other_price: list[Line] = []
    other_currency: list[Line] = []
    other_unit: list[Line] = []
    for line in sale.lines:
        product, unit = shelf.find(line.gtin, line.unit)
        if product is None:
            continue
        if unit != line.unit:
            other_unit.append(line)
        if product.status == "discontinued" and product.changed_at <= sale.sold_at:
            discontinued.append(line)
        price, currency, since = _price_in_force(product, shelf)
        if price is None or since > sale.sold_at:
            continue
        if campaigns and _is_offered(line, unit, (product, shelf), sale.currency, campaigns):
            continue
        if currency != sale.currency:
            other_currency.append(line)
        elif (expected := unit_price(product, unit, price)) is not None and expected != line.unit_price:
            other_price.append(line)
    yield from _together("unit_mismatch", "the GTIN is that of another unit", other_unit)
    yield from _together("product_discontinued", "the product is discontinued", discontinued)
    yield from _together("price_mismatch", "the price is not the list price", other_price)
    yield from _together("currency_mismatch", "the list price is in another currency", other_currency)


def _price_in_force(product: Product, shelf: Shelf) -> tuple[int | None, str | None, datetime]:
    own = shelf.prices.get(product.gtin)
    if own is not None:
        return own.price_per_pack, own.currency, own.changed_at
    return product.price_per_pack, product.currency, product.changed_at


def _is_offered(
    line: Line, unit: str, sold: tuple[Product, Shelf], currency: str, campaigns: Iterable[Campaign]
) -> bool:
    product, shelf = sold
    packs = unit_price(product, unit, 1)
    if packs is None:
        return False
    regular = regular_of(product, shelf.prices.get(product.gtin))
    return any(
        each.currency == currency and price_by(each, product.gtin, unit, regular, packs) == line.unit_price
        for each in campaigns
    )


def _age_doubts(check: AgeCheck | None) -> Iterator[Doubt]:
    if check is None:
        yield Doubt("age_check_missing", "no age check was recorded")
    elif not check.passed:
        yield Doubt("age_check_failed", f"the age check ({check.method}) was not passed")


def _together(code: str, detail: str, lines: Sequence[Line]) -> Iterator[Doubt]:
    if lines:
        yield Doubt(code, detail, tuple(line.line for line in lines))


def _each_gtin(code: str, detail: str, lines: Sequence[Line]) -> Iterator[Doubt]:
    by_gtin: dict[str, list[int]] = {}
    for line in lines:
        by_gtin.setdefault(line.gtin, []).append(line.line)
    for gtin, numbers in by_gtin.items():
        yield Doubt(code, f"{gtin} {detail}", tuple(numbers), gtin)
