"""When goods that come in expire."""

from datetime import date, timedelta


def expiry(production: date | None, given: date | None, shelf_life_days: int | None) -> date | None:
    """Take the date that stands on the goods, or else production plus shelf life, or else none."""
    if given is not None or production is None or shelf_life_days is None:
        return given
    return production + timedelta(days=shelf_life_days)
