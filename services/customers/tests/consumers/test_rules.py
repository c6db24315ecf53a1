"""Who may be a member, and which decision counts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_customers.consumers.rules import AdultOutcome, Decision, adult_error, newest, withdrawals

TODAY = date(2026, 11, 26)
START = datetime(2026, 1, 1, tzinfo=UTC)

decisions = st.lists(
    st.builds(
        Decision,
        st.sampled_from(["survey", "recall"]),
        st.sampled_from(["sms", "phone"]),
        st.booleans(),
        st.integers(0, 5).map(lambda days: START + timedelta(days=days)),
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("outcome", "method", "day", "fits"),
    [
        ("adult", "id_seen", TODAY, True),
        ("adult", None, TODAY, False),
        ("adult", "id_seen", None, False),
        ("minor", "id_seen", TODAY + timedelta(days=1), False),
        ("unchecked", None, None, True),
        ("unchecked", "id_seen", None, False),
    ],
)
def test_a_check_of_the_age_has_a_method_and_a_day(
    outcome: AdultOutcome, method: str | None, day: date | None, *, fits: bool
) -> None:
    assert (adult_error(outcome, method, day, TODAY) is None) == fits


def states(history: list[Decision]) -> dict[tuple[str, str], Decision]:
    return {(key[0], key[1]): each for key, each in newest([], history).items()}


@given(decisions, st.integers(0, 12))
def test_it_makes_no_difference_in_which_batches_decisions_come(history: list[Decision], cut: int) -> None:
    first = newest([], history[:cut])
    second = newest(first.values(), history[cut:])
    assert first | second == newest([], history)


@given(decisions)
def test_what_holds_is_the_latest_decision_of_each_purpose_and_channel(history: list[Decision]) -> None:
    for key, held in states(history).items():
        same = [each for each in history if (each.purpose, each.channel) == key]
        assert held.decided_at == max(each.decided_at for each in same)


@given(decisions, st.integers(0, 9))
def test_after_a_membership_has_ended_nothing_is_allowed(history: list[Decision], days: int) -> None:
    held = list(newest([], history).values())
    taken_back = withdrawals(held, START + timedelta(days=days))
    after = {(each.purpose, each.channel): each for each in held} | dict(newest(held, taken_back))
    assert not any(each.given for each in after.values())
