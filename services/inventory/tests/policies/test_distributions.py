from math import exp, inf, lgamma, log, sqrt

import pytest

from humidor_inventory.policies.rules import functions as fn
from humidor_inventory.policies.rules.cap import shortfall
from humidor_inventory.policies.rules.demand import (
    Demand,
    Seen,
    Shape,
    choose,
    demand_class,
    implied_intermittence,
    intermittence,
    look,
    moments,
)
from humidor_inventory.policies.rules.distributions import (
    Distribution,
    Empirical,
    Fixed,
    NegativeBinomial,
    Normal,
    Poisson,
    build,
)
from humidor_inventory.policies.rules.eoq import round_to_multiple
from humidor_inventory.policies.rules.quantiles import from_quantiles, stretch

HISTORY = (3.0, 0.0, 5.0, 2.0, 0.0, 0.0, 9.0, 1.0) * 4


def mass(demand: Distribution, k: int) -> float:
    """Probabilities by their textbook formulas, to check the closed forms against plain sums."""
    if demand.family == "poisson":
        return exp(k * log(demand.mean) - demand.mean - lgamma(k + 1))
    p = demand.mean / demand.variance
    size = demand.mean * p / (1 - p)
    return exp(lgamma(k + size) - lgamma(size) - lgamma(k + 1) + size * log(p) + k * log(1 - p))


def test_the_standard_loss_function_has_its_tabled_values() -> None:
    table = {0.0: 0.3989, 0.5: 0.1978, 1.0: 0.0833, 1.5: 0.0293, 2.0: 0.0085, 3.0: 0.0004}
    for z, value in table.items():
        assert fn.normal_loss(z) == pytest.approx(value, abs=5e-5)
        assert fn.normal_loss(-z) == pytest.approx(value + z, abs=5e-5)


@pytest.mark.parametrize(
    "demand", [Poisson(0.3), Poisson(14.0), NegativeBinomial(0.5, 1.5), NegativeBinomial(27.0, 90.0)]
)
def test_whole_demand_agrees_with_plain_sums(demand: Distribution) -> None:
    probabilities = [mass(demand, k) for k in range(600)]
    for x in (-1.5, 0.0, 0.4, 1.0, 2.5, 14.0, 40.0):
        plain = sum((k - x) * p for k, p in enumerate(probabilities) if k > x)
        assert demand.shortage(x) == pytest.approx(plain, abs=1e-10)
        assert demand.below(x) == pytest.approx(sum(probabilities[: int(x) + 1]) if x >= 0 else 0, abs=1e-10)
    for probability in (0.5, 0.9, 0.99, 0.9999):
        found = int(demand.quantile(probability))
        assert sum(probabilities[: found + 1]) >= probability > sum(probabilities[:found])


@pytest.mark.parametrize(
    "demand",
    [
        Normal(40.0, 9.0),
        Poisson(6.0),
        NegativeBinomial(6.0, 20.0),
        Fixed(6.0),
        from_quantiles([(0.1, 4), (0.5, 10), (0.9, 30)]),
        Empirical.of({0.0: 0.5, 3.0: 0.25, 11.0: 0.25}),
    ],
)
def test_shortage_is_the_integral_of_what_lies_above(demand: Distribution) -> None:
    at, steps, width = demand.quantile(0.7), 20_000, 0.005
    above = sum(1 - demand.below(at + (i + 0.5) * width) for i in range(steps)) * width
    assert demand.shortage(at) == pytest.approx(above, abs=2e-2)
    assert demand.shortage(0.0) == pytest.approx(demand.mean, rel=1e-4)


def test_two_quantiles_of_a_normal_distribution_give_it_back() -> None:
    told = from_quantiles([(0.1, 100 - 1.2815515655446004 * 12), (0.975, 100 + 1.959963984540054 * 12)])
    same = Normal(100.0, 12.0)
    assert (told.mean, told.variance) == pytest.approx((100, 144))
    for x in (80.0, 100.0, 131.0):
        assert told.shortage(x) == pytest.approx(same.shortage(x))
        assert told.below(x) == pytest.approx(same.below(x))
    longer = stretch([(0.1, 100 - 1.2815515655446004 * 12), (0.975, 100 + 1.959963984540054 * 12)], 4)
    assert (longer.mean, longer.variance) == pytest.approx((400, 576))


def test_demand_never_falls_below_nothing() -> None:
    told = from_quantiles([(0.4, 0.0), (0.9, 5.0)])
    assert (told.quantile(0.2), told.below(-1.0)) == (0.0, 0.0)
    assert told.below(0.0) == pytest.approx(0.4)
    assert Normal(1.0, 10.0).quantile(0.01) == 0.0


def test_a_family_that_cannot_have_the_moments_gives_way() -> None:
    assert build("negative_binomial", 4.0, 3.0) == Poisson(4.0)
    assert build("normal", 4.0, 0.0) == Fixed(4.0)
    assert build("poisson", 0.0, 0.0) == Fixed(0.0)
    assert build("negative_binomial", 4.0, 4.0 + 1e-12).family == "poisson"


def test_variances_of_demand_and_lead_time_add_up() -> None:
    shape = Shape(family="normal", reason="", demand_class="smooth", adi=1, cv2=0)
    demand = Demand(mean=10, variance=9, shape=shape, lead_time_variance=1)
    assert (demand.over(4).mean, demand.over(4).variance) == pytest.approx((40, 136))
    assert demand.cycle(4).variance == pytest.approx(36)
    assert demand.over(0).mean == 0


def test_days_of_a_forecast_take_the_lead_time_in() -> None:
    """Lengths of 2.27, 4 and 5.73 days: 10 a day, or nothing on the fourth day (22.7, 30, 47.7)."""
    shape = Shape(family="quantiles", reason="", demand_class="", adi=1, cv2=0)
    even, uneven = (
        tuple(
            (float(i), ((0.025, mean - 1.96 * i), (0.975, mean + 1.96 * i)))
            for i, mean in enumerate(means, 1)
        )
        for means in ((10, 20, 30, 40, 50, 60), (10, 20, 30, 30, 40, 50))
    )
    for spans, mean, between in ((even, 40, 100), (uneven, 31.7, 58)):
        demand = Demand(
            mean=10,
            variance=4,
            shape=shape,
            lead_time_variance=1,
            spans=spans,
            quantiles=spans[3][1],
            covers_days=4,
        )
        whole = demand.over(4)
        assert whole.mean == pytest.approx(mean, abs=0.1)
        assert whole.variance == pytest.approx(between + 16.6, abs=1)
        assert demand.cycle(4).mean == pytest.approx(spans[3][1][0][1] + 1.96 * 4)


def test_windows_of_a_history_keep_its_mean_and_take_the_lead_time_in() -> None:
    shape = Shape(family="empirical", reason="", demand_class="lumpy", adi=2, cv2=1)
    steady = Demand(mean=5, variance=0, shape=shape, history=(5.0,) * 30, lead_time_variance=1)
    assert (steady.over(4).mean, steady.over(4).variance) == pytest.approx((20, 25), rel=0.1)
    mean, variance = moments(HISTORY)
    seen = Demand(mean=mean, variance=variance, shape=shape, history=HISTORY)
    assert seen.over(8).mean == pytest.approx(8 * mean)
    assert seen.over(2.5).mean == pytest.approx(2.5 * mean, rel=0.05)
    assert seen.over(400).mean == pytest.approx(400 * mean)


def test_classes_follow_the_published_cuts() -> None:
    assert [demand_class(*each) for each in ((1.31, 0.48), (1.31, 0.5), (1.33, 0.48), (1.33, 0.5))] == [
        "smooth",
        "erratic",
        "intermittent",
        "lumpy",
    ]
    assert intermittence([0, 4, 0, 2]) == pytest.approx((2, 1 / 9))
    adi, cv2 = implied_intermittence(0.2, 0.2)
    assert adi == pytest.approx(1 / (1 - exp(-0.2)))
    assert cv2 == pytest.approx((0.2 + 0.04) * (1 - exp(-0.2)) / 0.04 - 1)


@pytest.mark.parametrize(
    ("mean", "variance", "seen", "family"),
    [
        (50.0, 100.0, Seen(), "normal"),
        (0.3, 0.3, Seen(), "poisson"),
        (0.3, 0.9, Seen(), "negative_binomial"),
        (4.0, 1.0, Seen(), "normal"),
        (50.0, 5000.0, Seen(), "negative_binomial"),
        (0.3, 0.9, Seen(3.0, 2.0, 1.0), "empirical"),
        (0.3, 0.9, Seen(0.5, 2.0, 1.0), "negative_binomial"),
        (50.0, 100.0, Seen(3.0, 0.1, 1.0), "normal"),
        (50.0, 100.0, Seen(3.0, 0.9, 1.0), "empirical"),
        (0.0, 0.0, Seen(), "fixed"),
    ],
)
def test_the_family_follows_from_the_pattern_and_says_why(
    mean: float, variance: float, seen: Seen, family: str
) -> None:
    found, reason = choose(mean, variance, implied_intermittence(mean, variance), seen)
    assert found == family
    assert "ADI" in reason or family == "fixed"


def test_a_history_is_looked_at_in_whole_intervals() -> None:
    seen = look(HISTORY, 8, 0.9)
    assert seen.beyond == pytest.approx(0.4)
    assert (seen.skew, seen.spread) == pytest.approx((0, 0), abs=1e-9)


def test_a_cap_leaves_the_position_behind_as_a_random_walk_does() -> None:
    demand = Normal(100.0, 30.0)
    behind = shortfall(demand, 110.0)
    # The mean of the walk's maximum has the known expansion sd (1 / (2 drift) - 0.5826 + drift / 4).
    drift = 10 / 30
    assert behind.mean == pytest.approx(30 * (1 / (2 * drift) - 0.5826 + drift / 4), rel=0.01)
    assert shortfall(demand, 1000.0).mean == pytest.approx(0, abs=1e-6)
    assert shortfall(demand, 100.0).lasting is False
    near = shortfall(demand, 100.05)
    assert near.mean == pytest.approx(900 / (2 * 0.05), rel=0.01)
    assert shortfall(Fixed(100.0), 101.0).mean == 0


def test_of_two_multiples_the_cheaper_is_taken() -> None:
    assert round_to_multiple(304.0468, 10, (10, 10_000), lambda q: 8 * 1300 / q + 0.225 * q / 2) == 300
    assert round_to_multiple(304.0468, 10, (310, 10_000), lambda q: abs(q - 304)) == 310
    assert round_to_multiple(3.0, 10, (10, 10_000), lambda _: inf) == 10
    assert round_to_multiple(sqrt(90_000), 100, (100, 200), lambda q: -q) == 200
