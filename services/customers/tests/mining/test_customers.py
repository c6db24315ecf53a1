"""Affinities, switching, cohorts and recommendations on plain values."""

import numpy as np
import pytest
from numpy.typing import NDArray

from humidor_customers.mining.rules.affinity import Enough, Purchases, find_affinities, slots_of
from humidor_customers.mining.rules.cohorts import retain
from humidor_customers.mining.rules.recommending import Bought, Model, evaluate, recommend
from humidor_customers.mining.rules.significance import false_discovery, upper_tail, wilson
from humidor_customers.mining.rules.slots import slot_names
from humidor_customers.mining.rules.switching import Lines, count_switches, main_brands


def ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def test_tails_discoveries_and_intervals_are_the_textbooks() -> None:
    assert upper_tail(ints(4), ints(10), ints(5), ints(6))[0] == pytest.approx(55 / 210)
    assert upper_tail(ints(0), ints(10), ints(5), ints(6))[0] == 1.0
    assert false_discovery(np.array([0.01, 0.02, 0.03, 0.5])) == pytest.approx([0.04, 0.04, 0.04, 0.5])
    # Benjamini & Hochberg 1995, section 4.1: four of the fifteen stand at 0.05.
    paper = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    paper += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert int((false_discovery(np.array(paper)) <= 0.05).sum()) == 4
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 0) is None
    assert len(false_discovery(np.zeros(0))) == len(upper_tail(ints(), ints(), ints(), ints())) == 0


def test_hours_and_weekdays_fall_into_their_slots() -> None:
    hours, friday = np.arange(24), np.full(24, 4)
    parts = [slot_names("daypart")[n] for n in slots_of(hours, friday, "daypart")]
    assert [parts[hour] for hour in (0, 4, 5, 10, 11, 16, 17, 19, 20, 22, 23)] == [
        "23-05", "23-05", "05-08", "08-11", "11-14", "14-17", "17-20", "17-20", "20-23", "20-23", "23-05",
    ]  # fmt: skip
    both = [slot_names("weekday_daypart")[n] for n in slots_of(ints(19), ints(4), "weekday_daypart")]
    assert both == ["Fri 17-20"]
    assert slot_names("hour")[slots_of(ints(7), ints(0), "hour")[0]] == "07"


def planted(seed: int, *, evenings: float) -> Purchases:
    """600 purchases of 3 brands at 7 times; of brand 0 a share is moved to the fifth."""
    random = np.random.default_rng(seed)
    brands, slots = random.integers(0, 3, 600), random.integers(0, 7, 600)
    slots[(brands == 0) & (random.random(600) < evenings)] = 4
    customers = random.integers(0, 60, 600)
    return Purchases(np.zeros(600, np.int64), brands, slots, customers)


def test_a_planted_affinity_is_found_and_nothing_else() -> None:
    found = find_affinities(planted(1, evenings=0.4), 7, Enough())
    assert (found.brands[0], found.slots[0]) == (0, 4)
    assert found.q_values[0] < 1e-6
    assert found.lift[0] == pytest.approx(found.counts[0] / found.expected[0])
    assert found.customers[0] > 20
    assert int((found.q_values <= 0.05).sum()) == 1
    assert len(found.counts) == 21


def test_chance_alone_is_seldom_taken_for_an_affinity() -> None:
    alarms = [
        bool((find_affinities(planted(seed, evenings=0.0), 7, Enough()).q_values <= 0.05).any())
        for seed in range(60)
    ]
    assert sum(alarms) <= 8


def test_one_brand_or_one_time_alone_say_nothing() -> None:
    same = np.zeros(50, np.int64)
    found = find_affinities(Purchases(same, same, np.arange(50) % 7, same - 1), 7, Enough())
    assert found.p_values.tolist() == [1.0] * 7
    assert found.customers.tolist() == [0] * 7
    nothing = find_affinities(Purchases(*[ints()] * 4), 7, Enough())
    assert len(nothing.counts) == 0


def test_the_brand_of_an_occasion_is_that_of_most_sticks_then_most_money() -> None:
    occasion, brand = ints(0, 0, 0, 1, 1, 2, 2), ints(1, 2, 1, 3, 2, 2, 1)
    sticks, money = ints(20, 30, 20, 20, 20, 20, 20), ints(1, 1, 1, 9, 5, 5, 5)
    lines = Lines(occasion, brand, sticks, money)
    occasions, brands = main_brands(lines)
    assert (occasions.tolist(), brands.tolist()) == ([0, 1, 2], [1, 3, 1])
    assert [len(each) for each in main_brands(Lines(*[ints()] * 4))] == [0, 0]


def test_switches_are_counted_within_customers_and_tested_both_ways() -> None:
    owners, brands = ints(*[0] * 4, *[1] * 2, *range(2, 22), 22), ints(0, 0, 1, 0, 0, 1, *[1] * 20, 0)
    switches = count_switches(owners, brands, 2)
    rows = zip(
        *(
            each.tolist()
            for each in (switches.origins, switches.targets, switches.counts, switches.customers)
        ),
        strict=True,
    )
    assert sorted(rows) == [(0, 0, 1, 1), (0, 1, 2, 2), (1, 0, 1, 1)]
    assert dict(zip(switches.origins.tolist(), switches.origin_counts.tolist(), strict=True)) == {0: 3, 1: 1}
    pairs = {
        (o, t): (net, p)
        for o, t, net, p in zip(
            switches.origins.tolist(),
            switches.targets.tolist(),
            switches.net.tolist(),
            switches.p_values.tolist(),
            strict=True,
        )
    }
    assert pairs[0, 1] == (1, 1.0)
    assert np.isnan(pairs[0, 0][1])
    assert count_switches(ints(), ints(), 2).total == 0


def test_many_that_leave_and_few_that_come_back_are_significant() -> None:
    owners = np.repeat(np.arange(40), 2)
    brands = np.tile([0, 1], 40)
    switches = count_switches(owners, brands, 2)
    assert switches.net.tolist() == [40]
    assert switches.q_values[0] < 1e-10


def test_cohorts_keep_those_who_come_again_and_leave_periods_out_that_have_not_ended() -> None:
    found = retain(ints(1, 1, 2, 3, 4, 4), ints(0, 2, 0, 1, -1, 1), last=2)
    rows = list(zip(*(column.tolist() for column in found), strict=True))
    assert rows == [(0, 0, 2, 2), (0, 1, 2, 0), (0, 2, 2, 1), (1, 0, 1, 1), (1, 1, 1, 0)]
    assert len(retain(ints(), ints(), last=3).cohorts) == 0


def two_tastes(customers: int, seed: int) -> tuple[Bought, Bought]:
    """Half buy of products 0-4, half of 5-9; product 10 is bought by most; the last choice comes later."""
    random = np.random.default_rng(seed)
    early: list[tuple[int, int]] = []
    late: list[tuple[int, int]] = []
    for customer in range(customers):
        own = random.permutation(5) + 5 * (customer % 2)
        early += [(customer, int(product)) for product in own[:3]]
        early += [(customer, 10)] if random.random() < 0.9 else []
        late.append((customer, int(own[3])))
    first, second = np.array(early, np.int64), np.array(late, np.int64)
    return Bought(first[:, 0], first[:, 1]), Bought(second[:, 0], second[:, 1])


def test_likeness_beats_popularity_where_tastes_differ() -> None:
    early, late = two_tastes(400, 3)
    model = Model(early, 400, 11)
    measured = evaluate(model, late, 2)
    assert measured is not None
    assert measured.customers == 400
    assert measured.hits > measured.popular_hits + 0.2
    assert measured.low is not None
    assert measured.low > 0
    found = list(recommend(model, 2, popular=False))
    assert all(each.product // 5 == each.customer % 2 for each in found if each.product != 10)
    owned = set(zip(early.customers.tolist(), early.products.tolist(), strict=True))
    assert {(each.customer, each.because) for each in found} <= owned
    assert not owned & {(each.customer, each.product) for each in found}


def test_gains_are_those_of_a_list_counted_by_hand() -> None:
    # 0 and 1 are bought together by two; the third has 0 and 2; then buys 1, which is best, for a full gain.
    model = Model(Bought(ints(0, 0, 1, 1, 2, 2), ints(0, 1, 0, 1, 0, 2)), 3, 4)
    measured = evaluate(model, Bought(ints(2), ints(1)), 2)
    assert measured is not None
    assert (measured.hits, measured.gains) == (1.0, 1.0)
    assert (measured.low, measured.high) == (None, None), "one customer shows nothing"
    later = evaluate(model, Bought(ints(2), ints(3)), 2)
    assert later is not None
    assert later.gains == pytest.approx(1 / np.log2(3))


def test_nothing_new_is_no_evaluation() -> None:
    model = Model(Bought(ints(0, 1), ints(0, 0)), 3, 2)
    assert evaluate(model, Bought(ints(0, 2), ints(0, 1)), 3) is None
    assert evaluate(model, Bought(ints(), ints()), 3) is None
    assert [each.product for each in recommend(model, 5, popular=True)] == [1, 1]
