"""``humidor status``."""

import asyncio
import json
from typing import Annotated, Any

import typer

from humidor_cli.commands.options import AsJson


def status(
    *,
    wait: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Wait until all is ready and every event is consumed."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what runs and what is still under way.

    The lag counts events not yet published or consumed; dead letters wait for a person.
    Exits 0 when all is ready (with --wait: and nothing is under way any more), 1 otherwise.

    Example:  humidor status --json --wait 30
    """
    from humidor_cli.home import Home
    from humidor_cli.run.inspect import drained, inspect

    home = Home.from_environment()
    if wait is None:
        found = asyncio.run(inspect(home))
        ok = found["ready"]
    else:
        found, ok = asyncio.run(drained(home, wait))
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else _text(found))
    raise typer.Exit(0 if ok else 1)


def _text(found: dict[str, Any]) -> str:
    lines = [
        f"{'ready' if found['ready'] else 'NOT READY'} ({found['phase']})  {found['url'] or ''}".rstrip()
    ]
    for group in ("engines", "services"):
        for name, part in found[group].items():
            processes = part.get("processes", {"": part})
            words = ", ".join(
                f"{role} {each['state']} (pid {each['pid']})".strip() for role, each in processes.items()
            )
            lines.append(f"  {name:<12} {words}")
    lines.append(f"  lag {found['lag']}, dead letters {found['dead_letters']}")
    return "\n".join(lines)
