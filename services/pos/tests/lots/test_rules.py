from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from humidor_pos.lots.rules import Lot, Sold, note_lots, unsound_lines

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
TODAY = date(2026, 11, 23)


def lot(days: int | None = None, *, held_since: datetime | None = None, in_stock: bool = True) -> Lot:
    expiry = None if days is None else TODAY + timedelta(days=days)
    return Lot(expiry, held_since is not None, held_since, in_stock)


def test_lots_are_sorted_out_by_the_stores_day() -> None:
    lots = {
        ("g", "yesterday"): lot(-1),
        ("g", "today"): lot(0),
        ("g", "warned"): lot(30),
        ("g", "later"): lot(31),
        ("g", "gone"): lot(-9, in_stock=False),
        ("h", "held"): lot(90, held_since=NOW),
        ("h", "held and expired"): lot(-1, held_since=NOW),
    }
    notes = note_lots(lots, TODAY, within_days=30)
    assert [(each.lot, each.reason) for each in notes["g"].unsellable] == [("yesterday", "expired")]
    assert [each.lot for each in notes["g"].expiring] == ["today", "warned"]
    assert [(each.lot, each.reason) for each in notes["h"].unsellable] == [
        ("held", "held"),
        ("held and expired", "expired"),
    ]


def test_a_sale_before_the_hold_is_not_one_of_a_held_lot() -> None:
    lots = {("g", "A"): lot(held_since=NOW), ("g", "B"): lot(-1), ("g", "C"): lot(0)}
    sold = [Sold(n, "g", code) for n, code in enumerate("ABCX", 1)]
    expired, held = unsound_lines(sold, lots, at=NOW, day=TODAY)
    assert ([each.lot for each in expired], [each.lot for each in held]) == (["B"], ["A"])
    expired, held = unsound_lines(sold, lots, at=NOW - timedelta(seconds=1), day=TODAY - timedelta(days=1))
    assert (expired, held) == ([], [])


lots = st.builds(
    Lot,
    st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.booleans(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.booleans(),
)


@given(st.dictionaries(st.tuples(st.sampled_from("gh"), st.text(max_size=3)), lots), st.integers(0, 99))
def test_every_lot_in_stock_is_sellable_or_says_why_not(known: dict[tuple[str, str], Lot], days: int) -> None:
    notes = note_lots(known, TODAY, within_days=days)
    for (gtin, code), each in known.items():
        named = [n.lot for n in notes[gtin].unsellable] if gtin in notes else []
        warned = [n.lot for n in notes[gtin].expiring] if gtin in notes else []
        assert (code in named) == (each.in_stock and (each.held or each.expired(TODAY)))
        assert not (code in named and code in warned)
