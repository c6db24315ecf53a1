"""BG/NBD, MBG/NBD and gamma-gamma: what was published, what was put in comes out, what cannot be fitted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.arrays import Ints
from humidor_customers.estimates import buying, spending
from humidor_customers.estimates.buying import Buying, Customers, Unfit, Variant

CDNOW = Buying("bg", 0.243, 4.414, 0.793, 2.426)
"""As published by Fader, Hardie and Lee (2005), in weeks."""

MODELS = [CDNOW, CDNOW._replace(variant="mbg"), CDNOW._replace(a=1.0), CDNOW._replace(a=9.5)]
MODELS += [CDNOW._replace(a=9e4, b=5e4), CDNOW._replace(a=1e-5, b=80.0)]


def customers(*given: tuple[int, float, float]) -> Customers:
    x, t_x, t = zip(*given, strict=True)
    return Customers(np.array(x, dtype=np.int64), np.array(t_x, dtype=float), np.array(t, dtype=float))


def simulate(variant: Variant, count: int, seed: int = 3) -> Customers:
    """Draw customers who buy and leave as the model says: r 0.8, alpha 6 weeks, a 0.9, b 3."""
    random = np.random.default_rng(seed)
    rates, leaving = random.gamma(0.8, 1 / 6, count), random.beta(0.9, 3, count)
    t = random.integers(20, 79, count).astype(float)
    x, t_x = np.zeros(count, dtype=np.int64), np.zeros(count)
    alive = np.ones(count, dtype=bool) if variant == "bg" else random.random(count) >= leaving
    clock = np.zeros(count)
    while alive.any():
        clock = clock + random.exponential(1 / rates)
        bought = alive & (clock <= t)
        x[bought] += 1
        t_x[bought] = clock[bought]
        alive = bought & (random.random(count) >= leaving)
    return Customers(x, t_x, t)


def test_published_expectations_of_cdnow_are_met() -> None:
    one = customers((2, 30.43, 38.86))
    assert buying.expected(CDNOW, one, 39)[0] == pytest.approx(1.226, abs=0.0005)
    frequent = customers((26, 30.86, 31.0))
    fitted = Buying("bg", 0.2425945, 4.4136019, 0.7929199, 2.4258881)
    assert buying.expected(fitted, frequent, 52)[0] == pytest.approx(25.757, abs=0.02)
    assert buying.alive(fitted, frequent)[0] == pytest.approx(0.96885, abs=0.0005)
    never = customers((0, 0.0, 30.0))
    assert buying.alive(CDNOW, never)[0] == 1


@pytest.mark.parametrize("variant", ["bg", "mbg"])
def test_what_customers_were_drawn_with_is_found_again_and_foretells_them(variant: Variant) -> None:
    drawn = simulate(variant, 20_000)
    model = buying.fit(drawn, variant)
    assert model.converged
    assert model.r == pytest.approx(0.8, rel=0.1)
    assert model.alpha == pytest.approx(6, rel=0.12)
    assert model.a / (model.a + model.b) == pytest.approx(0.9 / 3.9, rel=0.1)
    other = buying.fit(drawn, "mbg" if variant == "bg" else "bg")
    assert model.log_likelihood > other.log_likelihood
    nearby = [model._replace(r=model.r * 1.02), model._replace(b=model.b * 0.97)]
    best = buying.log_likelihood(model, drawn)
    assert best == pytest.approx(model.log_likelihood, rel=1e-9)
    assert all(buying.log_likelihood(each, drawn) < best for each in nearby)


def test_customers_who_are_the_same_count_as_often_as_there_are() -> None:
    drawn = simulate("bg", 400)
    weeks = Customers(drawn.x, np.floor(drawn.t_x), drawn.t)
    three = Customers(np.tile(weeks.x, 3), np.tile(weeks.t_x, 3), np.tile(weeks.t, 3))
    one, all_three = buying.fit(weeks), buying.fit(three)
    assert all_three.log_likelihood == pytest.approx(3 * one.log_likelihood, rel=1e-6)
    assert all_three.alpha == pytest.approx(one.alpha, rel=0.01)


@given(
    x=st.integers(0, 2000),
    part=st.floats(0, 1),
    t=st.floats(0.15, 300),
    weeks=st.floats(0.1, 500),
    model=st.sampled_from(MODELS),
)
@settings(max_examples=150, deadline=None)
def test_expectations_are_finite_grow_with_time_and_never_beyond_the_rate(
    x: int, part: float, t: float, weeks: float, model: Buying
) -> None:
    one = customers((x, t * part if x else 0.0, t))
    alive = buying.alive(model, one)[0]
    soon, later = buying.expected(model, one, weeks)[0], buying.expected(model, one, weeks * 2)[0]
    assert 0 <= alive <= 1
    assert 0 <= soon <= later * (1 + 1e-9)
    assert later <= (model.r + x) / (model.alpha + t) * weeks * 2 * (1 + 1e-6) + 1e-6
    assert np.isfinite([alive, soon, later]).all()


def test_data_that_tells_nothing_is_refused_with_the_reason() -> None:
    once = customers(*[(0, 0.0, 30.0)] * 50)
    with pytest.raises(Unfit, match="more than one day"):
        buying.fit(once)
    with pytest.raises(Unfit, match="fewer than 30 customers"):
        buying.fit(customers((3, 2.0, 5.0)))
    x: Ints = np.full(50, 3, dtype=np.int64)
    with pytest.raises(Unfit, match="worth the same"):
        spending.fit(x, np.full(50, 2500.0))
    with pytest.raises(Unfit, match="spent something"):
        spending.fit(x, np.full(50, -2500.0))


def test_the_worth_of_a_purchase_lies_between_a_customers_own_mean_and_that_of_all() -> None:
    random = np.random.default_rng(5)
    x = random.integers(1, 12, 5000)
    p, q, gamma = 6.0, 4.0, 15_000.0
    rates = random.gamma(q, 1 / gamma, 5000)
    means = random.gamma(p * x, 1 / (rates * x))
    means[:3] = [-500.0, 0.0, 1e14]
    model = spending.fit(x, means)
    assert model.p == pytest.approx(p, rel=0.25)
    assert model.q == pytest.approx(q, rel=0.1)
    assert model.mean_minor is not None
    assert (model.customers, model.left_out, model.cut) == (4997, 2, 1)
    assert model.mean_minor == pytest.approx(p * gamma / (q - 1), rel=0.06)
    assert model.correlation is not None
    worth = spending.value_of_purchase(model, np.append(x, 0), np.append(means, 0.0))
    assert np.isfinite(worth).all()
    assert worth[-1] == pytest.approx(model.mean_minor)
    low, high = np.minimum(means[3:], model.mean_minor), np.maximum(means[3:], model.mean_minor)
    assert ((low <= worth[3:-1]) & (worth[3:-1] <= high)).all()
