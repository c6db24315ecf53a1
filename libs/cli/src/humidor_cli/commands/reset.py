"""``humidor reset``."""

import json
from typing import Annotated

import typer

from humidor_cli.commands.options import AsJson


def reset(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the data (asks first).

    Every sale, product, user, secret and log in HUMIDOR_HOME goes.

    Example:  humidor down && humidor reset
    """
    from humidor_cli.errors import CliError
    from humidor_cli.home import Home

    home = Home.from_environment()
    if home.is_running():
        raise CliError("Humidor is running; stop it first: humidor down")
    if not yes:
        typer.confirm(f"Delete every sale, product, user and log in {home.directory}?", abort=True, err=True)
    deleted = home.wipe()
    if as_json:
        typer.echo(json.dumps({"home": str(home.directory), "deleted": deleted}))
    else:
        typer.echo(f"{home.directory} is empty." if deleted else f"There was nothing in {home.directory}.")
