"""``humidor analyst``."""

import json
from typing import Annotated

import typer

from humidor_cli.commands.options import AsJson


def analyst(
    service: Annotated[str, typer.Argument(help="Whose views: forecasting.")] = "forecasting",
    *,
    as_json: AsJson = False,
) -> None:
    """Print the connection string of the role that reads a service's views and can do nothing else.

    Example:  psql "$(humidor analyst)" -c "SELECT * FROM scores LIMIT 5"
    """
    from humidor_cli.errors import CliError
    from humidor_cli.home import Home
    from humidor_cli.services import SERVICES
    from humidor_embedded.postgres import PostgresServer

    spec = next((each for each in SERVICES if each.name == service and each.has_views), None)
    if spec is None:
        names = ", ".join(each.name for each in SERVICES if each.has_views)
        raise CliError(f"{service} has no views for analysts; these have: {names}")
    home = Home.from_environment()
    password = home.read("secrets/database.json").get(spec.reader_in_database)
    if password is None:
        raise CliError(f"there is no such role in {home.directory} yet; start it with: humidor up")
    dsn = PostgresServer(home.postgres).dsn(spec.name, spec.reader_in_database, password)
    typer.echo(json.dumps({"dsn": dsn}) if as_json else dsn)
