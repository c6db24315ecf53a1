"""The list of what a store may sell, and at which price."""

import msgspec

from humidor_pos.products.rules import Price, Product, Shelf, unit_price


class Sellable(msgspec.Struct, frozen=True):
    """A product with its price in this store; `source` tells whose price it is."""

    gtin: str
    name: str
    brand: str
    sticks_per_pack: int
    packs_per_carton: int
    cartons_per_case: int
    currency: str | None
    prices: dict[str, int]
    source: str | None


def sellable(shelf: Shelf) -> list[Sellable]:
    """List the active products in the order of their GTINs; prices are in minor units for one unit."""
    active = (product for product in shelf.products.values() if product.status == "active")
    return sorted((_entry(p, shelf.prices.get(p.gtin)) for p in active), key=lambda entry: entry.gtin)


def _entry(product: Product, own: Price | None) -> Sellable:
    price = own.price_per_pack if own else product.price_per_pack
    units = ("pack", "carton", "case") if price is not None else ()
    prices = {unit: unit_price(product, unit, price or 0) or 0 for unit in units}
    return Sellable(
        gtin=product.gtin,
        name=product.name,
        brand=product.brand,
        sticks_per_pack=product.sticks_per_pack,
        packs_per_carton=product.packs_per_carton,
        cartons_per_case=product.cartons_per_case,
        currency=own.currency if own else product.currency,
        prices=prices,
        source=("store" if own else "list") if price is not None else None,
    )
