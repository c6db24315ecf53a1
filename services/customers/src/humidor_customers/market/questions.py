"""What is read of the sums: which stretches of time, by what, of which stores."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from humidor_customers.market.rules.periods import Span

ProductDimension: TypeAlias = Literal["brand", "maker", "price_class", "product"]
PlaceDimension: TypeAlias = Literal["area", "market_type", "business_format", "sales_line", "store"]
Dimension: TypeAlias = ProductDimension | PlaceDimension

OF_PRODUCTS: dict[str, str] = {
    "brand": "coalesce(p.brand, '')",
    "maker": "coalesce(p.manufacturer, '')",
    "price_class": "coalesce(p.price_class, '')",
    "product": "t.gtin",
}
OF_PLACES: dict[str, str] = {
    "area": "coalesce(r.trade_area, '')",
    "market_type": "coalesce(r.market_type, '')",
    "business_format": "coalesce(r.business_format, '')",
    "sales_line": "coalesce(r.sales_line, '')",
    "store": "m.store_id",
}
UNKNOWN = ""
MOST_LEFT_DAYS = 62
MOST_PLACE_DAYS = 124
MOST_STORE_DAYS = 100_000
MOST_CELLS = 100_000


class Question(NamedTuple):
    """Sums of `spans` (numbered from 0), by up to two dimensions; `stores` None is every store.

    `within` None is the whole market. Filters keep what equals them, by dimension. `valued` asks for what the
    trade pays beside what was sold.
    """

    spans: Sequence[Span]
    by: str | None
    within: str | None
    filters: Mapping[str, str]
    stores: list[str] | None
    wholesale: bool = False
    valued: bool = False

    @property
    def of_some(self) -> bool:
        """Whether some stores are left out."""
        return self.stores is not None or any(each in OF_PLACES for each in self.filters)

    @property
    def place(self) -> str | None:
        """The dimension of places that is asked for."""
        return next((each for each in (self.by, self.within) if each in OF_PLACES), None)

    @property
    def of_places(self) -> bool:
        """Whether the sums of places will do: no single store is asked for, nor some of them."""
        dimensions = {each for each in (self.by, self.within, *self.filters) if each in OF_PLACES}
        return self.stores is None and bool(dimensions) and "store" not in dimensions

    @property
    def of_products(self) -> bool:
        """Whether something is asked about products that the catalogue says."""
        return any(each in OF_PRODUCTS for each in (self.by, self.within, *self.filters))

    @property
    def of_stores(self) -> bool:
        """Whether the sums have to be told apart by store."""
        return self.of_some or self.place is not None


class Builder:
    """Numbers arguments as they are used."""

    def __init__(self) -> None:
        self.arguments: list[Any] = []

    def add(self, value: Any, kind: str) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}::{kind}"
