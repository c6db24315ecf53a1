"""Members among consumers, and what they allow; ids alone, no personal data."""

from datetime import datetime
from typing import ClassVar, Literal

from humidor_common.events.base import Event

_TOPIC = "customers.consumer.v1"


class ConsumerJoined(Event, frozen=True, kw_only=True):
    """An adult became a member; `adult_verified` is False where nobody has checked the age yet."""

    TYPE: ClassVar[str] = "customers.consumer-joined.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "member_id"
    SUBJECT: ClassVar[str] = "member_id"

    member_id: str
    store_id: str
    adult_verified: bool
    joined_at: datetime


class ConsentChanged(Event, frozen=True, kw_only=True):
    """A member gave or withdrew consent to one purpose by one channel, under a version of its text."""

    TYPE: ClassVar[str] = "customers.consent-changed.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "member_id"
    SUBJECT: ClassVar[str] = "member_id"

    member_id: str
    purpose: Literal["service", "survey", "analysis", "recall"]
    channel: Literal["sms", "phone", "email", "wechat", "app", "post"]
    given: bool
    text_version: str
    decided_at: datetime


class MembershipEnded(Event, frozen=True, kw_only=True):
    """A member left, was found not to be an adult, or had the personal data erased."""

    TYPE: ClassVar[str] = "customers.membership-ended.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "member_id"
    SUBJECT: ClassVar[str] = "member_id"

    member_id: str
    why: Literal["left", "not_an_adult", "erased"]
    ended_at: datetime
