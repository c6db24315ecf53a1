from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_pos.facts.rules import (
    CLOCK_AHEAD,
    CartonCode,
    Unreadable,
    clock_doubts,
    is_gtin,
    parse_carton_code,
    read_lines,
)
from humidor_pos.facts.wire import Line

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def check_digit(digits: str) -> str:
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


@given(st.sampled_from([7, 11, 12, 13]).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)))
def test_a_gtin_has_exactly_one_right_check_digit(digits: str) -> None:
    right = [last for last in "0123456789" if is_gtin(digits + last)]
    assert right == [check_digit(digits)]


@pytest.mark.parametrize(
    "text", ["", "6901028001234x", "69010280012", "１２３４５６７０", "06901028001234", "9" * 15, "-6901028"]
)
def test_what_is_no_gtin_is_told_apart(text: str) -> None:
    assert not is_gtin(text)


def test_lines_are_brought_to_fourteen_digits_and_added_up() -> None:
    lines = [Line(1, "6901028001236", 2, "pack", 2500), Line(2, "06901028001243", 1, "carton", 24000)]
    assert read_lines(lines) == 29000
    assert [line.gtin for line in lines] == ["06901028001236", "06901028001243"]


def test_two_lines_with_one_number_cannot_be_told_apart() -> None:
    lines = [Line(1, "06901028001236", 2, "pack", 2500), Line(1, "06901028001243", 1, "pack", 2500)]
    with pytest.raises(Unreadable, match=r"lines\[1\]\.line"):
        read_lines(lines)


@given(st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_a_moment_is_ahead_or_late_or_neither(distance: timedelta) -> None:
    codes = [doubt.code for doubt in clock_doubts(NOW + distance, NOW, late_after=timedelta(days=3))]
    if distance > CLOCK_AHEAD:
        assert codes == ["clock_ahead"]
    elif distance < -timedelta(days=3):
        assert codes == ["late"]
    else:
        assert codes == []


@given(
    sorted_on=st.dates(date(2017, 11, 24), date(2026, 11, 23)),
    serial=st.integers(0, 10**9 - 1),
    carton=st.integers(1, 50),
    company=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=4),
    licence=st.text("0123456789", min_size=12, max_size=12),
)
def test_a_carton_code_is_taken_apart(
    sorted_on: date, serial: int, carton: int, company: str, licence: str
) -> None:
    code = f"{sorted_on.year % 10}{sorted_on:%m%d}{serial:09}{carton:02}{company}{licence}"
    parsed = parse_carton_code(code, date(2026, 11, 23))
    assert parsed == CartonCode(sorted_on, f"{serial:09}", carton, company, licence)


def test_a_year_digit_means_the_latest_date_that_has_been() -> None:
    tail = "00001234507ABCD430701204804"
    assert parse_carton_code("61123" + tail, date(2026, 11, 23)).sorted_on == date(2026, 11, 23)  # type: ignore[union-attr]
    assert parse_carton_code("61124" + tail, date(2026, 11, 23)).sorted_on == date(2016, 11, 24)  # type: ignore[union-attr]


def test_a_leap_day_goes_back_to_a_year_that_had_one() -> None:
    code = "60229" + "00001234507ABCD430701204804"
    assert parse_carton_code(code, date(2026, 11, 23)).sorted_on == date(2016, 2, 29)  # type: ignore[union-attr]


@given(st.text(max_size=40))
def test_any_other_text_is_no_carton_code(text: str) -> None:
    parsed = parse_carton_code(text, date(2026, 11, 23))
    assert parsed is None or len(text) == 32


@pytest.mark.parametrize(
    "code",
    [
        "61331000012345" + "07ABCD430701204804",
        "61123000012345" + "51ABCD430701204804",
        "61123000012345" + "00ABCD430701204804",
        "61123000012345" + "07abcd430701204804",
        "61123000012345" + "07ABCD43070120480",
        "６１１２３000012345" + "07ABCD430701204804",
    ],
)
def test_a_code_with_one_part_wrong_is_none(code: str) -> None:
    assert parse_carton_code(code, date(2026, 11, 23)) is None
