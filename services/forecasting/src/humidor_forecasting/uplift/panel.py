"""Makes one sound panel of stores and days out of what was recorded, and says what was done to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from humidor_forecasting.choosing.cleaning import clean
from humidor_forecasting.uplift.work import EvaluationInput, StoreDays

Values: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

WEEK = 7
MOST_DONORS = 60
LONE_DAY_TIMES = 8.0
"""On a promotion of one day, a store that grew by so many times what the usual one did is a mistake."""


class Window(NamedTuple):
    """Days that are judged, from `first` to before `until`, by the days before `known`."""

    known: int
    first: int
    until: int

    @property
    def days(self) -> int:
        return self.until - self.first


@dataclass(frozen=True)
class Panel:
    """Sticks by outcome, a row a store and a column a day; `treated` and `drawn` (hold-outs) flag rows."""

    store_ids: list[str]
    treated: Flags
    drawn: Flags
    outcomes: dict[str, Values]
    calendar: Values
    first_ordinal: int
    notes: list[str] = field(default_factory=list)
    cut: int = 0

    def rows(self, chosen: Flags) -> "Panel":
        """Keep some stores."""
        kept = {name: values[chosen] for name, values in self.outcomes.items()}
        names = [name for name, keep in zip(self.store_ids, chosen, strict=True) if keep]
        return replace(
            self, store_ids=names, treated=self.treated[chosen], drawn=self.drawn[chosen], outcomes=kept
        )

    def usual(self, outcome: str, window: Window) -> Values:
        """Give each store's mean a day before the window, by the window's mix of weekdays."""
        return np.asarray(self.outcomes[outcome][:, : window.known] @ pre_weights(window))

    def index(self, outcome: str, known: int) -> Values:
        """Give each store's days by its mean of the first `known`, which is 1 then."""
        values = self.outcomes[outcome]
        return np.asarray(values / values[:, :known].mean(axis=1, keepdims=True))


def pre_weights(window: Window) -> Values:
    """Weigh the days before a window so that weekdays count as they do in it; the weights add up to 1.

    Where a weekday of the window has no day before it, all days count alike.
    """
    days = np.arange(window.known) % WEEK
    wanted = np.bincount(np.arange(window.first, window.until) % WEEK, minlength=WEEK)
    known = np.bincount(days, minlength=WEEK)
    if window.known < WEEK or (known[wanted > 0] == 0).any():
        return np.full(window.known, 1.0 / max(window.known, 1))
    share = np.divide(wanted, known, out=np.zeros(WEEK), where=known > 0)[days]
    return np.asarray(share / share.sum())


def make_panel(given: EvaluationInput) -> Panel:
    """Clean every store's days: gaps of closed days filled, absurd amounts cut, sold-out controls lifted.

    What treated stores sold during the promotion is never lifted: sold out or not, it is what was sold.
    """
    notes: list[str] = []
    cleaned = [_clean_store(store, given, notes) for store in given.stores]
    names = ("promoted", "brand", "rest")
    outcomes = {name: np.array([each[name] for each in cleaned]) for name in names}
    outcomes["others"] = outcomes["brand"] + outcomes.pop("rest")
    treated = np.array([store.role == "treated" for store in given.stores], dtype=np.bool_)
    drawn = np.array([store.role == "holdout" for store in given.stores], dtype=np.bool_)
    columns: list[Any] = [given.calendar[name] for name in sorted(given.calendar)]
    count = len(given.stores[0].promoted)
    calendar = np.array(columns, dtype=np.float64).T if columns else np.empty((count, 0))
    cut = sum("absurd" in note for note in notes)
    panel = Panel([s.store_id for s in given.stores], treated, drawn, outcomes, calendar,
                  given.first_ordinal, notes, cut)  # fmt: skip
    return _cut_lone_day(panel, given)


def _clean_store(store: StoreDays, given: EvaluationInput, notes: list[str]) -> dict[str, Values]:
    meant = {place for column in given.calendar.values() for place, flag in enumerate(column) if flag}
    if given.starts == given.ends and store.role == "treated":
        meant.add(given.starts)  # a day's peak looks like a mistake; `_cut_lone_day` compares it with others
    during = set(range(given.starts, len(store.promoted))) if store.role == "treated" else set()
    found = {}
    for name in ("promoted", "brand", "rest"):
        recorded = np.array(getattr(store, name), dtype=np.float64)
        sold_out = set(store.sold_out) - during if name == "promoted" else set()
        made = clean(recorded, censored=sold_out, closed=set(store.closed) - during, excused=meant)
        found[name] = np.concatenate([np.zeros(made.first), made.values])
        notes += [f"{store.store_id}, {name}: {note}" for note in made.notes if "negative" not in note]
    return found


def _cut_lone_day(panel: Panel, given: EvaluationInput) -> Panel:
    """On a promotion of one day, cut what one store sold beyond all measure of the other treated ones."""
    if given.starts != given.ends or panel.treated.sum() < 3:
        return panel
    values = panel.outcomes["promoted"].copy()
    before = values[:, : given.starts].mean(axis=1)
    ratio = np.divide(values[:, given.starts], before, out=np.zeros(len(before)), where=before > 0)
    usual = float(np.median(ratio[panel.treated]))
    absurd = panel.treated & (ratio > LONE_DAY_TIMES * max(usual, 1.0))
    if not absurd.any():
        return panel
    values[absurd, given.starts] = usual * before[absurd]
    notes = [
        f"{panel.store_ids[at]}, promoted: 1 absurd amounts cut to {values[at, given.starts]:g}"
        for at in np.flatnonzero(absurd)
    ]
    return replace(panel, outcomes=panel.outcomes | {"promoted": values}, notes=[*panel.notes, *notes],
                   cut=panel.cut + len(notes))  # fmt: skip


def usable(panel: Panel, known: int) -> Panel:
    """Keep stores that sold some of the products before; of those not drawn only the most alike."""
    kept = panel.rows(panel.outcomes["promoted"][:, :known].sum(axis=1) > 0)
    free = ~kept.treated & ~kept.drawn
    if not kept.treated.any() or free.sum() <= MOST_DONORS:
        return kept
    order = likeness(kept, known)
    chosen = kept.treated | kept.drawn
    chosen[[at for at in order if free[at]][:MOST_DONORS]] = True
    return kept.rows(chosen)


def likeness(panel: Panel, known: int) -> Sequence[int]:
    """Order stores without the promotion from the most to the least alike the treated ones before it.

    Alike is a small mean square difference of weekly indices, plus a tenth of the squared log ratio of size.
    """
    values = panel.outcomes["promoted"][:, :known]
    weeks = max(known // WEEK, 1)
    tail = values[:, known - weeks * WEEK :] if known >= WEEK else values
    weekly = tail.reshape(len(values), weeks, -1).mean(axis=2)
    size = values.mean(axis=1)
    target = weekly[panel.treated].sum(axis=0)
    target = target / max(float(target.mean()), 1e-12)
    usual = float(np.median(size[panel.treated]))
    distance = ((weekly / size[:, None] - target) ** 2).mean(axis=1) + 0.1 * np.log(size / usual) ** 2
    return [int(at) for at in np.argsort(distance, kind="stable") if not panel.treated[at]]
