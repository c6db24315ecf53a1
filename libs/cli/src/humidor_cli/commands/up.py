"""``humidor up``: the whole system, in the foreground or behind."""

from typing import Annotated

import typer

from humidor_cli.commands.options import AsJson


def up(
    *,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return once everything is ready; stop it with humidor down.")
    ] = False,
    sample: Annotated[bool, typer.Option(help="Load the sample business when the system is new.")] = True,
    as_json: AsJson = False,
    report_fd: Annotated[int, typer.Option(hidden=True)] = -1,
) -> None:
    """Start the whole system; Ctrl-C stops it and the data stay.

    PostgreSQL, Kafka and every service are started and watched; one that crashes is started again.
    State lies in HUMIDOR_HOME (default .humidor), the gateway listens on HUMIDOR_PORT (default 8080).

    Example:  HUMIDOR_PORT=9090 HUMIDOR_HOME=/tmp/trial humidor up --detach
    """
    from humidor_cli.home import Home
    from humidor_cli.run import detached, foreground

    home = Home.from_environment()
    if detach:
        status = detached.start(home, sample=sample, as_json=as_json)
    elif report_fd >= 0:
        status = detached.serve(home, sample=sample, report_fd=report_fd)
    else:
        status = foreground.run(home, sample=sample, as_json=as_json)
    raise typer.Exit(status)
