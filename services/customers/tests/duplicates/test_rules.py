"""How alike two records are, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_customers.duplicates.rules import Traits, compare, similarity

names = st.text(alphabet="城南北二三abc", min_size=1, max_size=8)


def traits(retailer_id: str, **changes: object) -> Traits:
    values: dict[str, object] = {
        "licence_number": None,
        "phone_keys": frozenset(),
        "trade_area": "A",
        "name_key": retailer_id,
    }
    return Traits(retailer_id=retailer_id, **(values | changes))  # type: ignore[arg-type]  # by name


@given(names, names)
def test_likeness_is_mutual_between_nought_and_one_and_whole_only_of_the_same(one: str, other: str) -> None:
    assert similarity(one, other) == similarity(other, one)
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, one) == 1


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("ab", "abc", 4 / 7),
        ("城南一号", "城南二号", 6 / 10),
        ("西湖滨路城南", "西湖宾路城南", 10 / 14),
        ("a", "b", 0),
    ],
)
def test_likeness_is_the_share_of_common_pairs(one: str, other: str, alike: float) -> None:
    assert similarity(one, other) == pytest.approx(alike)


def test_points_are_added_up_to_a_hundred_and_their_reasons_named() -> None:
    one = traits("C2", licence_number="1", phone_keys=frozenset(("13812345678",)), name_key="城南")
    other = traits("C1", licence_number="1", phone_keys=frozenset(("13812345678", "1")), name_key="城南")
    pair = compare(one, other)
    assert pair is not None
    assert (pair.first_id, pair.second_id, pair.score) == ("C1", "C2", 100)
    assert [(each.code, each.points) for each in pair.reasons] == [
        ("same_licence", 60),
        ("same_phone", 45),
        ("similar_name", 50),
    ]
    assert "13812345678" not in str(pair)


def test_names_count_within_one_trade_area_alone() -> None:
    assert compare(traits("C1", name_key="城南"), traits("C2", name_key="城南", trade_area="B")) is None
    nowhere = [traits(each, name_key="城南", trade_area=None) for each in ("C1", "C2")]
    assert compare(*nowhere) is None
    assert compare(traits("C1", name_key="城南"), traits("C2", name_key="城北")) is None
