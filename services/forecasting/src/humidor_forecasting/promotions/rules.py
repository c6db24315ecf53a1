"""What a campaign states about days, stores and products."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from humidor_common.events.customers import CampaignChanged
from humidor_forecasting.gtins import lenient_gtin


class Unusable(ValueError):  # noqa: N818 - says what the event is
    """The event states what no campaign can be; the message says which."""


class Campaign(NamedTuple):
    """A campaign as its table has it."""

    campaign_id: str
    version: int
    state: str
    kind: str
    audience: str
    starts_on: date
    ends_on: date
    store_ids: list[str]
    holdout_store_ids: list[str]
    gtins: list[str] | None
    discount_percent: float | None
    price_per_pack: int | None
    currency: str
    budget_minor: int
    spent_minor: int
    changed_at: datetime


def read_campaign(event: CampaignChanged) -> Campaign:
    """Read a campaign; item numbers become 14 digits.

    Raises:
        Unusable: A day that is none, or a name that nothing can have.
    """
    try:
        starts_on, ends_on = date.fromisoformat(event.starts_on), date.fromisoformat(event.ends_on)
    except ValueError as error:
        raise Unusable(f"not a day: {error}") from error
    gtins = None if event.gtins is None else _names(map(lenient_gtin, event.gtins))
    _names([event.kind, event.currency])
    return Campaign(
        campaign_id=str(event.campaign_id),
        version=event.version,
        state=event.state,
        kind=event.kind,
        audience=event.audience,
        starts_on=starts_on,
        ends_on=ends_on,
        store_ids=_names(event.store_ids),
        holdout_store_ids=_names(event.holdout_store_ids),
        gtins=gtins,
        discount_percent=event.discount_percent,
        price_per_pack=event.price_per_pack,
        currency=event.currency,
        budget_minor=event.budget_minor,
        spent_minor=event.spent_minor,
        changed_at=event.changed_at,
    )


def _names(texts: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(texts))
    if any("\x00" in text or len(text) > 200 for text in found):
        raise Unusable("a name holds a NUL character or more than 200 letters")
    return found


def newest(told: Iterable[Campaign]) -> list[Campaign]:
    """Keep of each campaign the highest version, in the order of ids."""
    found: dict[str, Campaign] = {}
    for each in told:
        if each.campaign_id not in found or found[each.campaign_id].version < each.version:
            found[each.campaign_id] = each
    return [found[key] for key in sorted(found)]
