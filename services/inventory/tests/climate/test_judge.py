"""The rules of excursions on plain values: whole minutes since a moment, whole degrees."""

import random
from collections.abc import Sequence
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_inventory.excursions.rematch import Known, figures_of, rematch
from humidor_inventory.excursions.rules import deviation_of, judge
from humidor_inventory.excursions.values import (
    Bound,
    Excursion,
    Gap,
    Happening,
    Judgement,
    Reading,
    State,
    Terms,
)

MINUTE = 60_000
BEGIN = 10_000 * 60 * MINUTE
NOTHING = (None, None)


def terms(grace: int = 30, hold: int = 15, policy: str = "any", most: int = 30) -> Terms:
    limits = ((10_00, most * 100), NOTHING, NOTHING)
    return msgspec.convert((limits, grace * MINUTE, hold * MINUTE, policy), Terms)


def at(minute: float, what: Terms | Bound | Reading) -> Happening:
    return Happening.of(BEGIN + round(minute * MINUTE), what)


def begin(*devices: int, under: Terms | None = None) -> list[Happening]:
    return [
        Happening.of(0, under or terms()),
        *(at(0, Bound(device, begins=True)) for device in devices or (1,)),
    ]


def said(minute: float, degrees: float, device: int = 1) -> Happening:
    return at(minute, Reading(device, (round(degrees * 100), None, None)))


def steady(first: int, last: int, degrees: float, device: int = 1) -> list[Happening]:
    return [said(minute, degrees, device) for minute in range(first, last, 5)]


def judged(happenings: Sequence[Happening], now: float) -> Judgement:
    return judge(State(), happenings, now=BEGIN + round(now * MINUTE))


def spans(judgement: Judgement) -> list[tuple[float, float | None]]:
    return [
        ((e.run.started - BEGIN) / MINUTE, None if e.ended is None else (e.ended - BEGIN) / MINUTE)
        for e in judgement.excursions
    ]


def test_the_limits_themselves_are_inside() -> None:
    limits = (1000, 3000)
    assert [deviation_of(value, limits) for value in (999, 1000, 3000, 3001)] == [-1, 0, 0, 1]
    assert deviation_of(99_999, (None, None)) == 0


def test_an_excursion_opens_after_the_grace_period_and_ends_inside() -> None:
    story = [*begin(), *steady(0, 60, 25), *steady(60, 120, 32), *steady(120, 180, 25)]
    assert spans(judged(story[: 2 + 18], 89.9)) == []
    assert spans(judged(story[: 2 + 18], 90)) == [(60, None)]
    (found,) = judged(story, 180).excursions
    assert (found.run.started, found.run.opened, found.ended) == (
        BEGIN + 60 * MINUTE,
        BEGIN + 90 * MINUTE,
        BEGIN + 120 * MINUTE,
    )
    # 2 degrees above 30 for 60 minutes.
    assert figures_of(found) == (32.0, 30.0, 120.0, 60.0, 0.0)


def test_what_returns_within_the_grace_period_is_none() -> None:
    story = [*begin(), *steady(0, 60, 25), *steady(60, 85, 40), *steady(85, 120, 25)]
    assert judged(story, 120).excursions == []


def test_time_alone_opens_it_while_the_last_reading_still_holds() -> None:
    story = [*begin(), said(0, 25), *steady(5, 25, 31)]
    assert spans(judged(story, 34)) == []
    assert judged(story, 34).due == BEGIN + 35 * MINUTE
    assert spans(judged(story, 35)) == [(5, None)]


def test_no_data_is_neither_inside_nor_counted_as_outside() -> None:
    story = [*begin(), *steady(0, 10, 25), *steady(10, 45, 33), said(200, 33), said(205, 25)]
    (found,) = judged(story, 206).excursions
    assert spans(judged(story, 206)) == [(10, 205)]
    # The reading of minute 40 holds for 15 minutes; from 55 to 200 nothing is known.
    assert figures_of(found)[3:] == (50.0, 145.0)
    assert spans(judged(story[:-2], 1000)) == [(10, None)]


def test_a_gap_counts_towards_the_grace_period_once_it_proves_to_have_been_outside() -> None:
    story = [*begin(under=terms(grace=60)), said(0, 25), said(5, 33), said(80, 33)]
    assert spans(judged(story[:3], 200)) == []
    assert spans(judged([*story[:3], said(80, 25)], 85)) == []
    assert spans(judged(story, 81)) == [(5, None)]


def test_a_silent_device_is_a_gap_until_it_is_heard_of_or_taken_down() -> None:
    story = [*begin(1, 2), *steady(0, 60, 25), said(0, 25, 2), said(50, 25, 2)]
    found = judged(story, 60)
    assert found.gaps == [Gap(2, BEGIN, BEGIN + 50 * MINUTE)]
    assert judged(story, 75).gaps[1:] == [
        Gap(1, BEGIN + 55 * MINUTE, None),
        Gap(2, BEGIN + 50 * MINUTE, None),
    ]
    taken_down = [*story, at(72, Bound(2, begins=False))]
    assert judged(taken_down, 500).gaps[1:] == [
        Gap(2, BEGIN + 50 * MINUTE, BEGIN + 72 * MINUTE),
        Gap(1, BEGIN + 55 * MINUTE, None),
    ]
    never = judged(begin(), 16)
    assert never.gaps == [Gap(1, BEGIN, None)]
    assert judged(begin(), 10).due == BEGIN + 15 * MINUTE + 1


def test_by_any_one_sensor_outside_is_enough_and_by_mean_it_is_not() -> None:
    story = [*steady(0, 120, 25, 1), *steady(0, 120, 34, 2)]
    assert spans(judged([*begin(1, 2), *story], 120)) == [(0, None)]
    assert spans(judged([*begin(1, 2, under=terms(policy="mean")), *story], 120)) == []
    hotter = [*steady(0, 120, 27, 1), *steady(0, 120, 34, 2)]
    (found,) = judged([*begin(1, 2, under=terms(policy="mean")), *hotter], 120).excursions
    assert found.run.peak == 3050


def test_a_sensor_that_was_outside_and_fell_silent_is_not_outvoted() -> None:
    story = [*steady(0, 240, 25, 1), *steady(0, 60, 34, 2)]
    (found,) = judged([*begin(1, 2), *story], 240).excursions
    assert found.ended is None
    assert figures_of(found)[3:] == (70.0, 170.0)
    taken_down = [*begin(1, 2), *story, at(100, Bound(2, begins=False))]
    assert spans(judged(taken_down, 240)) == [(0, 100)]


def test_a_reading_is_judged_by_the_limits_of_its_own_time() -> None:
    story = [*begin(), *steady(0, 240, 32), at(120, terms(most=35))]
    assert spans(judged(story, 240)) == [(0, 120)]


def test_each_measure_stands_for_itself() -> None:
    limits = ((1000, 3000), (5500, 6500), (None, 500))
    under = msgspec.convert((limits, 0, 15 * MINUTE, "any"), Terms)
    story = [
        *begin(under=under),
        at(0, Reading(1, (2500, 7000, 100))),
        at(5, Reading(1, (3100, None, 900))),
        at(10, Reading(1, (2500, 6000, 100))),
    ]
    found = [(e.measure, e.run.started - BEGIN, e.ended) for e in judged(story, 12).excursions]
    assert sorted(found) == [
        (0, 5 * MINUTE, BEGIN + 10 * MINUTE),
        (1, 0, BEGIN + 10 * MINUTE),
        (2, 5 * MINUTE, BEGIN + 10 * MINUTE),
    ]


minutes = st.integers(0, 600)
readings = st.lists(
    st.tuples(minutes, st.sampled_from([1, 2]), st.sampled_from([25, 29, 31, 36])), max_size=60
).map(lambda each: list({(m, d): (m, d, v) for m, d, v in each}.values()))
policies = st.sampled_from(["any", "mean"])


@given(readings, policies, st.randoms())
@settings(max_examples=60, deadline=None)
def test_any_order_and_repetition_comes_to_the_same(
    found: list[tuple[int, int, int]], policy: str, chance: random.Random
) -> None:
    story = begin(1, 2, under=terms(policy=policy))
    story += [said(minute, degrees, device) for minute, device, degrees in found]
    mixed = story + chance.sample(story, len(story) // 2)
    chance.shuffle(mixed)
    assert judged(mixed, 620)[:2] == judged(story, 620)[:2]


def begun(excursion: Excursion) -> int:
    return excursion.run.started


class Kept:
    """What a database keeps of a zone: everything said, the checkpoints and the excursions."""

    def __init__(self, first: list[Happening]) -> None:
        self.happenings = set(first)
        self.checkpoints: dict[int, bytes] = {}
        self.known: dict[UUID, Excursion] = {}

    def take(self, new: list[Happening], now: int) -> None:
        self.happenings |= set(new)
        dirty = min((each.at for each in new), default=now)
        usable = [moment for moment in self.checkpoints if moment <= dirty]
        state = msgspec.json.decode(self.checkpoints[max(usable)], type=State) if usable else State()
        began = state.at
        found = judge(state, [each for each in self.happenings if each.at >= began], now=now)
        self.checkpoints = {m: s for m, s in self.checkpoints.items() if m <= began} | dict(found.checkpoints)
        open_ones = {k: e for k, e in self.known.items() if e.ended is None or e.ended >= began}
        known = [
            Known(k, e.measure, e.run.started, e.run.opened or 0, e.ended, figures_of(e))
            for k, e in open_ones.items()
        ]
        for change in rematch(known, found.excursions):
            key = change.excursion_id or uuid4()
            self.known.pop(key, None)
            if change.excursion is not None:
                self.known[key] = change.excursion


@given(readings, policies, st.randoms())
@settings(max_examples=60, deadline=None)
def test_late_pieces_judged_from_checkpoints_come_to_what_all_at_once_does(
    found: list[tuple[int, int, int]], policy: str, chance: random.Random
) -> None:
    first = begin(1, 2, under=terms(policy=policy))
    rest = [said(minute, degrees, device) for minute, device, degrees in found]
    kept = Kept(first)
    late = list(rest)
    chance.shuffle(late)
    while late:
        piece, late = late[: (size := chance.randint(1, 7))], late[size:]
        kept.take(piece, max(each.at for each in piece) + MINUTE)
    kept.take([], BEGIN + 620 * MINUTE)
    at_once = judged([*first, *rest], 620)
    assert sorted(kept.known.values(), key=begun) == sorted(at_once.excursions, key=begun)


def known(*span: int | None) -> Known:
    started, ended = span
    assert started is not None
    return Known(uuid4(), 0, started, started, ended, (0.0,) * 5)


def excursion(*span: int | None) -> Excursion:
    (run,) = judged([*begin(under=terms(grace=0)), said(0, 31)], 1).excursions
    started, ended = span
    assert started is not None
    run.run.started = run.run.opened = started
    return run._replace(ended=ended)


@pytest.mark.parametrize(
    ("before", "after", "phases"),
    [
        ([], [(5, None)], ["started"]),
        ([(5, None)], [(5, None)], ["going_on"]),
        ([(5, None)], [(5, 9)], ["ended"]),
        ([(5, 9)], [(4, 9)], ["corrected"]),
        ([(5, 9)], [], ["withdrawn"]),
        ([(1, 9)], [(1, 4), (6, 9)], ["corrected", "ended"]),
        ([(1, 4), (6, 9)], [(1, 9)], ["corrected", "withdrawn"]),
    ],
    ids=["new", "same", "over", "moved", "never was", "split", "joined"],
)
def test_an_excursion_keeps_its_id_while_it_overlaps_what_it_was(
    before: list[tuple[int, int | None]], after: list[tuple[int, int | None]], phases: list[str]
) -> None:
    stored = [known(*span) for span in before]
    changes = rematch(stored, [excursion(*span) for span in after])
    assert [change.phase for change in changes] == phases
    assert {change.excursion_id for change in changes} - {None} == {each.excursion_id for each in stored}
