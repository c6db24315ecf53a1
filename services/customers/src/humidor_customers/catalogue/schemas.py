"""What callers send and see of the products that trade customers order."""

from pydantic import BaseModel, ConfigDict

from humidor_common.web.inputs import Currency, Input, Minor, Note
from humidor_customers.inputs import Code


class OfferInput(Input):
    """The terms on which trade customers get a product; prices are minor units a carton.

    `price_segment` (段位) groups products for caps; the product's price class where it is left out.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"wholesale_minor_per_carton": 18000, "currency": "CNY", "price_segment": "150-200"}]
        }
    )

    wholesale_minor_per_carton: Minor
    currency: Currency
    price_segment: Code | None = None
    orderable: bool = True
    reason: Note | None = None


class ProductView(BaseModel):
    """A product with its offer; `version` 0 and no price where nobody has offered it yet."""

    gtin: str
    name: str
    brand: str
    status: str
    sticks_per_pack: int
    packs_per_carton: int
    cartons_per_case: int
    price_class: str | None
    retail_price_per_pack: int | None
    price_segment: str | None
    wholesale_minor_per_carton: int | None
    currency: str | None
    orderable: bool
    version: int
