"""What callers see of a chart's data."""

from pydantic import BaseModel

from humidor_forecasting.plots.work import Language, LineKind, MarkerKind


class LineView(BaseModel):
    """One value a day, in sticks."""

    kind: LineKind
    label: str
    days: list[str]
    values: list[float]


class BandView(BaseModel):
    """Demand lies between `low` and `high` with this probability."""

    probability: float
    label: str
    days: list[str]
    low: list[float]
    high: list[float]


class MarkerView(BaseModel):
    """Days of a kind, with what each is called."""

    kind: MarkerKind
    label: str
    days: list[str]
    names: list[str]


class PanelView(BaseModel):
    """One pair of axes."""

    y_label: str
    lines: list[LineView]
    bands: list[BandView]
    markers: list[MarkerView]


class ChartView(BaseModel):
    """A chart as data: what the pictures show, for a console that draws itself."""

    language: Language
    title: str
    plain_title: str
    x_label: str
    panels: list[PanelView]
    notes: list[str]
