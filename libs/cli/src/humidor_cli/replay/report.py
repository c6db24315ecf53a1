"""What replay prints for people."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table


def print_survey(looked: dict[str, Any]) -> None:
    """Show what is in the file and what is odd about it."""
    console = Console(highlight=False, soft_wrap=True)
    found = looked["found"]
    console.print(f"{looked['file']}: {looked['rows']:,} rows, {looked['first']} to {looked['last']}")
    if "columns" in found:
        columns = ", ".join(f"{field} = column {place}" for field, place in found["columns"].items())
        console.print(f"  {columns}", markup=False)
        form = f"{found['encoding']}, separator {found['separator']!r}, time {found['time_format']}"
        console.print(f"  {form}, zone {found['time_zone']}", markup=False)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in looked["rows_by_kind"].items())
    console.print(f"  rows: {counts}")
    if looked["documents"]:
        documents = ", ".join(f"{count:,} {kind}" for kind, count in looked["documents"].items())
        console.print(f"  documents: {documents}")
    console.print(f"  {looked['stores']} stores, {looked['products']:,} products")
    if looked["oddities"]:
        table = Table(Column("oddity", no_wrap=True), *_numbers("rows"), "for example rows", box=SIMPLE_HEAD)
        for oddity in looked["oddities"]:
            examples = ", ".join(map(str, oddity["for_example_rows"]))
            table.add_row(oddity["oddity"].replace("_", " "), f"{oddity['rows']:,}", examples)
        console.print(table)


def _numbers(*names: str) -> list[Column]:
    return [Column(name, justify="right", no_wrap=True) for name in names]


def print_outcome(report: dict[str, Any]) -> None:
    """Show what became of the documents, and how fast."""
    console = Console(highlight=False, soft_wrap=True)
    statuses = ("accepted", "duplicate", "conflict", "rejected")
    table = Table("documents", *_numbers(*statuses), box=SIMPLE_HEAD)
    for kind, counts in report["results"].items():
        table.add_row(kind, *(f"{counts.get(status, 0):,}" for status in statuses))
    console.print(table)
    if report["acknowledged_before"]:
        console.print(f"{report['acknowledged_before']:,} documents were acknowledged in an earlier run")
    for problem in report["problems"]:
        words = f"{problem['status']} {problem['kind']} {problem['document_id']} of {problem['store_id']}"
        console.print(f"  {words}: {problem['detail']}", markup=False)
    rates = f"{report['sales_per_second']:,.0f} sales/s, {report['rows_per_second']:,.0f} rows/s"
    console.print(f"sent in {report['seconds']:.1f} s ({rates}), {report['total_seconds']:.1f} s in all")
