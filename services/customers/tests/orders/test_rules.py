from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.orders.rules import Allowed, Cut, Room, Wanted, allow, settled

CARTON = 200


def test_the_example_of_the_docstring_comes_out() -> None:
    wanted = [Wanted(name, "mid", 400, CARTON) for name in "ABC"]
    found = allow(wanted, Room({"A": 300}, {"mid": 600}))
    assert found == [
        Allowed(200, (Cut("product-cap", 200),)),
        Allowed(400, ()),
        Allowed(0, (Cut("segment-cap", 400),)),
    ]


def test_what_has_no_cap_is_allowed_whole_and_what_is_overdrawn_not_at_all() -> None:
    wanted = [Wanted("A", None, 400, CARTON), Wanted("B", "mid", 400, CARTON)]
    assert allow(wanted, Room({}, {"other": 0})) == [Allowed(400, ()), Allowed(400, ())]
    assert allow(wanted, Room({"A": -200}, {}))[0] == Allowed(0, (Cut("product-cap", 400),))


def test_what_is_due_is_paid_once_it_is_covered_and_no_other_payment_changes() -> None:
    assert [settled("due", paid, 50_000) for paid in (60_000, 50_000, 49_999)] == ["paid", "paid", "due"]
    assert settled("due", 0, 0) == "due"
    assert [settled(payment, 60_000, 50_000) for payment in ("none", "failed", "paid")] == [
        *("none", "failed", "paid")
    ]


cartons = st.integers(0, 30).map(lambda n: n * CARTON)
names = st.sampled_from("ABCDEFGH")
segments = st.sampled_from(["low", "mid", None])
wishes = st.lists(
    st.builds(Wanted, names, segments, st.integers(1, 30).map(lambda n: n * CARTON), st.just(CARTON)),
    max_size=8,
    unique_by=lambda line: line.gtin,
)
bounds = st.integers(-500, 5000)


@settings(deadline=None)
@given(wishes, st.dictionaries(names, bounds), st.dictionaries(st.sampled_from(["low", "mid"]), bounds))
def test_no_cap_is_ever_exceeded_and_nothing_is_cut_without_one(
    wanted: list[Wanted], products: dict[str, int], by_segment: dict[str, int]
) -> None:
    found = allow(wanted, Room(products, by_segment))
    for line, allowed in zip(wanted, found, strict=True):
        assert allowed.ordered % line.multiple == 0
        assert allowed.ordered + sum(cut.sticks for cut in allowed.cuts) == line.requested
        assert 0 <= allowed.ordered <= max(products.get(line.gtin, line.requested), 0) or not allowed.ordered
    for segment, bound in by_segment.items():
        taken = sum(a.ordered for w, a in zip(wanted, found, strict=True) if w.segment == segment)
        assert taken <= max(bound, 0)
        cut = any(
            cut.limit == "segment-cap"
            for w, a in zip(wanted, found, strict=True)
            if w.segment == segment
            for cut in a.cuts
        )
        assert not cut or bound - taken < max(w.requested for w in wanted)
