"""``humidor terminal``: the tills and their keys."""

import json
from typing import Annotated

import typer

from humidor_cli.commands.options import AsJson

app = typer.Typer(help="Register, list and revoke terminals.", no_args_is_help=True, rich_markup_mode=None)

_PATIENCE_SECONDS = 10.0


@app.command("add")
def add(
    *,
    store: Annotated[str, typer.Option(help="The store whose sales it may send.")],
    name: Annotated[str, typer.Option(help="A name for people.")] = "",
    as_json: AsJson = False,
) -> None:
    """Register a terminal and print its key, which is shown this once.

    Example:  humidor terminal add --store S0001 --name "till 1" --json
    """
    from humidor_cli.client import Client
    from humidor_cli.target import Target

    with Client(Target.from_environment(), patience_seconds=_PATIENCE_SECONDS) as client:
        made = client.call("pos", "POST", "/v1/terminals", body={"store_id": store, "name": name}).document
    shown = {"terminal_id": made["terminal_id"], "key": made["key"]}
    typer.echo(json.dumps(shown) if as_json else f"terminal {shown['terminal_id']}\nkey      {shown['key']}")


@app.command("list")
def list_terminals(
    *,
    store: Annotated[str | None, typer.Option(help="Only those of this store.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the terminals.

    Example:  humidor terminal list --store S0001
    """
    from humidor_cli.client import Client
    from humidor_cli.target import Target

    with Client(Target.from_environment(), patience_seconds=_PATIENCE_SECONDS) as client:
        items = list(client.pages("pos", "/v1/terminals", store_id=store))
    if as_json:
        typer.echo(json.dumps({"items": items}))
        return
    for item in items:
        seen = item["last_seen_at"] or "never"
        typer.echo(
            f"{item['terminal_id']}  {item['store_id']}  {item['state']:8}  last seen {seen}  {item['name']}"
        )
    if not items:
        typer.echo("There is no terminal; make one with: humidor terminal add --store S0001")


@app.command("revoke")
def revoke(terminal_id: Annotated[str, typer.Argument()], *, as_json: AsJson = False) -> None:
    """Revoke a terminal's key for good.

    Example:  humidor terminal revoke 0192f3c4d5e6
    """
    from humidor_cli.client import Client
    from humidor_cli.target import Target

    with Client(Target.from_environment(), patience_seconds=_PATIENCE_SECONDS) as client:
        revoked = client.call("pos", "POST", f"/v1/terminals/{_segment(terminal_id)}:revoke").document
    typer.echo(json.dumps(revoked) if as_json else f"{terminal_id} is revoked.")


def _segment(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
