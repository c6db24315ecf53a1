"""``humidor import``: products, stock and the like out of a file of a spreadsheet."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from humidor_cli.commands.options import AsJson

_SHOWN_MISTAKES = 50
_PATIENCE_SECONDS = 300.0


def import_file(
    kind: Annotated[str, typer.Argument(help="products, suppliers, stores, opening-stock, levels …")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX.")],
    *,
    service: Annotated[str, typer.Option(help="The service whose data they are.")] = "inventory",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before writing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import a file: try it out, list every mistake by row and column, and write all of it or nothing.

    Exits 1 where the file has mistakes. With --json it writes only with --yes.

    Example:  humidor import products products.xlsx --dry-run
    """
    from humidor_cli import imports
    from humidor_cli.client import Client
    from humidor_cli.target import Target

    content = file.read_bytes()
    with Client(Target.from_environment(), patience_seconds=_PATIENCE_SECONDS) as client:
        report = imports.send(client, service, kind, content, dry_run=True)
        right = report["error_count"] == 0
        changes = report["created"] + report["changed"]
        if not as_json:
            _print(report)
        if right and not dry_run and changes and (yes or (not as_json and _agreed(changes))):
            report = imports.send(client, service, kind, content, dry_run=False)
            if not as_json:
                typer.echo(f"Written: {report['created']} created, {report['changed']} changed.")
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    raise typer.Exit(0 if right else 1)


def _agreed(changes: int) -> bool:
    return typer.confirm(f"Write {changes} rows?", err=True)


def _print(report: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console()
    for title, name in (("Mistakes", "errors"), ("Remarks", "warnings")):
        if report[name]:
            console.print(_table(title, report[name]))
        left = report[f"{name[:-1]}_count"] - len(report[name][:_SHOWN_MISTAKES])
        if left > 0:
            typer.echo(f"… and {left} more; --json lists them.")
    counts = f"{report['created']} new, {report['changed']} changed, {report['unchanged']} as they are"
    typer.echo(f"{report['rows']} rows: {counts}; {report['error_count']} mistakes.")


def _table(title: str, mistakes: list[dict[str, Any]]) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table("row", "column", "value", "what is wrong", "问题", title=title)
    for each in mistakes[:_SHOWN_MISTAKES]:
        texts = (each["column"], each["value"] or "", each["message"], each["message_zh"])
        table.add_row(str(each["row"]), *map(escape, texts))
    return table
