"""``humidor rebuild``: a service's projections anew from their topics."""

import json
from typing import Annotated, Any

import typer

from humidor_cli.commands.options import AsJson


def rebuild(
    service: Annotated[str, typer.Argument(help="pos, inventory, customers or forecasting.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Drop what a service keeps from events, read its topics again, and prove the two equal.

    All in one transaction: its consumers wait meanwhile, and a failure leaves everything as it was.
    Exits 1 where the rebuilt state differs from the one before.

    Example:  humidor rebuild inventory --yes
    """
    from humidor_cli import rebuild as rebuilding
    from humidor_cli.home import Home

    spec = rebuilding.service_named(service)
    home = Home.from_environment()
    if not yes:
        typer.confirm(
            f"Rebuild {service} from its topics? Its consumers wait meanwhile.", abort=True, err=True
        )
    outcomes = rebuilding.rebuild(home, spec) if as_json else _with_spinner(home, spec)
    equal = all(outcome["equal"] for outcome in outcomes)
    if as_json:
        typer.echo(json.dumps({"service": service, "equal": equal, "projections": outcomes}))
    else:
        for outcome in outcomes:
            _print(outcome)
    raise typer.Exit(0 if equal else 1)


def _with_spinner(home: Any, spec: Any) -> list[dict[str, Any]]:
    from rich.console import Console

    from humidor_cli import rebuild as rebuilding

    with Console(stderr=True).status(f"rebuilding {spec.name} from its topics …"):
        return rebuilding.rebuild(home, spec)


def _print(outcome: dict[str, Any]) -> None:
    counts = (
        f"{outcome['events_read']:,} events read, {outcome['events_applied']:,} applied, "
        f"{outcome['skipped']:,} skipped, {outcome['corrected']:,} corrected"
    )
    typer.echo(f"{outcome['projection']}: {counts}")
    typer.echo(f"  before  {json.dumps(outcome['before'], sort_keys=True)}")
    typer.echo(f"  after   {json.dumps(outcome['after'], sort_keys=True)}")
    typer.echo("  equal" if outcome["equal"] else "  NOT EQUAL")
