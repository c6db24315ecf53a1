"""What goes into the work on one series and what comes out: also the recorded data cut of a forecast."""

import hashlib
import zlib
from typing import Any

import msgspec

PATIENT_SECONDS = 600.0
LEAST_OWN_DAYS = 8
"""With fewer days of its own a series is forecast from what is like it."""


class Analogue(msgspec.Struct, frozen=True, kw_only=True):
    """A series like one without a history, in sticks a day.

    `launch` begins with its first day where its own introduction was seen, else it is empty; `recent` begins
    on `recent_ordinal`. `scale` is what this store sells of what that one does, `weight` how much it is
    alike, `why` says both.
    """

    store_id: str
    gtin: str
    scale: float
    weight: float
    why: str
    launch: list[float]
    recent: list[float]
    recent_ordinal: int


class SeriesInput(msgspec.Struct, frozen=True, kw_only=True):
    """One series as it was known, and what is asked of it; all that the forecast depends on.

    `values` has one amount of sticks a day from `first_ordinal` on (None where nothing is known); `censored`,
    `closed` and `excused` (promotions, holidays) are places in it. `known` has columns known ahead, `horizon`
    longer than `values`, `seen` those that are known only so far, as long as `values`. With `fall_back` only
    the plainest model is asked. `analogues` are there for a series without a history, which begins `begins`
    days after the forecast does.
    """

    store_id: str
    gtin: str
    first_ordinal: int
    values: list[float | None]
    horizon: int
    probabilities: list[float]
    season: int = 7
    days_per_period: float = 1.0
    censored: list[int] = []
    closed: list[int] = []
    excused: list[int] = []
    known: dict[str, list[float]] = {}
    seen: dict[str, list[float]] = {}
    ladder: list[str] = []
    incumbent: str | None = None
    seconds_per_model: float = 10.0
    fall_back: bool = False
    analogues: list[Analogue] = []
    begins: int = 0


class SeriesOutput(msgspec.Struct, frozen=True, kw_only=True):
    """The forecast: of each day, and of the first 1, 2 … days, the mean and one quantile a probability.

    `tried` names the models that came through; `late` tells that none did in time. `own_days` are our figures
    where a forecast made elsewhere stands in for them.
    """

    store_id: str
    gtin: str
    model: str
    model_version: str
    challenger: str | None
    kind: str
    days: list[list[float]]
    cumulative: list[list[float]]
    scores: dict[str, Any]
    reasons: list[str]
    notes: list[str]
    fell_back: bool
    tried: list[str] = []
    late: bool = False
    own_days: list[list[float]] | None = None


def as_worked(given: SeriesInput, output: SeriesOutput) -> SeriesInput:
    """Give the input by which the output comes again whatever the machine: slow models are left out of it."""
    if output.late:
        return msgspec.structs.replace(given, fall_back=True)
    return msgspec.structs.replace(given, ladder=output.tried, seconds_per_model=PATIENT_SECONDS)


def pack_cut(given: SeriesInput) -> tuple[bytes, bytes]:
    """Give the digest of a data cut and the cut itself, compressed."""
    document = msgspec.json.encode(given)
    return hashlib.sha256(document).digest(), zlib.compress(document, 6)


def unpack_cut(packed: bytes) -> SeriesInput:
    return msgspec.json.decode(zlib.decompress(packed), type=SeriesInput)
