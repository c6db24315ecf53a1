"""A chart: what is drawn, and what a console draws itself from the same data."""

from typing import Literal, TypeAlias

import msgspec

Language: TypeAlias = Literal["en", "zh"]
LineKind: TypeAlias = Literal["history", "actual", "median", "part", "bars"]
MarkerKind: TypeAlias = Literal["promotion", "stock_out", "holiday"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One value a day, in sticks."""

    kind: LineKind
    label: str
    days: list[str]
    values: list[float]


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Demand lies between `low` and `high` with this probability."""

    probability: float
    label: str
    days: list[str]
    low: list[float]
    high: list[float]


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """Days of a kind: promoted, sold out, holidays; `names` says which, in the days' order."""

    kind: MarkerKind
    label: str
    days: list[str]
    names: list[str]


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of axes; panels of a chart stand below each other and share their days."""

    y_label: str
    lines: list[Line] = []
    bands: list[Band] = []
    markers: list[Marker] = []


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart in one language; `plain_title` is for where the fonts lack the signs of the title."""

    language: Language
    title: str
    plain_title: str
    x_label: str
    panels: list[Panel]
    notes: list[str] = []


class DrawInput(msgspec.Struct, frozen=True, kw_only=True):
    """The chart in each language, the one that is wanted first, and the format."""

    charts: list[Chart]
    kind: Literal["svg", "png"]
    width: int = 960
    height: int = 480


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """The picture, and the language that it could be written in."""

    language: Language
    picture: bytes
