"""What goes into the evaluation of a promotion and what comes out: also the recorded data cut of it."""

from typing import Literal, TypeAlias, get_args

import msgspec

Role: TypeAlias = Literal["treated", "holdout", "other"]

Method: TypeAlias = Literal[
    "difference_in_differences", "synthetic_control", "structural_time_series", "prophet"
]
METHODS: tuple[Method, ...] = get_args(Method)


class StoreDays(msgspec.Struct, frozen=True, kw_only=True):
    """Sticks a day of one store: the promoted products, others of their brands, and all the rest.

    `sold_out` are places of days on which a promoted product was out of stock, `closed` of days on which the
    store was shut.
    """

    store_id: str
    role: Role
    promoted: list[float]
    brand: list[float]
    rest: list[float]
    sold_out: list[int] = []
    closed: list[int] = []


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """What forecasting knows of prices, in minor units a stick, and what the promotion cost.

    `regular` and `promoted` are what was really paid before and during it; `margin` is the gross share of the
    regular price, 0 to 1, None where nobody told it.
    """

    regular: float | None = None
    promoted: float | None = None
    others: float | None = None
    margin: float | None = None
    cost_minor: int = 0
    currency: str | None = None


class MovedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A product whose price in a store moved otherwise than the promotion says; in minor units a stick."""

    store_id: str
    gtin: str
    role: Role
    before: float
    during: float
    expected: float
    sticks: float


class EvaluationInput(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion and its stores, day by day from `first_ordinal`; all that the evaluation depends on.

    The promotion ran from place `starts` to place `ends`; what comes behind shows what was pulled forward, of
    which `after_wanted` days are to be awaited; `running` tells that it is not over, `sampled` that the
    stores are a sample of its stores. `calendar` holds columns known ahead, a value a day. Only
    `methods` are asked.
    """

    promotion_id: str
    probability: float
    first_ordinal: int
    starts: int
    ends: int
    after_wanted: int
    stores: list[StoreDays]
    calendar: dict[str, list[float]] = {}
    money: Money = Money()
    moved_prices: list[MovedPrice] = []
    other_promotions: list[str] = []
    running: bool = False
    sampled: bool = False
    methods: list[Method] = msgspec.field(default_factory=lambda: list(METHODS))
    seed: int = 1


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure and the bounds between which it lies with the probability asked for."""

    value: float
    low: float
    high: float


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What one group of products sold in some days, what was expected, and the difference, in sticks."""

    sold_sticks: float
    expected_sticks: float
    effect_sticks: Figure
    effect_percent: Figure | None
    p_value: float | None


class TimePlacebo(msgspec.Struct, frozen=True, kw_only=True):
    """The same method over days before the promotion, when there was nothing to be found."""

    first_ordinal: int
    days: int
    effect_sticks: Figure
    covers_nothing: bool


class MethodResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one method says, what it takes for granted, and what its placebos show.

    `effects` are of `promoted`, `brand` (other products of the brands), `others` (all other products) and
    `after` (the promoted products after the end). `weights` are of control stores.
    """

    method: str
    inference: str
    assumptions: list[str]
    effects: dict[str, Effect]
    diagnostics: dict[str, float]
    weights: dict[str, float] = {}
    placebo_p: float | None = None
    time_placebos: list[TimePlacebo] = []


class DayCompared(msgspec.Struct, frozen=True, kw_only=True):
    """One day of all treated stores: what was sold and what was expected without the promotion."""

    ordinal: int
    sold_sticks: float
    expected_sticks: float


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against the figures, or beside them."""

    code: str
    text: str


class EvaluationOutput(msgspec.Struct, frozen=True, kw_only=True):
    """The evaluation; without a method nothing could be told, and `reasons` say why."""

    method: str | None
    trusted: bool
    reasons: list[Reason]
    results: list[MethodResult] = []
    failures: dict[str, str] = {}
    stores: int = 0
    control_stores: int = 0
    uplift: Effect | None = None
    cannibalised_sticks: Figure | None = None
    halo_sticks: Figure | None = None
    pulled_forward_sticks: Figure | None = None
    profit_minor: Figure | None = None
    discount_minor: float | None = None
    placebo_p: float | None = None
    days: list[DayCompared] = []
    moved_prices: list[MovedPrice] = []
    notes: list[str] = []


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the process that evaluates: how far it is, and at the end what came out or why not."""

    stage: str
    share_done: float
    output: EvaluationOutput | None = None
    failure: str | None = None
