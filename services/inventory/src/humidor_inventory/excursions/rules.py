"""When a zone was outside its limits and for how long nobody knows: pure values, whole numbers, no clock.

What a sensor said holds until it says something else, yet no longer than `hold_ms` (the expected interval
times the intervals that make a gap); after that nothing is known of it.

A judge is a state that happenings move on in the order of their moments. It can be stopped and taken up at
any moment, and comes to the same: that is what lets a late reading be judged from the checkpoint before it.
"""

from collections.abc import Sequence

import msgspec

from humidor_inventory.excursions.values import (
    MEASURES,
    Bound,
    Excursion,
    Gap,
    Happening,
    Judgement,
    Reading,
    Run,
    State,
    Terms,
)

HOUR_MS = 3_600_000


def judge(state: State, happenings: Sequence[Happening], *, now: int) -> Judgement:
    """Move `state` on to `now` over all happenings since `state.at`, in their order.

    Checkpoints are kept before the first happening of every hour, and where all devices that are heard of
    have been heard: what comes in order later is judged from there.
    """
    judging = _Judging(state)
    horizon = _horizon(state, happenings, now)
    for happening in sorted(happenings):
        judging.advance(happening.at)
        judging.keep_checkpoint(horizon)
        judging.apply(happening)
    judging.advance(now)
    return judging.judgement()


class _Judging:
    def __init__(self, state: State) -> None:
        self.state = state
        self.excursions: list[Excursion] = []
        self.gaps: list[Gap] = []
        self.checkpoints: list[tuple[int, bytes]] = []
        self._horizon_kept = False
        self._hour_kept = state.at // HOUR_MS

    def advance(self, to: int) -> None:
        """Let time pass: without happenings a zone changes only where what was said no longer holds."""
        state = self.state
        while state.at < to:
            until = to
            if state.terms is not None:
                ends = (at + state.terms.hold_ms for held in state.held for _, at in held.values())
                until = min((end for end in ends if state.at < end < to), default=to)
                for measure in range(len(MEASURES)):
                    self._pass(measure, until)
            state.at = until

    def keep_checkpoint(self, horizon: int) -> None:
        at = self.state.at
        if at == 0:
            return  # nothing has happened yet; that state needs no keeping
        hourly = at // HOUR_MS > self._hour_kept
        at_horizon = at >= horizon and not self._horizon_kept
        if (hourly or at_horizon) and (not self.checkpoints or self.checkpoints[-1][0] < at):
            self.checkpoints.append((at, msgspec.json.encode(self.state)))
            self._hour_kept = at // HOUR_MS
        self._horizon_kept = self._horizon_kept or at_horizon

    def apply(self, happening: Happening) -> None:
        state, what = self.state, happening.what
        if isinstance(what, Terms):
            state.terms = what
        elif isinstance(what, Bound) and what.begins:
            state.heard.setdefault(what.device, happening.at)
        elif isinstance(what, Bound):
            self._note_gap(what.device, happening.at)
            state.heard.pop(what.device, None)
            for held in state.held:
                held.pop(what.device, None)
        elif what.device in state.heard:
            self._note_gap(what.device, happening.at)
            state.heard[what.device] = happening.at
            for held, value in zip(state.held, what.values, strict=True):
                if value is not None:
                    held[what.device] = (value, happening.at)

    def judgement(self) -> Judgement:
        state = self.state
        going_on = [
            Excursion(measure, run, None)
            for measure, run in enumerate(state.runs)
            if run is not None and run.opened is not None
        ]
        silent = []
        due = []
        if state.terms is not None:
            hold_ms, grace_ms = state.terms.hold_ms, state.terms.grace_ms
            silent = [Gap(d, at, None) for d, at in sorted(state.heard.items()) if state.at - at > hold_ms]
            due = [at + hold_ms + 1 for at in state.heard.values() if state.at - at <= hold_ms]
            waiting = [run.started + grace_ms for run in state.runs if run and run.opened is None]
            due += [moment for moment in waiting if moment > state.at]
        return Judgement(
            self.excursions + going_on, self.gaps + silent, self.checkpoints, min(due, default=None)
        )

    def _note_gap(self, device: int, at: int) -> None:
        since, terms = self.state.heard.get(device), self.state.terms
        if since is not None and terms is not None and at - since > terms.hold_ms:
            self.gaps.append(Gap(device, since, at))

    def _pass(self, measure: int, until: int) -> None:
        """Count the time from `state.at` to `until`, in which the measure stays as it is."""
        state = self.state
        run = state.runs[measure]
        found = _look(state, measure)
        if found is None:
            if run is not None:
                run.unknown += until - state.at
            return
        value, deviation = found
        if deviation == 0:
            if run is not None and run.opened is not None:
                self.excursions.append(Excursion(measure, run, state.at))
            state.runs[measure] = None
            return
        if run is None:
            run = state.runs[measure] = Run(state.at)
        run.outside += until - state.at
        run.weighted += abs(deviation) * (until - state.at)
        if abs(deviation) > abs(run.peak_deviation):
            run.peak, run.peak_deviation = value, deviation
        grace_ms = state.terms.grace_ms if state.terms else 0
        if run.opened is None and until - run.started >= grace_ms:
            run.opened = run.started + grace_ms


def _look(state: State, measure: int) -> tuple[int, int] | None:
    """Give the value that counts and how far it is outside, signed; None where nothing is known.

    By `any` one sensor outside is enough, and a silent one that was outside last leaves the zone unknown
    while others say that all is well: no data is not inside.
    """
    terms, held = state.terms, state.held[measure]
    if terms is None or not held:
        return None
    limits = terms.limits[measure]
    fresh = [value for value, at in held.values() if state.at < at + terms.hold_ms]
    if terms.policy == "mean":
        if not fresh:
            return None
        mean = round(sum(fresh) / len(fresh))
        return mean, deviation_of(mean, limits)
    worst = max(
        ((v, deviation_of(v, limits)) for v in sorted(fresh)), key=lambda each: abs(each[1]), default=None
    )
    if worst is not None and worst[1] != 0:
        return worst
    stale = [value for value, at in held.values() if state.at >= at + terms.hold_ms]
    return None if any(deviation_of(value, limits) for value in stale) else worst


def deviation_of(value: int, limits: tuple[int | None, int | None]) -> int:
    """Say how far a value is above (positive) or below (negative) the limits; 0 is inside, the limits too.

    Example:
        >>> deviation_of(3150, (1000, 3000)), deviation_of(950, (1000, 3000)), deviation_of(3000, (1000,
            3000))
        (150, -50, 0)
    """
    least, greatest = limits
    if greatest is not None and value > greatest:
        return value - greatest
    if least is not None and value < least:
        return value - least
    return 0


def _horizon(state: State, happenings: Sequence[Happening], now: int) -> int:
    """Find the moment up to which every device that is still heard of has been heard."""
    last = dict(state.heard)
    hold_ms = state.terms.hold_ms if state.terms else 0
    for happening in happenings:
        if isinstance(happening.what, Terms):
            hold_ms = happening.what.hold_ms
        elif isinstance(happening.what, Reading):
            last[happening.device] = max(happening.at, last.get(happening.device, 0))
    heard = [at for at in last.values() if now - at <= hold_ms]
    return min(heard, default=max(last.values(), default=state.at))
