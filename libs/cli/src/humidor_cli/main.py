"""The ``humidor`` command; each command's work is imported when it is called, so that help is quick."""

import sys

import typer

from humidor_cli.commands import (
    analyst,
    deadletters,
    down,
    import_file,
    rebuild,
    replay,
    reset,
    status,
    terminal,
    token,
    up,
    user,
    verify,
)
from humidor_cli.errors import CliError

app = typer.Typer(
    name="humidor",
    help="Run, inspect and operate a Humidor system.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("up")(up.up)
app.command("down")(down.down)
app.command("status")(status.status)
app.command("reset")(reset.reset)
app.command("replay")(replay.replay)
app.command("verify")(verify.verify)
app.command("import")(import_file.import_file)
app.command("rebuild")(rebuild.rebuild)
app.command("token")(token.token)
app.command("analyst")(analyst.analyst)
app.add_typer(deadletters.app, name="deadletters")
app.add_typer(terminal.app, name="terminal")
app.add_typer(user.app, name="user")


def main() -> None:
    """Run the command line; what a command cannot do is said in one message, without a traceback."""
    from humidor_embedded.errors import EmbeddedError

    try:
        app()
    except (CliError, EmbeddedError) as error:
        print(f"humidor: {error}", file=sys.stderr)  # noqa: T201 - the command's own words
        sys.exit(1)


if __name__ == "__main__":
    main()
