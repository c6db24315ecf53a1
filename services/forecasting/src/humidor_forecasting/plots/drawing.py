"""Draws charts with matplotlib, without a display; the same chart gives the same bytes."""

import logging
import warnings
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib import dates
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from humidor_forecasting.plots.work import Band, Chart, DrawInput, Drawn, Line, Marker, Panel

mdates: Any = dates  # without types
CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "Droid Sans Fallback",
)
DPI = 100
DARK, ACCENT, SOFT = "#2f3b45", "#b5502e", "#d9a441"
MARKERS = {"promotion": SOFT, "stock_out": "#c62828", "holiday": "#7a9cc6"}
BAND_SHADES = (0.16, 0.32)
FIRST_CHINESE = 0x2E80


def draw(given: DrawInput) -> Drawn:
    """Draw the first of the charts whose language can be written: a picture of pixels needs the font itself.

    In SVG text stays text, which the reader's own fonts show.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    font = next((name for name in CHINESE_FONTS if name in {f.name for f in fontManager.ttflist}), None)
    writes_all = given.kind == "svg" or font is not None
    chart = next((each for each in given.charts if writes_all or each.language == "en"), given.charts[-1])
    families = [*CHINESE_FONTS, "DejaVu Sans"] if given.kind == "svg" else [font or "", "DejaVu Sans"]
    style: Any = {
        "font.family": [each for each in families if each],
        "font.size": 9,
        "svg.fonttype": "none",
        "svg.hashsalt": "humidor",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#8a949c",
        "axes.labelcolor": DARK,
        "text.color": DARK,
    }
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # signs that the fonts lack: in SVG the reader's show them
        figure = _figure(given, chart, plainly=not writes_all)
        written = BytesIO()
        metadata = {"Date": None} if given.kind == "svg" else {"Software": None}
        figure.savefig(written, format=given.kind, metadata=metadata)
    return Drawn(language=chart.language, picture=written.getvalue())


def _figure(given: DrawInput, chart: Chart, *, plainly: bool) -> Figure:
    figure = Figure(figsize=(given.width / DPI, given.height / DPI), dpi=DPI, layout="constrained")
    figure.set_facecolor("white")
    plain = plainly and any(ord(sign) >= FIRST_CHINESE for sign in chart.title)
    figure.suptitle(chart.plain_title if plain else chart.title, fontsize=11)
    rows: Any = figure.subplots(len(chart.panels), 1, sharex=True, squeeze=False)
    for axes, panel in zip(rows[:, 0], chart.panels, strict=True):
        _panel(axes, panel)
    last = rows[-1, 0]
    last.set_xlabel(chart.x_label)
    locator = mdates.AutoDateLocator(minticks=4, maxticks=10)
    last.xaxis.set_major_locator(locator)
    last.xaxis.set_major_formatter(mdates.DateFormatter("%Y-%m-%d"))
    last.tick_params(axis="x", labelsize=8)
    return figure


def _panel(axes: Any, panel: Panel) -> None:
    axes.set_ylabel(panel.y_label)
    axes.grid(axis="y", color="#e4e7ea", linewidth=0.6)
    axes.set_axisbelow(True)
    for marker in panel.markers:
        _marker(axes, marker)
    for band, shade in zip(panel.bands, BAND_SHADES, strict=False):
        _band(axes, band, shade)
    for line in panel.lines:
        _line(axes, line)
    if len(panel.lines) + len(panel.bands) + len(panel.markers) > 1:
        axes.legend(loc="upper left", fontsize=8, frameon=False, ncols=4)
    else:
        axes.margins(x=0.01)


def _line(axes: Any, line: Line) -> None:
    days = _days(line.days)
    if line.kind == "bars":
        axes.vlines(days, 0.0, line.values, color=DARK, linewidth=1.2, label=line.label)
    elif line.kind == "actual":
        axes.plot(days, line.values, color=DARK, linewidth=1.0, linestyle=":", label=line.label)
    elif line.kind == "median":
        axes.plot(days, line.values, color=ACCENT, linewidth=1.6, label=line.label)
    else:
        point = "." if len(days) == 1 else None
        axes.plot(days, line.values, color=DARK, linewidth=1.0, marker=point, label=line.label)


def _band(axes: Any, band: Band, shade: float) -> None:
    axes.fill_between(
        _days(band.days), band.low, band.high, color=ACCENT, alpha=shade, linewidth=0, label=band.label
    )


def _marker(axes: Any, marker: Marker) -> None:
    half, label = timedelta(hours=12), marker.label
    for day in _days(marker.days):
        begin = mdates.date2num(day) - half / timedelta(days=1)
        if marker.kind == "stock_out":
            axes.axvspan(begin, begin + 1, ymax=0.03, color=MARKERS[marker.kind], linewidth=0, label=label)
        else:
            axes.axvspan(begin, begin + 1, color=MARKERS[marker.kind], alpha=0.25, linewidth=0, label=label)
        label = "_nolegend_"


def _days(days: list[str]) -> list[date]:
    return [date.fromisoformat(day) for day in days]
