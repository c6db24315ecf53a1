"""Transfers against buying: both answers are feasible, the programme's is never worse, the clock is kept."""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_inventory.planning import balancing
from humidor_inventory.planning.rules import optimal, transferring
from humidor_inventory.planning.rules.transferring import Lane, Move, Problem, Surplus, Want, net_saving
from humidor_inventory.planning.terms import Plan, Terms

SMALL = st.integers(0, 6)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    donors, takers = ("D0", "D1", "D2"), ("T0", "T1", "T2")
    gtins = ("g0", "g1")
    lanes = [
        Lane(
            from_store_id=donor,
            to_store_id=taker,
            minor_per_carton=draw(st.integers(0, 30)),
            fixed_minor=draw(st.sampled_from((0, 20, 60))),
            days=draw(st.integers(0, 3)),
        )
        for donor in donors
        for taker in takers
        if draw(st.booleans())
    ]
    want = st.builds(
        Want,
        cartons=SMALL,
        buy_minor=st.integers(0, 40),
        lead_days=st.just(3.0),
        waiting_minor_per_day=st.sampled_from((0, 5)),
    )
    return Problem(
        lanes=lanes,
        wants={(taker, gtin): draw(want) for taker in takers for gtin in gtins},
        spare={(donor, gtin): Surplus(cartons=draw(SMALL)) for donor in donors for gtin in gtins},
    )


def assert_feasible(problem: Problem, moves: list[Move]) -> None:
    given_away: dict[tuple[str, str], int] = {}
    got: dict[tuple[str, str], int] = {}
    ways = {(lane.from_store_id, lane.to_store_id) for lane in problem.lanes}
    for move in moves:
        assert move.cartons > 0
        assert (move.from_store_id, move.to_store_id) in ways
        origin, target = (move.from_store_id, move.gtin), (move.to_store_id, move.gtin)
        given_away[origin] = given_away.get(origin, 0) + move.cartons
        got[target] = got.get(target, 0) + move.cartons
    assert all(cartons <= problem.spare[place].cartons for place, cartons in given_away.items())
    assert all(cartons <= problem.wants[place].cartons for place, cartons in got.items())


@given(problems())
@settings(max_examples=40, deadline=None)
def test_the_programme_saves_at_least_what_the_greedy_answer_does(problem: Problem) -> None:
    greedy = transferring.solve(problem)
    assert_feasible(problem, greedy)
    assert net_saving(greedy, problem.lanes) >= 0
    found = optimal.solve_transfers(problem)
    assert found is not None
    moves, gap = found
    assert_feasible(problem, moves)
    assert net_saving(moves, problem.lanes) >= net_saving(greedy, problem.lanes)
    assert gap <= 1e-6


def case(**changes: Any) -> Problem:
    """One warehouse; buying a carton costs 100, moving it 40, opening the lane 150."""
    values: dict[str, Any] = {
        "lanes": [Lane(from_store_id="W", to_store_id="A", minor_per_carton=40, fixed_minor=150, days=1)],
        "wants": {("A", "g"): Want(cartons=5, buy_minor=100)},
        "spare": {("W", "g"): Surplus(cartons=8)},
    }
    return Problem(**(values | changes))


def test_a_lane_is_opened_only_where_all_that_goes_pays_for_it() -> None:
    (move,) = transferring.solve(case())
    assert (move.cartons, move.cost_minor, move.instead_minor) == (5, 200, 500)
    assert net_saving([move], case().lanes) == 150
    assert transferring.solve(case(wants={("A", "g"): Want(cartons=2, buy_minor=100)})) == []
    both = {("A", "g"): Want(cartons=2, buy_minor=100), ("A", "h"): Want(cartons=1, buy_minor=100)}
    spare = {("W", "g"): Surplus(cartons=8), ("W", "h"): Surplus(cartons=8)}
    assert [move.gtin for move in transferring.solve(case(wants=both, spare=spare))] == ["g", "h"]


def test_the_days_that_a_transfer_saves_count() -> None:
    far = Want(cartons=5, buy_minor=0, lead_days=7.0, waiting_minor_per_day=11)
    assert transferring.solve(case(wants={("A", "g"): far})) == []
    sooner = Want(cartons=5, buy_minor=0, lead_days=7.0, waiting_minor_per_day=20)
    (move,) = transferring.solve(case(wants={("A", "g"): sooner}))
    assert move.instead_minor == 5 * 6 * 20


def test_of_equal_donors_the_one_whose_stock_expires_first_gives() -> None:
    lanes = [
        Lane(from_store_id=donor, to_store_id="A", minor_per_carton=40, fixed_minor=10)
        for donor in ("V", "W")
    ]
    spare = {
        ("V", "g"): Surplus(cartons=5, expires_on=date(2028, 5, 1)),
        ("W", "g"): Surplus(cartons=5, expires_on=date(2027, 2, 1)),
    }
    (move,) = transferring.solve(case(lanes=lanes, spare=spare))
    assert move.from_store_id == "W"
    mirrored = [lanes[1], lanes[0]]
    for order in (lanes, mirrored):
        moves, said = balancing.solve(plan_of(), case(lanes=order, spare=spare))
        assert ([each.from_store_id for each in moves], said["method"]) == (["W"], "optimal")


def test_the_greedy_answer_can_be_beaten_and_the_plan_says_by_how_much() -> None:
    """Two lanes that greedy opens one after the other, where one that serves both is better as a whole."""
    lanes = [
        Lane(from_store_id="V", to_store_id="A", minor_per_carton=0, fixed_minor=0),
        Lane(from_store_id="W", to_store_id="A", minor_per_carton=10, fixed_minor=0),
        Lane(from_store_id="V", to_store_id="B", minor_per_carton=50, fixed_minor=0),
    ]
    wants = {("A", "g"): Want(cartons=4, buy_minor=100), ("B", "g"): Want(cartons=4, buy_minor=100)}
    spare = {("V", "g"): Surplus(cartons=4), ("W", "g"): Surplus(cartons=4)}
    problem = case(lanes=lanes, wants=wants, spare=spare)
    moves, said = balancing.solve(plan_of(), problem)
    assert said == {"method": "optimal", "saving_minor": 560, "greedy_minor": 400, "gap": 0.0}
    assert {(move.from_store_id, move.to_store_id) for move in moves} == {("W", "A"), ("V", "B")}
    assert balancing.solve(plan_of(solver="greedy"), problem)[1] == {"method": "greedy", "saving_minor": 400}


def test_what_is_too_large_or_too_slow_falls_back_to_the_greedy_answer(monkeypatch: Any) -> None:
    monkeypatch.setattr(optimal, "MOST_VARIABLES", 1)
    moves, said = balancing.solve(plan_of(), case())
    assert said["fallback"] == "too large or not solved in time"
    assert_feasible(case(), moves)
    monkeypatch.undo()
    # HiGHS finds no integer answer in no time at all.
    assert optimal.solve_transfers(hard(), seconds=1e-9) is None
    assert balancing.solve(plan_of(solver_seconds=1e-9), hard())[1]["method"] == "greedy"


def hard() -> Problem:
    names = [f"S{i}" for i in range(20)]
    lanes = [
        Lane(from_store_id=f"D{a}", to_store_id=b, minor_per_carton=(i * 7) % 13, fixed_minor=40 + i % 29)
        for a in names
        for i, b in enumerate(names)
    ]
    wants = {(b, "g"): Want(cartons=3 + i % 4, buy_minor=25 + i % 5) for i, b in enumerate(names)}
    return case(lanes=lanes, wants=wants, spare={(f"D{a}", "g"): Surplus(cartons=4) for a in names})


def plan_of(**terms: Any) -> Plan:
    row: dict[str, Any] = dict.fromkeys(Plan.__struct_fields__) | {"terms": Terms(**terms)}
    return Plan(**row)


def test_an_answer_of_the_programme_cut_off_by_the_clock_still_never_costs_more() -> None:
    moves, said = balancing.solve(plan_of(solver_seconds=0.3), hard())
    assert_feasible(hard(), moves)
    assert said["saving_minor"] == net_saving(moves, hard().lanes)
    assert said["saving_minor"] >= net_saving(transferring.solve(hard()), hard().lanes)
