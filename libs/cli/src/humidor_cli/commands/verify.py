"""``humidor verify``: the books against the raw files and against themselves."""

from pathlib import Path
from typing import Annotated

import typer

from humidor_cli.commands.options import AsJson


def verify(  # noqa: PLR0913 - one parameter an option
    files: Annotated[
        list[Path] | None, typer.Argument(help="The files that were replayed.", exists=True, dir_okay=False)
    ] = None,
    *,
    mapping: Annotated[Path | None, typer.Option("--map", help="The mapping of the replay.")] = None,
    stores: Annotated[int | None, typer.Option(help="As in the replay.", min=1, max=9999)] = None,
    time_zone: Annotated[str | None, typer.Option(help="As in the replay.")] = None,
    currency: Annotated[str | None, typer.Option(help="As in the replay.")] = None,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long to wait until nothing is under way.")
    ] = 300.0,
    as_json: AsJson = False,
) -> None:
    """Prove that the books are right; exits 1 on any difference.

    Always: nothing is under way or dead-lettered, every balance is the sum of its ledger, and every fact of
    pos was applied by inventory exactly once.

    With the files that were replayed it adds up their raw rows by itself and compares, to the unit, the
    stock of each store and product (opening - sales + returns + receipts +/- adjustments) and the counts,
    quantities and amounts of sales and returns.

    Example:  humidor verify sales.csv.gz --currency GBP --time-zone Europe/London
    """
    from humidor_cli.replay.mapping import choose_mapping
    from humidor_cli.verify.command import run

    chosen = choose_mapping(mapping, stores=stores, time_zone=time_zone, default_currency=currency)
    raise typer.Exit(run(files or [], chosen, wait_seconds=wait, as_json=as_json))
