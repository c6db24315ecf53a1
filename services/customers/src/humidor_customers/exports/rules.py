"""Which files may hold members, who may have a file, and how far one is that is being made."""

from collections.abc import Collection

_NOBODYS = (
    "/v1/campaign-rules",
    "/v1/campaigns",
    "/v1/market/",
    "/v1/models",
    "/v1/catalogue",
    "/v1/tier-schemes",
)
_SCORES = ("/scores", "/score-figures")


def may_hold_members(path: str) -> bool:
    """Tell whether rows of a list may be about members; of what is not known here they may."""
    return path.endswith(_SCORES) or not path.startswith(_NOBODYS)


def covers(now: Collection[str] | None, then: Collection[str] | None) -> bool:
    """Tell whether somebody still has all that they had when they asked (None: every store)."""
    return now is None or (then is not None and set(then) <= set(now))


def progress_of(rows: int) -> float:
    """Say how far a list is whose length nobody knows: half of the way after 100,000 rows, never at its end.

    Example:
        >>> progress_of(0), progress_of(100_000), progress_of(300_000)
        (0.0, 0.45, 0.675)
    """
    return round(0.9 * rows / (rows + 100_000), 6)
