"""The list of what a store may sell, and at which price."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from humidor_pos.campaigns.rules import (
    UNITS,
    Campaign,
    Offer,
    Running,
    RunningCampaign,
    best_offer,
    regular_of,
)
from humidor_pos.lots.rules import ExpiringLot, LotNotes, UnsellableLot
from humidor_pos.products.rules import Price, Product, Shelf, unit_price

_NOTHING = LotNotes()


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
    unit_gtins: Sequence[Mapping[str, str]]
    unsellable_lots: list[UnsellableLot]
    expiring_lots: list[ExpiringLot]
    campaigns: list[RunningCampaign]
    offer: Offer | None


def sellable(
    shelf: Shelf, notes: Mapping[str, LotNotes], running: Running, campaigns: Sequence[Campaign] = ()
) -> list[Sellable]:
    """List the active products in the order of their GTINs; prices are in minor units for one unit.

    `campaigns` are those of the store that run today, from which the cheapest offer is found.
    """
    active = (product for product in shelf.products.values() if product.status == "active")
    entries = (
        _entry(p, shelf.prices.get(p.gtin), notes.get(p.gtin, _NOTHING), running.products.get(p.gtin, []))
        for p in active
    )
    listed = sorted(entries, key=lambda entry: entry.gtin)
    cheaper = [each for each in campaigns if each.changes_prices]
    return [_offering(each, shelf, cheaper) for each in listed] if cheaper else listed


def _offering(entry: Sellable, shelf: Shelf, campaigns: Sequence[Campaign]) -> Sellable:
    """Add what consumers pay by the campaign that is cheapest for them."""
    about = [each for each in campaigns if each.is_about(entry.gtin)]
    if not about:
        return entry
    product = shelf.products[entry.gtin]
    packs = {unit: unit_price(product, unit, 1) or 1 for unit in UNITS}
    regular = regular_of(product, shelf.prices.get(entry.gtin))
    return msgspec.structs.replace(entry, offer=best_offer(about, entry.gtin, regular, packs))


def list_tag(revision: int, notes: Mapping[str, LotNotes], running: Running) -> str:
    """Name a state of the list: the same in every process, another one when a midnight changes the list.

    At midnight a lot expires, or a campaign begins or ends, without anything being told.
    """
    if not notes and not running.products and not running.store:
        return str(revision)
    today = msgspec.json.encode((notes, running), order="sorted")
    return f"{revision}-{hashlib.blake2b(today, digest_size=8).hexdigest()}"


def _entry(
    product: Product, own: Price | None, notes: LotNotes, campaigns: list[RunningCampaign]
) -> Sellable:
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
        unit_gtins=product.unit_gtins,
        unsellable_lots=notes.unsellable,
        expiring_lots=notes.expiring,
        campaigns=campaigns,
        offer=None,
    )
