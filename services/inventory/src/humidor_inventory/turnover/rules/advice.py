"""What to do about goods that hardly move."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

Action = Literal["write_off", "transfer", "return_to_supplier", "promote", "reduce"]


class Seller(NamedTuple):
    """Another store: what it sells a day on average and what it holds, in sticks."""

    store_id: str
    daily_sticks: float
    available_sticks: int


class Slow(NamedTuple):
    """A product that a store holds too much of, in sticks; days of the store's calendar."""

    available_sticks: int
    expired_sticks: int
    daily_sticks: float
    days_since_sale: int | None
    days_since_receipt: int | None
    has_supplier: bool


class Limits(NamedTuple):
    """From when on goods are slow, and how long a supplier takes them back, in days."""

    idle_days: int
    cover_days: int
    return_days: int
    target_days: int


class Advice(NamedTuple):
    """What to do with how many sticks, where to, and the figures that say why."""

    action: Action
    sticks: int
    to_store_id: str | None
    reason: str


def excess(slow: Slow, limits: Limits) -> int:
    """Tell how much is beyond what sells in `target_days`, in sticks."""
    return max(slow.available_sticks - slow.expired_sticks - round(slow.daily_sticks * limits.target_days), 0)


def advise(slow: Slow, sellers: Iterable[Seller], limits: Limits) -> Advice:
    """Advise the first that helps: expired goods go; then where they sell, back, or out by a lower price.

    A store takes what it sells in `target_days` less what it holds; the one that takes most is named.
    """
    if slow.expired_sticks > 0:
        return Advice("write_off", slow.expired_sticks, None, f"{slow.expired_sticks} sticks have expired")
    over = excess(slow, limits)
    takers = [
        (round(each.daily_sticks * limits.target_days) - each.available_sticks, each) for each in sellers
    ]
    room, best = max(takers, key=lambda taker: (taker[0], taker[1].store_id), default=(0, None))
    if best is not None and room > 0 and over > 0:
        reason = (
            f"{best.store_id} sells {best.daily_sticks:.2f} sticks a day and holds {best.available_sticks}; "
            f"here it is {slow.daily_sticks:.2f} and {slow.available_sticks}"
        )
        return Advice("transfer", min(room, over), best.store_id, reason)
    since = slow.days_since_receipt
    if slow.has_supplier and over > 0 and since is not None and since <= limits.return_days:
        reason = f"received {since} days ago, and no other store lacks it"
        return Advice("return_to_supplier", over, None, reason)
    if slow.daily_sticks > 0:
        cover = slow.available_sticks / slow.daily_sticks
        return Advice("reduce", over, None, f"lasts for {cover:.0f} days: order no more and lower the level")
    idle = "never" if slow.days_since_sale is None else f"{slow.days_since_sale} days ago"
    return Advice(
        "promote", over, None, f"sold {idle}, and no other store lacks it: place it better or mark it down"
    )
