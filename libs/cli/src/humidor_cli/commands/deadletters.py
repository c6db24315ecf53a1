"""``humidor deadletters``: events that could not be applied, and what a person does about them."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from humidor_cli.commands.options import AsJson

app = typer.Typer(
    help="Look at events that could not be applied; retry or drop them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Service = Annotated[str | None, typer.Option(help="Only those of this service.")]
_SHOWN_REASON = 90


@app.command("list")
def list_letters(
    *,
    service: Service = None,
    state: Annotated[str, typer.Option(help="open, retried or dropped.")] = "open",
    as_json: AsJson = False,
) -> None:
    """List dead letters, the oldest first.

    Example:  humidor deadletters list --service inventory
    """
    from humidor_cli import deadletters
    from humidor_cli.client import Client
    from humidor_cli.target import Target

    with Client(Target.from_environment()) as client:
        items = list(deadletters.list_letters(client, service, state))
    if as_json:
        typer.echo(json.dumps({"items": items}, ensure_ascii=False))
        return
    for item in items:
        reason = item["reason"].partition("\n")[0][:_SHOWN_REASON]
        place = f"{item['topic']}/{item['partition']}/{item['kafka_offset']}"
        typer.echo(f"{item['dead_letter_id']}  {item['consumer']}  {place}  {item['created_at']}  {reason}")
    typer.echo(f"{len(items)} dead letters are {state}.")


@app.command("show")
def show(dead_letter_id: Annotated[str, typer.Argument()], *, as_json: AsJson = False) -> None:
    """Show one with its event and the reason.

    Example:  humidor deadletters show 019aaf6e-5c00-7000-8000-000000000001
    """
    from humidor_cli import deadletters
    from humidor_cli.client import Client
    from humidor_cli.target import Target

    with Client(Target.from_environment()) as client:
        letter = deadletters.find_letter(client, dead_letter_id)
    if as_json:
        typer.echo(json.dumps(letter, ensure_ascii=False))
        return
    for name, value in letter.items():
        shown = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
        typer.echo(f"{name:<16} {'' if shown is None else shown}")


@app.command("retry")
def retry(
    dead_letter_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Retry all that are open.")] = False,
    service: Service = None,
    as_json: AsJson = False,
) -> None:
    """Apply events again after their cause is mended; exits 1 where one still fails.

    Example:  humidor deadletters retry --all --service inventory
    """
    from humidor_cli import deadletters
    from humidor_cli.client import Client
    from humidor_cli.errors import CliError
    from humidor_cli.target import Target

    if bool(dead_letter_ids) == every:
        raise CliError("name the dead letters to retry, or say --all")
    with Client(Target.from_environment()) as client:
        if every:
            letters = list(deadletters.list_letters(client, service, "open"))
        else:
            letters = [deadletters.find_letter(client, each) for each in dead_letter_ids or ()]
        _finish(deadletters.retry(client, letters), as_json=as_json)


@app.command("drop")
def drop(
    dead_letter_ids: Annotated[list[str], typer.Argument(metavar="ID...")],
    *,
    reason: Annotated[str, typer.Option(help="Why they may be given up; kept in the audit trail.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give events up for good.

    Example:  humidor deadletters drop 019aaf6e-5c00-7000-8000-000000000001 --reason "test data"
    """
    from humidor_cli import deadletters
    from humidor_cli.client import Client
    from humidor_cli.target import Target

    with Client(Target.from_environment()) as client:
        letters = [deadletters.find_letter(client, each) for each in dead_letter_ids]
        if not yes:
            typer.confirm(f"Drop {len(letters)} events for good?", abort=True, err=True)
        _finish(deadletters.drop(client, letters, reason), as_json=as_json)


def _finish(settled: Sequence[Any], *, as_json: bool) -> None:
    import msgspec

    still_open = sum(each.state == "open" for each in settled)
    if as_json:
        typer.echo(json.dumps({"items": msgspec.to_builtins(settled), "still_open": still_open}))
    else:
        for each in settled:
            detail = f"  {each.detail}" if each.detail else ""
            typer.echo(f"{each.dead_letter_id}  {each.service}  {each.state}{detail}")
        typer.echo(f"{len(settled) - still_open} settled, {still_open} still open.")
    raise typer.Exit(1 if still_open else 0)
