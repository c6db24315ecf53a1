"""``humidor replay``: a sales file through the real API."""

from pathlib import Path
from typing import Annotated

import typer

from humidor_cli.commands.options import AsJson


def replay(  # noqa: PLR0913 - one parameter an option
    file: Annotated[Path, typer.Argument(help="CSV or NDJSON, plain or gzip.", exists=True, dir_okay=False)],
    *,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="YAML or JSON that names the columns; see docs/replay.md.")
    ] = None,
    stores: Annotated[
        int | None, typer.Option(help="Over how many stores customers are spread (8).", min=1, max=9999)
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Zone of moments that carry none (UTC), such as Europe/London.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Currency where the file has none (XXX).")] = None,
    opening: Annotated[
        int | None, typer.Option(help="Packs to open each position with; enough unless given.", min=0)
    ] = None,
    levels: Annotated[int, typer.Option(help="For how many best sellers a store to set levels.", min=0)] = 20,
    speed: Annotated[
        float | None, typer.Option(help="Seconds of the file in one second; as fast as it goes unless given.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Sales in one request.", min=1, max=1000)] = 200,
    restart: Annotated[bool, typer.Option("--restart", help="Send what was acknowledged again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Push a sales file through pos, as its terminals would.

    Registers the stores, products, opening stock and levels that the file needs, then sends its sales,
    returns and write-offs; stores side by side, each in its own order. A killed replay goes on where it was;
    a second one finds every document a duplicate and changes nothing.

    A product code becomes a GTIN-14 (itself, or 02 and its hash), a customer a member id; stores come from
    a store column, else from a hash of the customer. Positive lines are a sale, in parts of 500 lines;
    negative ones with a price, or of a C… document, a return that is linked to the latest sale of that
    customer and product; negative ones without a price a write-off. What moves no goods is reported.

    Example:  humidor replay sales.csv.gz --currency GBP --time-zone Europe/London --dry-run
    """
    from humidor_cli.replay.command import Wishes, run
    from humidor_cli.replay.mapping import choose_mapping
    from humidor_cli.replay.prepare import Supply

    chosen = choose_mapping(mapping, stores=stores, time_zone=time_zone, default_currency=currency)
    wishes = Wishes(
        supply=Supply(opening, levels),
        speed=speed,
        batch_sales=batch,
        restart=restart,
        dry_run=dry_run,
        ask=not yes,
        as_json=as_json,
    )
    raise typer.Exit(run(file, chosen, wishes))
