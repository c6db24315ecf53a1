"""Who forecast better, judged by what has come true; and how another's forecast stands in for ours."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_forecasting.challengers.rules import Day, Said, Terms, judge, stand_in
from humidor_forecasting.choosing.work import SeriesOutput

CUT = date(2026, 11, 1)
CHANCES = [0.1, 0.5, 0.9]


def said(mean: float, spread: float = 20.0) -> Said:
    return Said(mean, {0.1: mean - spread, 0.5: mean, 0.9: mean + spread})


def days(
    count: int, theirs: float, ours: float | None, *, proven: bool = True, naive: float = 90
) -> list[Day]:
    return [
        Day(
            CUT, CUT + timedelta(days=n + 1), proven, 100.0, said(theirs), said(ours) if ours else None, naive
        )
        for n in range(count)
    ]


def test_the_better_one_wins_by_the_days_that_came_true_after_it_was_there() -> None:
    verdict = judge(days(14, 102, 130), Terms())
    assert (verdict.winner, verdict.trusted, verdict.days, verdict.proven_days) == ("imported", True, 14, 14)
    assert verdict.theirs is not None
    assert verdict.ours is not None
    assert round(verdict.theirs.wape or 0, 4) == 0.02
    assert verdict.theirs.cost < verdict.ours.cost
    assert verdict.reasons[0].endswith("on 14 days: it is better")


def test_the_example_of_the_documentation() -> None:
    example = [
        Day(CUT, CUT + timedelta(days=n + 1), True, 400.0, said(396, 60), said(380, 60), 370.0)
        for n in range(14)
    ]
    verdict = judge(example, Terms())
    assert verdict.reasons == ["quantile loss 4.667 beside our 7.333, -36% of it, on 14 days: it is better"]
    assert verdict.trusted


def test_ours_stays_unless_the_other_is_clearly_better() -> None:
    assert judge(days(14, 101, 101), Terms()).winner == "ours"
    assert judge(days(14, 130, 102), Terms()).winner == "ours"


def test_days_that_had_come_true_before_are_shown_and_trusted_by_nobody() -> None:
    verdict = judge(days(30, 100, 130, proven=False) + days(5, 100, 130), Terms())
    assert (verdict.winner, verdict.trusted, verdict.proven_days) == ("imported", False, 5)
    assert "25 of the days had come true when the file arrived" in verdict.reasons
    # What was foretold of the past is right, what came true since is not: the past decides nothing.
    hindsight = days(60, 100, 130, proven=False) + [
        Day(CUT, CUT + timedelta(days=60 + n), True, 100.0, said(115), said(101), 90.0) for n in range(1, 20)
    ]
    verdict = judge(hindsight, Terms())
    assert (verdict.winner, verdict.proven_days, verdict.trusted) == ("imported", 19, False)


def test_without_days_or_without_ours_of_the_same_cut_nothing_is_decided() -> None:
    for given_, why in (([], "has come true yet"), (days(14, 100, None), "no forecast of ours")):
        verdict = judge(given_, Terms())
        assert (verdict.winner, verdict.trusted) == ("undecided", False)
        assert why in verdict.reasons[0]


def test_a_mean_alone_is_judged_as_a_median() -> None:
    plain = [
        Day(CUT, CUT + timedelta(days=n), True, 100.0, Said(100.0, {}), said(120), 90.0) for n in range(1, 15)
    ]
    verdict = judge(plain, Terms())
    assert verdict.theirs is not None
    assert verdict.ours is not None
    assert (verdict.theirs.cost, verdict.ours.cost) == (0.0, 10.0)
    assert any("no quantiles" in reason for reason in verdict.reasons)


def output(horizon: int = 3) -> SeriesOutput:
    rows = [[100.0, 60.0, 100.0, 150.0] for _ in range(horizon)]
    sums = [[100.0 * n, 100.0 * n - 40 * n**0.5, 100.0 * n, 100.0 * n + 50 * n**0.5] for n in (1, 2, 3)]
    return SeriesOutput(
        store_id="S1", gtin="G", model="auto_ets", model_version="1", challenger=None, kind="smooth",
        days=rows, cumulative=sums[:horizon], scores={}, reasons=["ours"], notes=[], fell_back=False,
    )  # fmt: skip


def test_a_forecast_that_stands_in_gives_its_days_and_moves_the_sums() -> None:
    start = CUT + timedelta(days=1)
    theirs = {start: said(200), start + timedelta(days=1): Said(200.0, {})}
    made = stand_in(output(), start, CHANCES, theirs, ("spss", "chosen by Li Na"))
    assert made is not None
    assert (made.model, made.challenger, made.own_days) == ("imported/spss", "auto_ets", output().days)
    assert made.days == [[200, 180, 200, 220], [200, 160, 200, 250], [100, 60, 100, 150]]
    assert [row[0] for row in made.cumulative] == [200, 400, 500]
    assert made.cumulative[0] == [200, 180, 200, 220]
    assert made.notes == ["spss says nothing of 1 days: these are ours"]
    assert made.reasons[0] == "the forecast of spss stands in for ours: chosen by Li Na"
    assert stand_in(output(), start, CHANCES, {CUT: said(1)}, ("spss", "")) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.lists(st.floats(0, 1e6), min_size=3, max_size=3)),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_stands_in_no_quantile_is_negative_or_crosses_another(
    said_: list[tuple[float, list[float]]],
) -> None:
    start = CUT + timedelta(days=1)
    theirs = {
        start + timedelta(days=n): Said(mean, dict(zip(CHANCES, sorted(quantiles), strict=True)))
        for n, (mean, quantiles) in enumerate(said_)
    }
    made = stand_in(output(), start, CHANCES, theirs, ("x", "y"))
    assert made is not None
    for row in (*made.days, *made.cumulative):
        assert min(row) >= 0
        assert row[1:] == sorted(row[1:])
