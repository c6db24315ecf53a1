"""Who may be a member, and which of a member's decisions counts."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias

Purpose: TypeAlias = Literal["service", "survey", "analysis", "recall"]
Channel: TypeAlias = Literal["sms", "phone", "email", "wechat", "app", "post"]
AdultOutcome: TypeAlias = Literal["adult", "minor", "unchecked"]

_NUMBERS_OF_PERSONS = re.compile(r"^((86)?1[3-9]\d{9}|\d{17}[\dXx])$")

ADULT_YEARS = 18
RULE = (
    "Law of the PRC on the Protection of Minors (2020), article 59: nobody under 18 is sold tobacco, "
    "so only adults are members"
)


class Decision(NamedTuple):
    """What a member decided about one purpose and channel, and when."""

    purpose: Purpose
    channel: Channel
    given: bool
    decided_at: datetime


def adult_error(
    outcome: AdultOutcome, method: str | None, checked_on: date | None, latest: date
) -> str | None:
    """Say what is wrong with the record of a check of somebody's age; None where nothing is.

    A check has a method and a day that is not later than `latest`; without a check there is neither.
    """
    if outcome == "unchecked":
        return (
            None
            if method is None and checked_on is None
            else "nobody has checked, so there is no method or day"
        )
    if method is None or checked_on is None:
        return "a check has a method and a day"
    return None if checked_on <= latest else "the check is in the future"


def gives_away(member_id: str) -> bool:
    """Tell whether an id is by its look a mobile number or the number of an identity card of the PRC.

    Ids stand in events and on sales, which outlive the membership.

    Example:
        >>> gives_away("13812345678"), gives_away("11010119900307451X"), gives_away("M0001")
        (True, True, False)
    """
    return bool(_NUMBERS_OF_PERSONS.match(member_id))


def newest(
    known: Iterable[Decision], decisions: Iterable[Decision]
) -> dict[tuple[Purpose, Channel], Decision]:
    """Give the decisions that change what holds: the latest of each purpose and channel that says otherwise.

    One that was decided before what is known changes nothing; of two at the same moment the later in
    `decisions` counts.
    """
    state = {(each.purpose, each.channel): each for each in known}
    changed: dict[tuple[Purpose, Channel], Decision] = {}
    for each in decisions:
        key = (each.purpose, each.channel)
        if key not in state or each.decided_at >= state[key].decided_at:
            state[key] = changed[key] = each
    return changed


def withdrawals(known: Iterable[Decision], at: datetime) -> list[Decision]:
    """Take back all that is given, as happens when a membership ends."""
    return [
        each._replace(given=False, decided_at=max(at, each.decided_at))
        for each in sorted(known)
        if each.given
    ]
