"""One replay from the command line: look, ask, prepare, send, report."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import typer

from humidor_cli.client import Client
from humidor_cli.replay.drain import wait_until_drained
from humidor_cli.replay.files import SalesFile, open_sales_file
from humidor_cli.replay.mapping import Mapping
from humidor_cli.replay.prepare import Preparation, Prepared, Supply
from humidor_cli.replay.progress import Progress
from humidor_cli.replay.report import print_outcome, print_survey
from humidor_cli.replay.send import Outcome, Pace, Sender
from humidor_cli.replay.survey import Survey
from humidor_cli.target import Target

_DRAIN_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the operator asked for besides the mapping."""

    supply: Supply
    speed: float | None
    batch_sales: int
    restart: bool
    dry_run: bool
    ask: bool
    as_json: bool


def run(path: Path, mapping: Mapping, wishes: Wishes) -> int:
    """Replay the file; returns the exit status, 1 where a document was not taken."""
    file = open_sales_file(path, mapping)
    survey = file.survey()
    if wishes.dry_run:
        file.count_documents(survey)
    looked = {"file": str(path), "found": file.described(), **survey.described()}
    if not wishes.as_json:
        print_survey(looked)
    if wishes.dry_run:
        if wishes.as_json:
            typer.echo(json.dumps(looked, ensure_ascii=False))
        return 0
    return _replay(file, survey, looked, wishes)


def _replay(file: SalesFile, survey: Survey, looked: dict[str, Any], wishes: Wishes) -> int:
    began = time.monotonic()
    target = Target.from_environment()
    progress = Progress(target.home, file.path, file.mapping)
    again = progress.under_another_mapping()
    if again:
        typer.echo("This file was sent under another mapping before; its sales will count again.", err=True)
    if wishes.ask and not wishes.as_json and sys.stdin.isatty():
        typer.confirm(f"Send {survey.rows:,} rows to {target.addresses['pos']}?", abort=True)
    if wishes.restart:
        progress.forget()
    with Client(target) as client:
        prepared = _prepare(client, file, survey, wishes)
        outcome = _send(client, file, survey, (prepared, progress, wishes))
    # Finished with refusals too: the next run sends all again, and so what was refused.
    progress.close(finished=True)
    taken = outcome.total("conflict", "rejected") == 0
    registered = ("stores", "products", "opening_units", "levels")
    report = {
        **looked,
        "sent_under_another_mapping": again,
        "registered": {name: getattr(prepared, name) for name in registered},
        **outcome_document(outcome),
        "total_seconds": round(time.monotonic() - began, 2),
    }
    if wishes.as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        print_outcome(report)
    return 0 if taken else 1


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """Give what became of the documents as JSON-ready data, with the rates."""
    seconds = max(outcome.seconds, 0.001)
    sales = outcome.results.get("sale", Counter())
    return {
        "results": {kind: dict(counts) for kind, counts in outcome.results.items()},
        "acknowledged_before": outcome.skipped,
        "problems": msgspec.to_builtins(outcome.problems),
        "seconds": round(outcome.seconds, 2),
        "sales_per_second": round(sum(sales.values()) / seconds, 1),
        "rows_per_second": round(outcome.rows / seconds, 1),
    }


def _prepare(client: Client, file: SalesFile, survey: Survey, wishes: Wishes) -> Prepared:
    def note(text: str) -> None:
        if not wishes.as_json:
            typer.echo(f"  {text}")

    prepared = Preparation(client, file, survey, note).run(wishes.supply)
    # pos learns of products and stores over the bus; a sale that comes first would be flagged as unknown.
    wait_until_drained(client, seconds=_DRAIN_SECONDS)
    return prepared


def _send(
    client: Client, file: SalesFile, survey: Survey, given: tuple[Prepared, Progress, Wishes]
) -> Outcome:
    prepared, progress, wishes = given
    rows = survey.rows - survey.kinds["reported"]
    with _bar(rows, visible=not wishes.as_json) as advance:
        sender = Sender(
            client,
            prepared.keys,
            progress,
            batch_sales=wishes.batch_sales,
            written_off=prepared.written_off,
            advance=advance,
        )
        try:
            return sender.run(file.documents(survey), Pace(wishes.speed))
        except BaseException:
            progress.close(finished=False)
            raise


@contextmanager
def _bar(total: int, *, visible: bool) -> Iterator[Callable[[int], None]]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f} rows/s" if task.speed else "")

    bar = Bar(
        TextColumn("sending rows"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        disable=not visible,
    )
    with bar:
        task = bar.add_task("rows", total=total)
        yield lambda rows: bar.advance(task, rows)
