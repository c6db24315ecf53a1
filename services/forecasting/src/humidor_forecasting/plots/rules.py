"""What a chart of a forecast, and of a decomposition, shows."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from humidor_forecasting.decompositions.schemas import DecompositionView
from humidor_forecasting.demand.schemas import PeriodView
from humidor_forecasting.plots.words import say
from humidor_forecasting.plots.work import Band, Chart, Language, Line, Marker, MarkerKind, Panel

MARKED: Mapping[MarkerKind, Callable[[PeriodView], Sequence[str]]] = {
    "holiday": lambda period: period.holidays,
    "promotion": lambda period: period.promotions,
    "stock_out": lambda period: ["stock_out"] if period.censored else [],
}


def forecast_chart(
    forecast: Mapping[str, Any], periods: Sequence[PeriodView], names: tuple[str, str], language: Language
) -> Chart:
    """Show history up to the day the forecast starts on, then median and bands; `names` of store, product.

    Bands are the forecast's intervals, the widest first; the mean is shown where there is no median.
    """
    start: date = forecast["starts_on"]
    past = [period for period in periods if period.starts_on < start]
    history = Line(
        kind="history",
        label=say(language, "history"),
        days=[period.starts_on.isoformat() for period in past],
        values=[float(period.demand_sticks) for period in past],
    )
    panel = Panel(
        y_label=say(language, "sticks"),
        lines=[history, _middle(forecast["days"], language)],
        bands=_bands(forecast["days"], language),
        markers=_markers(periods, language),
    )
    store, product = names
    return Chart(
        language=language,
        title=say(language, "forecast_of", name=product, store=store),
        plain_title=say("en", "forecast_of", name=forecast["gtin"], store=forecast["store_id"]),
        x_label=say(language, "day"),
        panels=[panel],
        notes=list(forecast["reasons"][:1]),
    )


def _quantile(day: Mapping[str, Any], probability: float) -> float | None:
    found = (
        each["quantity_sticks"] for each in day["quantiles"] if abs(each["probability"] - probability) < 1e-6
    )
    return next(found, None)


def _column(days: Sequence[Mapping[str, Any]], probability: float) -> list[float] | None:
    found = [_quantile(day, probability) for day in days]
    return [each for each in found if each is not None] if None not in found else None


def _middle(days: Sequence[Mapping[str, Any]], language: Language) -> Line:
    median = _column(days, 0.5)
    return Line(
        kind="median",
        label=say(language, "mean" if median is None else "median"),
        days=[day["day"].isoformat() for day in days],
        values=[day["mean_sticks"] for day in days] if median is None else median,
    )


def _bands(days: Sequence[Mapping[str, Any]], language: Language) -> list[Band]:
    levels = sorted({each["level"] for day in days for each in day["intervals"]}, reverse=True)
    return [_band(days, level, language) for level in levels]


def _band(days: Sequence[Mapping[str, Any]], level: float, language: Language) -> Band:
    spans = [each for day in days for each in day["intervals"] if each["level"] == level]
    return Band(
        probability=level, label=say(language, "band", share=round(100 * level)),
        days=[day["day"].isoformat() for day in days],
        low=[each["low_sticks"] for each in spans], high=[each["high_sticks"] for each in spans],
    )  # fmt: skip


def _markers(periods: Sequence[PeriodView], language: Language) -> list[Marker]:
    found = []
    for kind, names_of in MARKED.items():
        marked = [(period.starts_on.isoformat(), ", ".join(names_of(period))) for period in periods]
        marked = [each for each in marked if each[1]]
        if marked:
            days, names = zip(*marked, strict=True)
            label = say(language, kind)
            found.append(Marker(kind=kind, label=label, days=list(days), names=list(names)))
    return found


def decomposition_chart(parts: DecompositionView, names: tuple[str, str], language: Language) -> Chart:
    """Show demand and its parts below each other; a yearly season only where there is one."""
    days = [each.day.isoformat() for each in parts.days]
    columns = {
        "demand": [each.demand_sticks for each in parts.days],
        "trend": [each.trend_sticks for each in parts.days],
        "weekly": [each.weekly_sticks for each in parts.days],
        "yearly": [each.yearly_sticks for each in parts.days],
        "days": [each.holiday_sticks + each.promotion_sticks for each in parts.days],
        "remainder": [each.remainder_sticks for each in parts.days],
    }
    shown = {name: column for name, column in columns.items() if name != "yearly" or any(column)}
    return Chart(
        language=language,
        title=_title(names, language),
        plain_title=_title(("", ""), "en"),
        x_label=say(language, "day"),
        panels=[
            Panel(
                y_label=say(language, name),
                lines=[Line(kind="bars" if name in {"days", "remainder"} else "part",
                            label=say(language, name), days=days, values=column)],
            )
            for name, column in shown.items()
        ],
        notes=parts.notes,
    )  # fmt: skip


def _title(names: tuple[str, str], language: Language) -> str:
    store, product = names
    return say(
        language,
        "parts_of",
        store=store or say(language, "every_store"),
        name=product or say(language, "every_product"),
    )
