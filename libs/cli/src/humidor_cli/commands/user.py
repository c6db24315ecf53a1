"""``humidor user``: the people who may log in."""

import json
from typing import Annotated, Any

import typer

from humidor_cli.commands.options import AsJson

app = typer.Typer(
    help="Add, list, disable and enable users, reset passwords.", no_args_is_help=True, rich_markup_mode=None
)

_PATIENCE_SECONDS = 10.0

Username = Annotated[str, typer.Argument(help="Small letters, digits and . _ @ -")]
Reason = Annotated[str | None, typer.Option(help="Why, for the audit trail.")]


@app.command("add")
def add(
    username: Username,
    *,
    role: Annotated[list[str], typer.Option(help="admin, manager, analyst, quality, clerk or auditor.")],
    store: Annotated[
        list[str] | None, typer.Option(help="Bind to this store; every store if absent.")
    ] = None,
    name: Annotated[str, typer.Option(help="The name to show.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a user and print the one-time password, which the first log-in replaces.

    Example:  humidor user add li.na --role manager --store S0001 --store S0002 --name 李娜
    """
    new = {"username": username, "display_name": name, "roles": role, "stores": store}
    _show_password(_call("POST", "/v1/users", new), as_json=as_json)


@app.command("list")
def list_users(*, as_json: AsJson = False) -> None:
    """List the users.

    Example:  humidor user list
    """
    from humidor_cli.client import Client
    from humidor_cli.target import Target

    with Client(Target.from_environment(), patience_seconds=_PATIENCE_SECONDS) as client:
        items = list(client.pages("gateway", "/v1/users"))
    if as_json:
        typer.echo(json.dumps({"items": items}))
        return
    for item in items:
        stores = "every store" if item["stores"] is None else ",".join(item["stores"]) or "no store"
        typer.echo(f"{item['username']:24}  {item['state']:8}  {','.join(item['roles'])}  {stores}")


@app.command("disable")
def disable(username: Username, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Shut a user out; sessions end at once, tokens already given within 15 minutes.

    Example:  humidor user disable li.na --reason "left the company"
    """
    _change_state(username, "disabled", reason, as_json=as_json)


@app.command("enable")
def enable(username: Username, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Let a disabled user in again.

    Example:  humidor user enable li.na
    """
    _change_state(username, "active", reason, as_json=as_json)


@app.command("reset-password")
def reset_password(username: Username, *, as_json: AsJson = False) -> None:
    """Replace a forgotten password by a one-time password.

    Example:  humidor user reset-password admin
    """
    _show_password(_call("POST", f"/v1/users/{_segment(username)}:reset-password", None), as_json=as_json)


def _change_state(username: str, state: str, reason: str | None, *, as_json: bool) -> None:
    changed = _call("PATCH", f"/v1/users/{_segment(username)}", {"state": state, "reason": reason})
    typer.echo(json.dumps(changed) if as_json else f"{changed['username']} is {changed['state']}.")


def _show_password(made: dict[str, Any], *, as_json: bool) -> None:
    shown = {"username": made["user"]["username"], "password": made["one_time_password"]}
    text = f"user               {shown['username']}\none-time password  {shown['password']}"
    typer.echo(json.dumps(shown) if as_json else text)


def _call(method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    from humidor_cli.client import Client
    from humidor_cli.target import Target

    with Client(Target.from_environment(), patience_seconds=_PATIENCE_SECONDS) as client:
        document: dict[str, Any] = client.call("gateway", method, path, body=body).document
    return document


def _segment(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
