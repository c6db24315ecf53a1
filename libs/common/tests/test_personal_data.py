"""No event has a place for personal data: what is told stays on the bus, and cannot be erased."""

import re
from typing import Any

import pytest

from humidor_common.events import EVENTS
from humidor_common.events.contract import schema_of

PERSONAL = re.compile(
    r"(^|_)(name|names|surname|nickname|phones?|mobile|telephone|e?mails?|address|addresses|contacts?|birthday|"
    r"birth_date|date_of_birth|age|gender|passport|id_card|id_number|card_number|wechat|person|clerk|by|note|"
    r"notes|reason|comment|text|free_text)$"
)

# What looks like it and is none; a new field that does has to be thought about, and then stands here.
THINGS = {"CampaignVariant.name", "ProductChanged.name", "StoreChanged.name"}
STAFF = {
    # The user name of who answers for it: no customer's, and needed as evidence.
    "AgeCheck.clerk",
    "PurchaseOrderAmended.amended_by",
    "PurchaseOrderPlaced.approved_by",
    "StocktakeCompleted.approved_by",
    "StocktakeCompleted.posted_by",
}
ABOUT_GOODS = {
    # Why goods came back, an order changed or an alert ended, in words of staff or of the service.
    "AlertClosed.reason",
    "PurchaseOrderAmended.reason",
    "PurchaseOrderClosed.reason",
    "SaleReturned.reason",
    "SaleVoided.reason",
    "SupplierReturnDispatched.reason",
}
KNOWN = THINGS | STAFF | ABOUT_GOODS


def fields() -> dict[str, str]:
    """Give every field of every event and of what it holds, as `Struct.field`, with the type it is in."""
    return {
        f"{name}.{field}": event_type
        for event_type, event in EVENTS.items()
        for name, schema in schema_of(event).items()
        for field in schema.get("properties", {})
    }


def test_no_event_has_a_field_for_a_name_a_phone_a_mail_or_an_address() -> None:
    suspicious = {name: where for name, where in fields().items() if PERSONAL.search(name.partition(".")[2])}
    assert {name: where for name, where in suspicious.items() if name not in KNOWN} == {}
    assert set(suspicious) >= KNOWN, "a field that is gone is not excused any more"


@pytest.mark.parametrize(
    "field", ["name", "contact_phone", "email", "recorded_by", "delivery_address", "clerk"]
)
def test_a_field_of_a_person_would_be_found(field: str) -> None:
    assert PERSONAL.search(field)


@pytest.mark.parametrize("field", ["member_id", "store_id", "standby", "channel", "text_version", "message"])
def test_other_fields_are_left_alone(field: str) -> None:
    assert not PERSONAL.search(field)


def test_every_event_about_a_member_knows_it_by_its_id_alone() -> None:
    about: dict[str, Any] = {
        event_type: event for event_type, event in EVENTS.items() if "member_id" in event.__struct_fields__
    }
    assert {"customers.consumer-joined.v1", "pos.sale-recorded.v1"} <= set(about)
    for event in about.values():
        (kind,) = (
            schema["properties"]["member_id"]
            for schema in schema_of(event).values()
            if "member_id" in schema.get("properties", {})
        )
        assert "string" in str(kind)
