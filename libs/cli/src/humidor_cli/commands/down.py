"""``humidor down``."""

import json

import typer

from humidor_cli.commands.options import AsJson


def down(*, as_json: AsJson = False) -> None:
    """Stop the system; the data stay.

    Ends the supervisor of HUMIDOR_HOME, which stops its processes in order.

    Example:  humidor down
    """
    from humidor_cli.home import Home
    from humidor_cli.run.stop import stop

    stopped = stop(Home.from_environment())
    if as_json:
        typer.echo(json.dumps({"stopped": stopped}))
    else:
        typer.echo("Humidor has stopped." if stopped else "Humidor was not running.")
