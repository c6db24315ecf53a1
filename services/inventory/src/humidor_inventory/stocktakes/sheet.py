"""Prints count sheets: one HTML page with its own style and barcodes, that needs nothing else to be shown."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any, Literal

from barcode.codex import Gs1_128
from barcode.ean import EuropeanArticleNumber13

from humidor_inventory.stocktakes.schemas import LineView

Language = Literal["en", "zh"]

_WORDS = {
    "en": {
        "title": "Count sheet", "store": "Store", "stocktake": "Stocktake", "round": "Round",
        "state": "State",
        "line": "No.", "code": "Barcode", "product": "Product", "lot": "Lot", "book": "Book (sticks)",
        "case": "Cases", "carton": "Cartons", "pack": "Packs", "stick": "Sticks", "counter": "Counted by",
        "time": "Time", "blind": "Blind count: write down what you see.", "none": "no lot",
    },
    "zh": {
        "title": "盘点表", "store": "门店", "stocktake": "盘点单", "round": "轮次", "state": "状态",
        "line": "序号", "code": "条码", "product": "商品", "lot": "批次", "book": "账面(支)",
        "case": "件", "carton": "条", "pack": "盒", "stick": "支", "counter": "盘点人",
        "time": "时间", "blind": "盲盘:请按实物填写。", "none": "无批次",
    },
}  # fmt: skip
_UNITS = ("case", "carton", "pack", "stick")
_STYLE = """
body{font:12px/1.3 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:12mm}
h1{font-size:18px;margin:0 0 4px}table{border-collapse:collapse;width:100%}th,td{border:1px solid #555;
padding:3px 5px;text-align:left;vertical-align:middle}
th{background:#eee}td.n{text-align:right}td.w{min-width:14mm}
svg{display:block;width:46mm;height:11mm}small{font-family:monospace;font-size:10px}.by{margin-top:8mm}
@media print{body{margin:0}@page{size:A4 landscape;margin:10mm}thead{display:table-header-group}
tr{break-inside:avoid}th{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
_GS1_LOT = re.compile(r"[!\"%-/0-9:-?A-Z_a-z]{1,20}")
_QUIET_MODULES = 11


def draw_barcode(gtin: str, lot: str) -> tuple[str, str]:
    """Draw a product (and lot) as inline SVG and give the text that stands below.

    EAN-13 where the GTIN is one and there is no lot, else GS1-128 with the application identifiers (01) and
    (10); a lot of characters that GS1 does not allow is left out of the bars.
    """
    if gtin.startswith("0") and not lot:
        return _svg(EuropeanArticleNumber13(gtin[1:]).build()[0]), gtin[1:]
    coded, text = f"01{gtin}", f"(01){gtin}"
    if _GS1_LOT.fullmatch(lot):
        coded, text = f"{coded}10{lot}", f"{text}(10){lot}"
    return _svg(Gs1_128(coded).build()[0]), text


def print_sheet(stocktake: Any, lines: Sequence[LineView], language: Language) -> str:
    """Write the page; `stocktake` is what `service.show` gives. A blind one shows no book quantity."""
    words = _WORDS[language]
    heads = ["line", "code", "product", "lot", *([] if stocktake.blind else ["book"]), *_UNITS]
    head = "".join(f"<th>{escape(words[name])}</th>" for name in heads)
    body = "\n".join(_row(line, words, blind=stocktake.blind) for line in lines)
    facts = (
        ("store", stocktake.store_id),
        ("stocktake", stocktake.stocktake_id),
        ("round", stocktake.round),
        ("state", stocktake.state),
    )
    told = " · ".join(f"{escape(words[name])}: {escape(str(value))}" for name, value in facts)
    blind = f"<p><strong>{escape(words['blind'])}</strong></p>" if stocktake.blind else ""
    title = escape(words["title"])
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>{title} {escape(stocktake.store_id)}</title>"
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><p>{told}</p>{blind}"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"
        f'<p class="by">{escape(words["counter"])}: ____________ {escape(words["time"])}: ____________</p>'
        "</body></html>\n"
    )


def _row(line: LineView, words: dict[str, str], *, blind: bool) -> str:
    svg, text = draw_barcode(line.gtin, line.lot)
    book = "" if blind else f'<td class="n">{line.snapshot_sticks}</td>'
    return (
        f'<tr><td class="n">{line.line}</td><td>{svg}<small>{escape(text)}</small></td>'
        f"<td>{escape(line.name)}</td><td>{escape(line.lot or words['none'])}</td>{book}"
        + '<td class="w"></td>' * len(_UNITS)
        + "</tr>"
    )


def _svg(modules: str) -> str:
    """Draw each run of dark modules as one bar: a thousand barcodes stay below a megabyte."""
    bars = "".join(
        f"M{run.start() + _QUIET_MODULES} 0h{len(run[0])}v40h-{len(run[0])}z"
        for run in re.finditer("1+", modules)
    )
    width = len(modules) + 2 * _QUIET_MODULES
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 40" preserveAspectRatio="none" '
        f'shape-rendering="crispEdges" role="img"><path d="{bars}"/></svg>'
    )
