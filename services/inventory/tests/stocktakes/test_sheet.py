import re
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from humidor_inventory.stocktakes.schemas import LineView
from humidor_inventory.stocktakes.sheet import draw_barcode, print_sheet
from humidor_inventory.testing.shop import make_gtin
from humidor_inventory.units.rules import check_digit

GTIN = make_gtin(1)
# GS1 General Specifications, symbol characters of EAN-13: left A and B, right C is A's complement.
_A = "0001101 0011001 0010011 0111101 0100011 0110001 0101111 0111011 0110111 0001011".split()  # noqa: SIM905
_B = ["".join("1" if bit == "0" else "0" for bit in reversed(code)) for code in _A]


def modules(svg: str) -> str:
    """Read the bars back as a scanner would: one character a module, without the quiet zones."""
    root = ET.fromstring(svg)  # noqa: S314 - our own output
    width = int(root.attrib["viewBox"].split()[2])
    row = ["0"] * width
    for start, size in re.findall(r"M(\d+) 0h(\d+)v", root[0].attrib["d"]):
        for i in range(int(start), int(start) + int(size)):
            row[i] = "1"
    return "".join(row).strip("0")


def line(**changes: Any) -> LineView:
    values: dict[str, Any] = dict.fromkeys(LineView.model_fields)
    values |= {
        "line": 1,
        "gtin": GTIN,
        "name": "Harbour <Gold>",
        "lot": "",
        "round": 1,
        "status": "uncounted",
    }
    return LineView(**(values | {"reasons": [], "snapshot_sticks": 4711} | changes))


def test_a_product_without_a_lot_is_an_ean_13_that_reads_back() -> None:
    svg, text = draw_barcode(GTIN, "")
    bars = modules(svg)
    assert len(bars) == 95
    left = [bars[3 + 7 * i : 10 + 7 * i] for i in range(6)]
    right = [bars[50 + 7 * i : 57 + 7 * i] for i in range(6)]
    digits = [_A.index(code) if code in _A else _B.index(code) for code in left]
    digits += [_A.index("".join("1" if bit == "0" else "0" for bit in code)) for code in right]
    assert text == GTIN[1:]
    assert "".join(map(str, digits)) == text[1:]


def test_a_lot_and_an_outer_package_are_gs1_128() -> None:
    _, text = draw_barcode(GTIN, "L2611A")
    assert text == f"(01){GTIN}(10)L2611A"
    svg, text = draw_barcode(GTIN, "批次七")
    assert text == f"(01){GTIN}"
    carton = "1" + GTIN[1:-1]
    carton += check_digit(carton)
    assert draw_barcode(carton, "")[1] == f"(01){carton}"
    # Code 128: start B and FNC1, characters of 11 modules each, and a stop of 13
    assert modules(svg).startswith("11010010000" + "11110101110")
    assert modules(svg).endswith("1100011101011")
    assert (len(modules(svg)) - 13) % 11 == 0


@pytest.mark.parametrize(("language", "words"), [("en", "Count sheet"), ("zh", "盘点表")])
def test_a_sheet_speaks_the_language_and_needs_nothing_from_elsewhere(language: Any, words: str) -> None:
    stocktake = SimpleNamespace(
        store_id="S0001", stocktake_id=UUID(int=1), round=1, state="counting", blind=False
    )
    page = print_sheet(stocktake, [line(), line(line=2, lot="<L>")], language)
    assert words in page
    assert f'lang="{language}"' in page
    assert "Harbour &lt;Gold&gt;" in page
    assert "&lt;L&gt;" in page
    assert page.count("<svg") == 2
    assert "4711" in page
    assert not re.search(r"(src|href)=|@import|url\(", page)


def test_a_blind_sheet_shows_no_book_quantity() -> None:
    stocktake = SimpleNamespace(
        store_id="S0001", stocktake_id=UUID(int=1), round=1, state="counting", blind=True
    )
    assert "4711" not in print_sheet(stocktake, [line()], "en")


def test_a_thousand_lines_stay_below_three_megabytes() -> None:
    stocktake = SimpleNamespace(
        store_id="S0001", stocktake_id=UUID(int=1), round=1, state="counting", blind=False
    )
    page = print_sheet(stocktake, [line(line=i, lot="L2611A") for i in range(1000)], "zh")
    assert len(page.encode()) < 3_000_000
