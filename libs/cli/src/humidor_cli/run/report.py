"""What the person who starts the system sees: a live table, plain lines, or JSON lines."""

import json
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, Any, Protocol

MARKS = {"ready": "[green]✓[/]", "done": "[green]✓[/]", "failed": "[red]✗[/]", "restarting": "[yellow]↻[/]"}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What is printed once everything runs."""

    url: str
    docs: str
    pos_url: str
    home: str
    seconds: float
    admin_username: str | None = None
    admin_password: str | None = None
    curl: str | None = None
    mqtt: str | None = None
    detached: bool = False


class Reporter(Protocol):
    """Where the supervisor's news go."""

    def step(self, name: str, state: str, words: str = "") -> None: ...
    def note(self, text: str) -> None: ...
    def ready(self, summary: Summary) -> None: ...
    def close(self) -> None: ...


class PlainReporter:
    """One line for each thing that happened; for logs, CI and pipes."""

    def step(self, name: str, state: str, words: str = "") -> None:
        if words or state not in {"waiting", "preparing"}:
            self.note(f"{name}: {state}{f' ({words})' if words else ''}")

    def note(self, text: str) -> None:
        # A terminal that was closed must not keep the system from stopping in good order.
        with suppress(OSError):
            print(text, flush=True)  # noqa: T201 - this is the command's output

    def ready(self, summary: Summary) -> None:
        self.note(render(summary))

    def close(self) -> None:
        """Nothing is held open."""


class JsonReporter:
    """One JSON object a line; the last one is the summary or the error."""

    def __init__(self, stream: IO[str] = sys.stdout) -> None:
        self._stream = stream

    def step(self, name: str, state: str, words: str = "") -> None:
        self._write({"step": name, "state": state, "detail": words})

    def note(self, text: str) -> None:
        self._write({"note": text})

    def ready(self, summary: Summary) -> None:
        self._write({"summary": asdict(summary)})

    def close(self) -> None:
        """The stream belongs to the caller."""

    def _write(self, document: dict[str, Any]) -> None:
        with suppress(OSError):
            self._stream.write(json.dumps(document, ensure_ascii=False) + "\n")
            self._stream.flush()


class LiveReporter:
    """A table that changes in place while the system starts, plain lines afterwards."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(highlight=False)
        self._rows: dict[str, tuple[str, str]] = {}
        self._live: Live | None = Live(self._table(), console=self._console, refresh_per_second=10)
        self._live.start()

    def step(self, name: str, state: str, words: str = "") -> None:
        self._rows[name] = (state, words)
        if self._live is not None:
            self._live.update(self._table())
        else:
            self._console.print(f"{MARKS.get(state, '·')} {name}: {state} {words}")

    def note(self, text: str) -> None:
        with suppress(OSError):
            self._console.print(text, markup=False)

    def ready(self, summary: Summary) -> None:
        self.close()
        # Printed without wrapping, so that the command can be copied.
        self._console.print(render(summary), soft_wrap=True, markup=False)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _table(self) -> Any:
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for name, (state, words) in self._rows.items():
            busy = state in {"preparing", "starting", "running"}
            mark = Spinner("dots") if busy else Text.from_markup(MARKS.get(state, "·"))
            table.add_row(mark, name, state, Text(words.partition("\n")[0], style="dim"))
        return table


def render(summary: Summary) -> str:
    lines = [
        "",
        f"Humidor is ready after {summary.seconds:.1f} s.",
        "",
        f"  gateway        {summary.url}",
        f"  API pages      {summary.docs}",
        f"  for terminals  {summary.pos_url}   (pos itself; the gateway's /pos does as well)",
        f"  state and logs {summary.home}",
    ]
    if summary.mqtt:
        lines += [
            f"  MQTT           {summary.mqtt}   (for a look: it keeps nothing that is not taken at once, and",
            "                 nothing over a restart; HUMIDOR_INVENTORY_MQTT_URL names a Mosquitto instead)",
        ]
    if summary.admin_password:
        lines += [
            "",
            f"  log in as      {summary.admin_username}",
            f"  password       {summary.admin_password}   (shown this once; change it at the first log-in)",
        ]
    if summary.curl:
        lines += ["", "Sell two packs in the sample business:", "", summary.curl]
    stop = "humidor down" if summary.detached else "Ctrl-C"
    return "\n".join([*lines, "", f"{stop} stops everything; the data stay (humidor reset deletes them)."])
