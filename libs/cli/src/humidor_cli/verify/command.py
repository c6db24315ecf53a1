"""One verification from the command line."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import typer

from humidor_cli.client import Client
from humidor_cli.replay.documents import write_off_lot
from humidor_cli.replay.drain import wait_until_drained
from humidor_cli.replay.files import is_documents
from humidor_cli.replay.mapping import Mapping
from humidor_cli.target import Target
from humidor_cli.verify.actual import all_store_ids, load_factors, load_stores
from humidor_cli.verify.checks import Check, file_checks, ledger_check, once_check, quiet_checks
from humidor_cli.verify.expected import Expected, Factors, add_table
from humidor_cli.verify.expected_documents import add_documents

_SHOWN_DIFFERENCES = 20


def run(files: Sequence[Path], mapping: Mapping, *, wait_seconds: float, as_json: bool) -> int:
    """Verify; returns the exit status, 1 on any difference."""
    began = time.monotonic()
    with Client(Target.from_environment(), patience_seconds=600) as client:
        checks = [
            *quiet_checks(client, wait_until_drained(client, seconds=wait_seconds)),
            ledger_check(client),
        ]
        expected = _expected(files, mapping, load_factors(client)) if files else None
        stores = load_stores(client, all_store_ids(client) | (expected.stores if expected else set()))
        checks += once_check(stores)
        if expected is not None:
            checks += file_checks(expected, [store for store in stores if store.store_id in expected.stores])
    equal = all(check.equal for check in checks)
    seconds = time.monotonic() - began
    if as_json:
        report = {"equal": equal, "checks": msgspec.to_builtins(checks), "seconds": round(seconds, 2)}
        if expected is not None:
            report["rows"] = expected.rows
            report["rows_not_counted"] = expected.not_counted
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print(checks, expected)
        typer.echo(f"{'All equal' if equal else 'NOT EQUAL'}, in {seconds:.1f} s.")
    return 0 if equal else 1


def _expected(files: Sequence[Path], mapping: Mapping, factors: Factors) -> Expected:
    expected = Expected(write_off_lots={write_off_lot(mapping.source)})
    for path in files:
        if is_documents(path):
            add_documents(path, factors, expected)
        else:
            add_table(path, mapping, factors, expected)
    return expected


def _print(checks: Sequence[Check], expected: Expected | None) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Column, Table

    console = Console(highlight=False)
    if expected is not None:
        count = f"{expected.rows:,} rows added up, {expected.not_counted:,} of them move no goods"
        console.print(f"{count}; {len(expected.stores)} stores")
    table = Table(
        Column("what", no_wrap=True),
        *(Column(name, justify="right", no_wrap=True) for name in ("should be", "is", "compared")),
        Column(""),
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for check in checks:
        table.add_row(
            check.name,
            _figure(check.expected),
            _figure(check.actual),
            f"{check.compared:,}",
            "equal" if check.equal else f"{len(check.differences):,} DIFFER",
        )
    console.print(table)
    for check in checks:
        for each in check.differences[:_SHOWN_DIFFERENCES]:
            words = f"{each.store_id} {each.what}: should be {_figure(each.expected)}"
            console.print(f"{check.name}: {words}, is {_figure(each.actual)}", markup=False)
        if len(check.differences) > _SHOWN_DIFFERENCES:
            console.print(f"… and {len(check.differences) - _SHOWN_DIFFERENCES} more (--json has them)")


def _figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
