"""``humidor token``."""

import json
from typing import Annotated

import typer

from humidor_cli.commands.options import AsJson


def token(
    *,
    role: Annotated[list[str], typer.Option(help="admin, manager, analyst, quality, clerk or auditor.")],
    store: Annotated[
        list[str] | None, typer.Option(help="Bind it to this store; every store if absent.")
    ] = None,
    subject: Annotated[str, typer.Option(help="Whom the audit trail shall name.")] = "humidor-cli",
    minutes: Annotated[float, typer.Option(help="How long it is valid.", min=1, max=1440)] = 60,
    as_json: AsJson = False,
) -> None:
    """Print an access token, signed with the key in HUMIDOR_HOME.

    Whoever can read that key needs no password; --role and --store may be given more than once.

    Example:  curl -H "Authorization: Bearer $(humidor token --role admin)" localhost:8080/inventory/v1/stock
    """
    from humidor_cli.errors import CliError
    from humidor_cli.home import Home
    from humidor_common.auth import issue_token, load_signing_keys

    home = Home.from_environment()
    try:
        key = load_signing_keys(home.signing_key)[0]
    except FileNotFoundError as error:
        raise CliError(
            f"there is no signing key in {home.directory} yet; start it with: humidor up"
        ) from error
    except (OSError, ValueError) as error:
        raise CliError(f"the signing key cannot be read: {error}") from error
    try:
        made = issue_token(key, subject=subject, roles=role, stores=store, ttl_seconds=minutes * 60)
    except ValueError as error:
        raise CliError(str(error)) from error
    typer.echo(json.dumps({"token": made}) if as_json else made)
