"""Which reason an adjustment gets, by the words that a shop wrote beside it."""

import re

_WORDS = (
    ("damage", r"damage|broken|break|smash|crush|wet|rust|mould|mold|faulty|dirty|unsaleable|破损|损坏|受潮"),
    ("theft", r"theft|stolen|steal|shoplift|盗"),
    ("loss", r"lost|loss|missing|can.?t find|丢失|短少"),
    ("loss", r"expired|out of date|thrown|destroyed|过期|销毁"),
    ("count", r"count|check|found|adjust|wrong|mix|incorrect|盘点|盘亏|盘盈"),
)
_PATTERNS = tuple((reason, re.compile(words, re.IGNORECASE)) for reason, words in _WORDS)
OTHER = "correction"


def reason_code(description: str) -> str:
    """Name the reason: `smashed` is damage, `wrongly coded` a count, an empty text a correction."""
    for reason, pattern in _PATTERNS:
        if pattern.search(description):
            return reason
    return OTHER
