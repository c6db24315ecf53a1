"""From rows to sales, returns and adjustments."""

from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_cli.replay.documents import Document
from humidor_cli.replay.files import SalesFile, open_sales_file
from humidor_cli.replay.mapping import Mapping
from humidor_cli.replay.rules import gtin_of

from .conftest import EXTRACT, WriteFile

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def documents_of(file: SalesFile) -> list[Document]:
    return list(file.documents(file.survey()))


def moved(documents: list[Document]) -> Counter[tuple[str, str]]:
    """What the documents do to the stock, by store and product."""
    stock: Counter[tuple[str, str]] = Counter()
    for document in documents:
        if document.kind == "adjustment":
            stock[document.store_id, document.body["gtin"]] += document.body["quantity"]
        for line in document.body.get("lines", ()):
            sign = -1 if document.kind == "sale" else 1
            stock[document.store_id, line["gtin"]] += sign * line["quantity"]
    return stock


def test_each_oddity_of_the_extract_is_counted(extract: SalesFile) -> None:
    survey = extract.survey()
    extract.count_documents(survey)
    assert dict(survey.kinds) == {"sale": 761, "return": 25, "adjustment": 13, "reported": 2}
    assert survey.oddities["not_replayed: negative_price"] == 2
    assert survey.oddities["duplicate_line"] == 3
    assert survey.oddities["sale_split_in_parts"] == 1
    assert survey.oddities["sale_number_in_several_places"] == 1
    assert survey.oddities["sale_with_several_times"] == 2
    assert survey.oddities["price_rounded"] == 1
    assert survey.oddities["sold_at_zero"] == 5
    assert survey.documents == {"sale": 36, "adjustment": 13, "return": 10, "linked return": 4}


def test_every_row_of_the_extract_is_in_a_document_or_reported(extract: SalesFile) -> None:
    documents = documents_of(extract)
    assert sum(document.rows for document in documents) + 2 == 801
    assert len({document.document_id for document in documents}) == len(documents)


def test_a_second_reading_makes_the_very_same_documents(extract: SalesFile) -> None:
    again = open_sales_file(EXTRACT, extract.mapping)
    assert documents_of(again) == documents_of(extract)


def test_no_document_has_more_lines_than_the_api_takes(extract: SalesFile) -> None:
    assert max(len(document.body.get("lines", ())) for document in documents_of(extract)) == 500


def test_a_cancellation_is_linked_to_the_latest_sale_that_can_give_so_much_back(
    write_file: WriteFile,
) -> None:
    file = write_file(
        HEADER
        + "1,A,a,5,2011-01-01 10:00,2.00,77,UK\n"
        + "2,A,a,3,2011-01-02 10:00,2.00,77,UK\n"
        + "C3,A,a,-4,2011-01-03 10:00,2.00,77,UK\n"
        + "C4,A,a,-3,2011-01-04 10:00,2.00,77,UK\n"
        + "C5,A,a,-3,2011-01-05 10:00,2.00,77,UK\n"
        + "C6,A,a,-1,2011-01-06 10:00,2.00,88,UK\n"
    )
    first, second, *returns = documents_of(file)
    linked = [document.body["sale_id"] for document in returns]
    assert linked == [first.document_id, second.document_id, None, None]
    assert all(document.body["restock"] for document in returns)


def test_lines_of_one_cancellation_go_back_to_the_sales_they_came_from(write_file: WriteFile) -> None:
    file = write_file(
        HEADER
        + "1,A,a,5,2011-01-01 10:00,2.00,77,UK\n"
        + "2,B,b,5,2011-01-01 11:00,2.00,77,UK\n"
        + "C3,A,a,-1,2011-01-03 10:00,2.00,77,UK\n"
        + "C3,B,b,-1,2011-01-03 10:00,2.00,77,UK\n"
    )
    first, second, *returns = documents_of(file)
    assert {document.body["sale_id"] for document in returns} == {first.document_id, second.document_id}


def test_a_write_off_is_an_adjustment_with_a_reason(write_file: WriteFile) -> None:
    (document,) = documents_of(write_file(HEADER + "9,A,smashed,-7,2011-01-01 10:00,0,,UK\n"))
    assert document.kind == "adjustment"
    assert document.body["quantity"] == -7
    assert document.body["gtin"] == gtin_of("A")


def test_a_receipt_number_that_starts_anew_each_day_is_another_sale(write_file: WriteFile) -> None:
    file = write_file(
        HEADER
        + "1,A,a,1,2011-01-01 10:00,2.00,,UK\n"
        + "2,A,a,1,2011-01-01 11:00,2.00,,UK\n"
        + "1,A,a,1,2011-01-02 10:00,2.00,,UK\n"
    )
    assert len({document.document_id for document in documents_of(file)}) == 3


def test_data_sets_whose_numbers_overlap_are_told_apart_by_their_source(write_file: WriteFile) -> None:
    row = HEADER + "1,A,a,1,2011-01-01 10:00,2.00,77,UK\n"
    (one,) = documents_of(write_file(row))
    (other,) = documents_of(write_file(row, source="other"))
    assert one.document_id != other.document_id


def test_documents_in_the_apis_own_form_are_sent_as_they_are(write_file: WriteFile) -> None:
    file = write_file(
        '{"sale_id": "018f0000-0000-7000-8000-000000000001", "store_id": "S0001", "lines": []}\n'
        "\n"
        '{"return_id": "018f0000-0000-7000-8000-000000000002", "sale_id": null, "store_id": "S0001"}\n'
        '{"void_id": "018f0000-0000-7000-8000-000000000003", "sale_id": "x", "store_id": "S0002"}\n'
        '{"something": 1}\n'
        "not json\n",
        name="sales.ndjson",
    )
    survey = file.survey()
    assert [document.kind for document in file.documents(survey)] == ["sale", "return", "void"]
    assert survey.oddities["not_replayed: no_id"] == 1
    assert survey.oddities["not_replayed: not_json"] == 1


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", "C4", "C5", "6"]),
        st.sampled_from(["A", "B", "C"]),
        st.integers(-20, 20),
        st.sampled_from(["0", "1.25", "0.001", "-3"]),
        st.sampled_from(["", "77", "88"]),
        st.integers(1, 28),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, stores=st.integers(1, 4))
def test_no_unit_is_lost_or_made_whatever_the_rows(
    tmp_path_factory: "object", rows: list[tuple[str, str, int, str, str, int]], stores: int
) -> None:
    path = Path(tmp_path_factory.mktemp("rows")) / "sales.csv"  # type: ignore[attr-defined]
    lines = [
        f"{sale},{code},x,{units},2011-01-{day:02d} 10:00,{price},{customer},UK\n"
        for sale, code, units, price, customer, day in rows
    ]
    path.write_text(HEADER + "".join(lines))
    documents = documents_of(open_sales_file(path, Mapping(stores=stores)))
    expected: Counter[str] = Counter()
    signed = any(sale.startswith("C") and units < 0 for sale, _, units, _, _, _ in rows)
    for sale, code, units, price, _, _ in rows:
        bad_debt = price == "-3" and units > 0
        written_off = price == "0" and units < 0 and not sale.startswith("C")
        comes_back = sale.startswith("C") and not signed
        change = units if written_off else abs(units) if comes_back else -units
        expected[gtin_of(code)] += 0 if bad_debt else change
    by_product: Counter[str] = Counter()
    for (_, gtin), units in moved(documents).items():
        by_product[gtin] += units
    assert {k: v for k, v in by_product.items() if v} == {k: v for k, v in expected.items() if v}
    assert len({document.document_id for document in documents}) == len(documents)
