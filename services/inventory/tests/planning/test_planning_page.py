"""The worked example of docs/inventory/planning.md, figure by figure."""

from datetime import date
from math import ceil, sqrt
from pathlib import Path

from humidor_common.sharing import Claim, share, water_level
from humidor_inventory.orderplans.rules import Need, within_budget
from humidor_inventory.planning.rules.joining import Cycle, Item, days_until_needed, join
from humidor_inventory.planning.rules.transferring import (
    Lane,
    Problem,
    Surplus,
    Want,
    instead_of,
    net_saving,
    solve,
)

PAGE = (Path(__file__).parents[4] / "docs" / "inventory" / "planning.md").read_text()
Z95 = 1.6448536


def says(*texts: str) -> None:
    flat = " ".join(PAGE.split())
    assert [text for text in texts if text not in flat] == []


def test_the_shares_of_the_page() -> None:
    claims = [
        Claim(claimant=name, asked=asked, priority=i)
        for i, (name, asked) in enumerate((("A", 20), ("B", 40), ("C", 60)))
    ]
    for rule, said in (("proportional", "Proportional: "), ("priority", "Priority in this order: ")):
        says(said + ", ".join(str(sticks) for sticks in share(60, claims, rule).values()))
    assert water_level(60, [20, 40, 60]) == 20
    says("so " + ", ".join(str(sticks) for sticks in share(60, claims, "max_min").values()))


def test_the_moves_of_the_page() -> None:
    lane = Lane(from_store_id="W", to_store_id="A", minor_per_carton=40, fixed_minor=150, days=1)

    def problem(cartons: int) -> Problem:
        wants = {("A", "g"): Want(cartons=cartons, buy_minor=100)}
        return Problem(lanes=[lane], wants=wants, spare={("W", "g"): Surplus(cartons=9)})

    assert net_saving(solve(problem(5)), [lane]) == 150
    assert solve(problem(2)) == []
    late = Want(cartons=1, buy_minor=0, lead_days=7, waiting_minor_per_day=20)
    saving = (instead_of(late, lane) - lane.minor_per_carton) / 100
    says("5 · 0.60 - 1.50 = 1.50", f"6 · 0.20 - 0.40 = {saving:.2f}")


def test_the_joint_order_of_the_page() -> None:
    a, b, c = (
        Item(gtin=name, order=order, multiple=20, above=above, daily=20.0, room=400)
        for name, order, above in (("A", 100, -20), ("B", 60, -40), ("C", 0, 30))
    )
    assert [days_until_needed(item, item.order) for item in (a, b, c)] == [4, 1, 1.5]
    found = join([a, b, c], Cycle(minimum_sticks=240), date(2026, 11, 26))
    assert list(found.quantities.values()) == [100, 100, 40]
    says("four more are added", "so 100, 100 and 40")


def test_the_budget_and_the_forecast_of_the_page() -> None:
    needs = [
        Need(position=position, allowed=200, multiple=1, daily=10.0, price_minor=1) for position in (50, 0)
    ]
    says("A budget of 100 buys {} and {}".format(*within_budget(needs, 100)))
    together = 5 * (6 + Z95 * 2)
    apart = 5 * 6 + Z95 * sqrt(5) * 2
    says(f"= {together:.1f}, so {ceil(together)} packs", f"independent days would say {ceil(apart)}")
