from datetime import date

from humidor_inventory.receipts.rules import expiry


def test_the_printed_expiry_date_goes_before_the_computed_one() -> None:
    made, printed = date(2026, 1, 1), date(2026, 6, 1)
    assert expiry(made, None, 365) == date(2027, 1, 1)
    assert expiry(made, printed, 365) == printed
    assert expiry(None, None, 365) is None
    assert expiry(made, None, None) is None
