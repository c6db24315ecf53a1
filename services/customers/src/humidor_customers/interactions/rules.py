"""What is decided about messages on values alone: whom a number reaches, and what takes a consent back."""

import unicodedata
from typing import Literal, TypeAlias

from humidor_customers.consumers.rules import Channel
from humidor_customers.consumers.rules import Purpose as ConsumerPurpose

Medium: TypeAlias = Literal["call", "visit", "email", "sms", "wechat", "app", "post", "other"]
Purpose: TypeAlias = Literal[
    "service", "survey", "analysis", "recall", "ordering", "delivery", "compliance", "relationship"
]
"""What an interaction is for; with consumers only the first four, and selling is none."""

_CONSUMERS: dict[Purpose, ConsumerPurpose] = {
    "service": "service",
    "survey": "survey",
    "analysis": "analysis",
    "recall": "recall",
}
_CONSENTS: dict[Medium, Channel] = {
    "call": "phone",
    "email": "email",
    "sms": "sms",
    "wechat": "wechat",
    "app": "app",
    "other": "app",
    "post": "post",
}
_OPT_OUT = frozenset(("t", "td", "退订", "退", "stop", "unsubscribe"))
_CHINESE_MOBILE = 11


def consumer_purpose(purpose: Purpose) -> ConsumerPurpose | None:
    """Give the purpose that a consumer consents to; None for what concerns trade customers alone."""
    return _CONSUMERS.get(purpose)


def consent_channel(medium: Medium) -> Channel | None:
    """Give the channel that a consumer consents to; a visit is none, because nobody visits consumers."""
    return _CONSENTS.get(medium)


def opts_out(text: str) -> bool:
    """Tell whether a reply takes back the consent to messages, as carriers have it (回复TD退订).

    Width, case, spaces and punctuation do not count: `ＴＤ。` does, `TD please call me` does not.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in plain if each.isalnum()) in _OPT_OUT


def e164(phone: str) -> str | None:
    """Write a number as E.164: `138 1234 5678` gives `+8613812345678`; None where the country is not known.

    Example:
        `0049 30 123456` gives `+4930123456`; `0571-8765432` (no mobile number) gives None.
    """
    plain = unicodedata.normalize("NFKC", phone).strip()
    digits = "".join(each for each in plain if each.isascii() and each.isdigit())
    if plain.startswith("+"):
        international = digits
    elif digits.startswith("00"):
        international = digits[2:]
    elif len(digits) == _CHINESE_MOBILE and digits.startswith("1"):
        international = f"86{digits}"
    elif len(digits) == _CHINESE_MOBILE + 2 and digits.startswith("861"):
        international = digits
    else:
        return None
    return f"+{international}" if 8 <= len(international) <= 15 and international[0] != "0" else None
