import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.units.rules import (
    UNITS,
    Factors,
    check_digit,
    in_unit,
    lenient_gtin,
    normalise_gtin,
    to_sticks,
)

FACTORS = Factors.of(20, 10, 50)


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("4006381333931", "04006381333931"),
        ("10614141000415", "10614141000415"),
    ],
)
def test_every_length_of_gtin_is_brought_to_14_digits(text: str, gtin: str) -> None:
    assert normalise_gtin(text) == gtin


@given(st.text(alphabet="0123456789", min_size=13, max_size=13), st.integers(1, 9))
def test_a_single_wrong_digit_is_always_found(body: str, shift: int) -> None:
    right = body + check_digit(body)
    assert normalise_gtin(right) == right
    wrong = right[:5] + str((int(right[5]) + shift) % 10) + right[6:]
    with pytest.raises(ValueError, match="check digit"):
        normalise_gtin(wrong)


@pytest.mark.parametrize("text", ["", "123", "12345678901", "４００６３８１３３３９３１", "40063813339 1"])
def test_what_cannot_be_a_gtin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        normalise_gtin(text)


def test_a_code_that_cannot_be_a_gtin_stays_as_it_is() -> None:
    assert lenient_gtin("12345678") == "00000012345678"
    assert lenient_gtin("SPECIAL") == "SPECIAL"


@given(st.integers(-(10**12), 10**12), st.sampled_from(UNITS))
def test_units_and_loose_sticks_add_up(sticks: int, unit: str) -> None:
    size = getattr(FACTORS, unit)
    whole, loose = in_unit(sticks, size)
    assert whole * size + loose == sticks
    assert abs(loose) < size
    assert whole * sticks >= 0
    assert loose * sticks >= 0


def test_each_product_has_its_own_factors() -> None:
    assert to_sticks(3, "carton", FACTORS) == 600
    assert to_sticks(3, "carton", Factors.of(16, 5, 25)) == 240
