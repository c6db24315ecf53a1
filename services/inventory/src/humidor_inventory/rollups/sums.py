"""The figures that are summed over days, and the SQL that makes them of flows.

Everything is a sum, so late events are added like any other, and every report is a sum of sums. Stock is
in it by its changes: with N the net flow of a period and M = Σ net(day) * (last day - day + 1), the daily
closing balances of a period of n days that began with S add up to n S + M, and it ends with S + N.
"""

FLOWS = (
    "sold_sticks",
    "returned_sticks",
    "received_sticks",
    "opened_sticks",
    "transferred_in_sticks",
    "transferred_out_sticks",
    "written_off_sticks",
    "adjusted_sticks",
)
MONEY = ("revenue_minor", "unpriced_sticks")
COSTED = ("costed_revenue_minor", "cost_e4", "lost_e4", "value_e4")
SERVICE = ("out_days", "carried_days")
SUMS = (*FLOWS, *MONEY, *COSTED, *SERVICE)
"""What a day has; `stick_days` and `value_days_e4` are made of it once the period is known."""
ROLLED = (*FLOWS, "stick_days", *MONEY, *COSTED, "value_days_e4", *SERVICE)

NET = (
    "(returned_sticks - sold_sticks + received_sticks + opened_sticks + transferred_in_sticks"
    " - transferred_out_sticks - written_off_sticks + adjusted_sticks)"
)
"""By how much the stock that is owned, on hand and in quarantine, changed."""


def measured(source: str, costs: str, *, through: str, sign: int = 1) -> str:
    """Give the sums of flow rows, with what later changes of the cost make of the stock they left.

    `source` has the columns of `daily_flows`, `costs` those of `rolled_costs`; `through` is an expression
    over a row f: up to that day stock is valued at the cost of its day, later flows at that day's cost.
    """
    flows = ", ".join(f"{sign} * {name} AS {name}" for name in (*FLOWS, *MONEY))
    nothing = ", ".join(f"0 AS {name}" for name in (*FLOWS, *MONEY))
    # Joined by product alone and then compared, so that a hash of the few costs serves any number of flows.
    ranges = f"""
SELECT gtin, valid_from, lead(valid_from, 1, 'infinity') OVER by_day AS valid_to, unit_cost_e4 AS unit,
       coalesce(unit_cost_e4, 0) - coalesce(lag(unit_cost_e4) OVER by_day, 0) AS rise
FROM {costs} WINDOW by_day AS (PARTITION BY gtin ORDER BY valid_from)"""  # noqa: S608 - made of our own names
    return f"""
SELECT f.store_id, f.gtin, f.day, {flows},
       CASE WHEN c.unit IS NULL THEN 0 ELSE {sign} * revenue_minor END AS costed_revenue_minor,
       {sign} * (sold_sticks - returned_sticks) * coalesce(c.unit, 0) AS cost_e4,
       {sign} * (written_off_sticks - adjusted_sticks) * coalesce(c.unit, 0) AS lost_e4,
       {sign} * {NET} * coalesce(v.unit, 0) AS value_e4, 0 AS out_days, 0 AS carried_days
FROM {source} f
LEFT JOIN ({ranges}) c ON c.gtin = f.gtin AND c.valid_from <= f.day AND c.valid_to > f.day
LEFT JOIN ({ranges}) v ON v.gtin = f.gtin AND v.valid_from <= least(f.day, {through})
                      AND v.valid_to > least(f.day, {through})
UNION ALL
SELECT f.store_id, f.gtin, k.valid_from, {nothing}, 0, 0, 0, {sign} * {NET} * k.rise, 0, 0
FROM {source} f JOIN ({ranges}) k ON k.gtin = f.gtin AND k.valid_from > f.day AND k.valid_from <= {through}
"""  # noqa: S608 - made of our own names
