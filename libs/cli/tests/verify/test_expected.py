"""What verify makes of raw files by itself, against what replay would send."""

import csv
from collections import Counter
from pathlib import Path

from humidor_cli.replay.files import open_sales_file
from humidor_cli.replay.mapping import Mapping
from humidor_cli.replay.rules import gtin_of
from humidor_cli.verify.expected import Expected, Facts, add_table
from humidor_cli.verify.expected_documents import add_documents

EXTRACT = Path(__file__).parents[4] / "tests" / "data" / "online_retail_extract.csv"
MAPPING = Mapping(default_currency="GBP", time_zone="Europe/London")
GTIN = "06901028001236"
UNITS = {"stick": 1, "pack": 20, "carton": 200, "case": 10_000}
S1, S2, S3 = (f"018f0000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))
R1, R2, V1, V2 = (f"018f0000-0000-7000-8000-00000000001{number}" for number in (1, 2, 3, 4))


class PacksOfOne(dict[str, dict[str, int]]):
    """Factors under which a pack is one stick, for any product."""

    def get(self, _: str, __: object = None) -> dict[str, int]:
        return {"pack": 1}


def expected_of_extract() -> Expected:
    expected = Expected()
    add_table(EXTRACT, MAPPING, PacksOfOne(), expected)
    return expected


def test_it_agrees_with_an_addition_by_hand() -> None:
    by_hand: Counter[str] = Counter()
    with EXTRACT.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            units, price = int(row["Quantity"]), float(row["UnitPrice"])
            if price < 0:
                continue
            by_hand[gtin_of(row["StockCode"])] += units if units < 0 and price == 0 else -units
    expected = expected_of_extract()
    found: Counter[str] = Counter()
    for counter, sign in ((expected.sold, -1), (expected.came_back, 1), (expected.written_off, -1)):
        for (_, gtin), units in counter.items():
            found[gtin] += sign * units
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in by_hand.items() if v}


def test_it_counts_what_replay_sends_without_asking_it() -> None:
    file = open_sales_file(EXTRACT, MAPPING)
    sent: Counter[str] = Counter()
    amount = 0
    for document in file.documents(file.survey()):
        sent[document.kind] += 1
        if document.kind == "sale":
            amount += sum(line["quantity"] * line["unit_price"] for line in document.body["lines"])
    expected = expected_of_extract()
    assert sum(facts.documents for facts in expected.sales.values()) == sent["sale"]
    assert sum(facts.amount_minor for facts in expected.sales.values()) == amount
    assert sum(facts.lines for facts in expected.returns.values()) == 25
    assert (expected.rows, expected.not_counted) == (801, 2)


def _line(quantity: int, unit: str = "pack") -> str:
    return f'{{"line": 1, "gtin": "{GTIN}", "quantity": {quantity}, "unit": "{unit}", "unit_price": 5}}'


def _documents(tmp_path: Path, *lines: str) -> Expected:
    path = tmp_path / "sales.ndjson"
    path.write_text("\n".join(lines) + "\n")
    expected = Expected()
    add_documents(path, {GTIN: UNITS}, expected)
    return expected


def test_documents_are_added_up_in_sticks_and_once(tmp_path: Path) -> None:
    sale = f'{{"sale_id": "{S1}", "store_id": "S1", "lines": [{_line(2)}]}}'
    carton = f'{{"sale_id": "{S2}", "store_id": "S1", "lines": [{_line(1, "carton")}]}}'
    back = (
        f'{{"return_id": "{R1}", "sale_id": null, "store_id": "S1", "restock": false, "lines": [{_line(1)}]}}'
    )
    expected = _documents(tmp_path, sale, carton, sale, back, "nonsense")
    assert expected.sold == {("S1", GTIN): 240}
    assert expected.quarantined == {("S1", GTIN): 20}
    assert expected.sales == {"S1": Facts(documents=2, lines=2, sticks=240, amount_minor=15)}
    assert expected.not_counted == 2


def test_a_void_takes_back_its_sale_wherever_it_stands(tmp_path: Path) -> None:
    void = f'{{"void_id": "{V1}", "sale_id": "{S1}", "store_id": "S1", "lines": []}}'
    sale = f'{{"sale_id": "{S1}", "store_id": "S1", "lines": [{_line(3)}]}}'
    back = f'"return_id": "{R1}", "sale_id": "{S1}", "store_id": "S1", "restock": false'
    aside = f'{{{back}, "lines": [{_line(1)}]}}'
    expected = _documents(tmp_path, void, sale, aside)
    pair = ("S1", GTIN)
    assert expected.came_back[pair] - expected.sold[pair] == -20
    assert expected.quarantined[pair] == 20


def test_a_void_without_its_sale_gives_its_lines_back(tmp_path: Path) -> None:
    expected = _documents(
        tmp_path, f'{{"void_id": "{V2}", "sale_id": null, "store_id": "S1", "lines": [{_line(2)}]}}'
    )
    assert expected.came_back == {("S1", GTIN): 40}
