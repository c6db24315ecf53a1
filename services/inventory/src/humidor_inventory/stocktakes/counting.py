"""Takes counts as devices send them: late, twice or out of order."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem
from humidor_inventory.stock.rules import UNATTRIBUTED
from humidor_inventory.stocktakes import queries
from humidor_inventory.stocktakes.files import ScannedFile
from humidor_inventory.stocktakes.opening import claim
from humidor_inventory.stocktakes.queries import Stocktake
from humidor_inventory.stocktakes.rules import COUNTABLE, round_of
from humidor_inventory.stocktakes.schemas import CountInput, CountResult, FileError, ImportReport
from humidor_inventory.units.queries import load_factors, load_unit_gtins
from humidor_inventory.units.rules import MAX_STICKS, Factors, Unit, to_sticks
from humidor_inventory.units.service import resolve_unit

Source = Literal["device", "file", "assumed"]
CLOCK_AHEAD = timedelta(minutes=5)
"""How far the clock of a device may be ahead; a count from further in the future is refused."""

_COLUMNS = {
    "unknown-product": "gtin",
    "not-covered": "gtin",
    "no-recount-needed": "gtin",
    "second-counter-needed": "gtin",
    "unit-mismatch": "unit",
    "no-lots-here": "lot",
    "too-much": "quantity",
    "counted-in-future": "counted_at",
    "counted-before-start": "counted_at",
}


class Known(NamedTuple):
    """What the database knows that a batch needs; the batch changes it as it goes."""

    counts: dict[UUID, Any]
    lines: dict[tuple[str, str], int]
    latest: dict[tuple[str, str, int, str], datetime]
    factors: dict[str, Factors]
    covered: set[str]
    units: dict[str, tuple[str, Unit]]


async def record_counts(
    conn: Connection,
    principal: Principal,
    stocktake: Stocktake,
    counts: Sequence[CountInput],
    *,
    now: datetime,
    source: Source = "device",
) -> list[CountResult]:
    """Take each count by itself, or say why not; the stocktake is locked by this transaction."""
    known = await _load(conn, stocktake, counts)
    batch = _Batch(stocktake, principal.subject, known, now, source)
    results = [batch.take(count) for count in counts]
    await _write(conn, principal, batch)
    return results


async def import_file(
    conn: Connection,
    principal: Principal,
    stocktake: Stocktake,
    file: ScannedFile,
    *,
    now: datetime,
    dry_run: bool,
) -> ImportReport:
    """Take the counts of a file, all or none; a dry run says what would become of them."""
    known = await _load(conn, stocktake, file.counts)
    batch = _Batch(stocktake, principal.subject, known, now, "file")
    results = [batch.take(count) for count in file.counts]
    errors = (
        file.errors
        + _counted_twice(file)
        + [
            FileError(
                row=file.first_rows[result.count_id],
                column=_COLUMNS.get(result.problem["code"], ""),
                message=result.problem["detail"],
            )
            for result in results
            if result.problem
        ]
    )
    written = not dry_run and not errors
    if written:
        await _write(conn, principal, batch)
    return ImportReport(
        dry_run=dry_run,
        written=written,
        rows=file.rows,
        lines=len(file.counts),
        encoding=file.encoding,
        delimiter=file.delimiter,
        errors=sorted(errors, key=lambda error: error.row),
        results=[] if errors else results,
    )


def _counted_twice(file: ScannedFile) -> list[FileError]:
    """Find what is counted under its own GTIN and that of a carton as well: one would replace the other."""
    errors: list[FileError] = []
    rows: dict[tuple[str, str | None], int] = {}
    for count in file.counts:
        row = file.first_rows[count.count_id]
        first = rows.setdefault((count.gtin, count.lot), row)
        if first != row:
            message = f"is a unit of the product of row {first}; count a product in one unit"
            errors.append(FileError(row=row, column="gtin", message=message))
    return errors


async def _write(conn: Connection, principal: Principal, batch: "_Batch") -> None:
    stocktake_id = batch.stocktake.stocktake_id
    if batch.claims:
        await claim(conn, batch.stocktake.store_id, stocktake_id, sorted(batch.claims))
    if batch.new_lines:
        await queries.add_lines(conn, stocktake_id, batch.new_lines)
    if batch.rows:
        await queries.store_counts(conn, stocktake_id, batch.rows)
        after = {"counts": [row[:1] + row[2:4] + row[7:9] for row in batch.rows], "source": batch.source}
        await audit.record(conn, principal, "count", "stocktake", str(stocktake_id), after=after)


async def _load(conn: Connection, stocktake: Stocktake, counts: Sequence[CountInput]) -> Known:
    units = await load_unit_gtins(conn, {count.gtin for count in counts})
    for count in counts:
        resolve_unit(count, units)
    gtins = sorted({count.gtin for count in counts})
    stocktake_id = stocktake.stocktake_id
    covered = await conn.fetch(
        "SELECT gtin FROM stocktake_products WHERE stocktake_id = $1 AND gtin = ANY($2::text[])",
        stocktake_id,
        gtins,
    )
    return Known(
        await queries.find_counts(conn, stocktake_id, {count.count_id for count in counts}),
        await queries.known_lines(conn, stocktake_id, gtins),
        await queries.latest_counts(conn, stocktake_id, gtins),
        await load_factors(conn, gtins),
        {row[0] for row in covered},
        units,
    )


class _Batch:
    """Decides on counts one after the other and gathers what is to be written."""

    def __init__(
        self, stocktake: Stocktake, counter: str, known: Known, now: datetime, source: Source
    ) -> None:
        self.stocktake = stocktake
        self.counter = counter
        self.known = known
        self.now = now
        self.source = source
        self.rows: list[tuple[Any, ...]] = []
        self.new_lines: list[tuple[str, str, int]] = []
        self.claims: set[str] = set()

    def take(self, count: CountInput) -> CountResult:
        seen = self.known.counts.get(count.count_id)
        if seen is not None:
            return self._repeated(count, seen)
        try:
            return self._accept(count)
        except Problem as problem:
            return CountResult(count_id=count.count_id, status="rejected", problem=problem.document())

    def _repeated(self, count: CountInput, seen: Any) -> CountResult:
        stated = (
            count.gtin,
            count.lot or UNATTRIBUTED,
            self.counter,
            count.counted_at,
            count.quantity,
            count.unit,
        )
        names = ("gtin", "lot", "counter", "stated_at", "quantity", "unit")
        if stated == tuple(seen[name] for name in names):
            return CountResult(count_id=count.count_id, status="duplicate", round=seen["round"])
        problem = Problem(409, "count-differs", "Another count came under this id before.")
        return CountResult(count_id=count.count_id, status="conflict", problem=problem.document())

    def _accept(self, count: CountInput) -> CountResult:
        if self.stocktake.state not in COUNTABLE:
            raise Problem(409, f"stocktake-{self.stocktake.state}", "It is not being counted.")
        counted_at = min(count.counted_at or self.now, self.now)
        if count.counted_at and count.counted_at > self.now + CLOCK_AHEAD:
            raise Problem(
                422, "counted-in-future", "counted_at is in the future; is the device's clock right?"
            )
        number = round_of(counted_at, self.stocktake.rounds)
        if not number:
            raise Problem(422, "counted-before-start", "It was counted before the stocktake began.")
        key = (count.gtin, count.lot or UNATTRIBUTED)
        sticks = self._sticks(count)
        self._check_line(key, number)
        latest = self.known.latest.get((*key, number, self.counter))
        self._note(key, number, counted_at)
        row = (count.count_id, number, *key, self.counter, counted_at, count.counted_at)
        self.rows.append((*row, count.quantity, count.unit, sticks, self.source))
        self.known.counts[count.count_id] = {
            "gtin": key[0],
            "lot": key[1],
            "counter": self.counter,
            "stated_at": count.counted_at,
            "quantity": count.quantity,
            "unit": count.unit,
            "round": number,
        }
        later = latest is not None and latest > counted_at
        return CountResult(
            count_id=count.count_id, status="superseded" if later else "accepted", round=number
        )

    def _sticks(self, count: CountInput) -> int:
        if count.lot and not self.stocktake.by_lot:
            raise Problem(422, "no-lots-here", "This stocktake counts products, not lots: leave the lot out.")
        if count.gtin in self.known.units:
            unit = self.known.units[count.gtin][1]
            raise Problem(422, "unit-mismatch", f"The GTIN is that of a {unit}.")
        factors = self.known.factors.get(count.gtin)
        if factors is None:
            raise Problem(422, "unknown-product", "There is no such product.")
        if count.gtin not in self.known.covered and self.stocktake.kind != "full":
            raise Problem(422, "not-covered", "This stocktake does not cover the product.")
        sticks = to_sticks(count.quantity, count.unit, factors)
        if sticks > MAX_STICKS:
            raise Problem(422, "too-much", f"{count.quantity} {count.unit} is more than stock can hold.")
        return sticks

    def _check_line(self, key: tuple[str, str], number: int) -> None:
        """Refuse in a recount what nobody asked for, and whoever made the count that is to be checked."""
        wanted = self.known.lines.get(key)
        if wanted is None and number > 1:
            asked = any(gtin == key[0] and n >= number for (gtin, _), n in self.known.lines.items())
            wanted = number if asked else None
        elif wanted is None:
            wanted = 1
        if wanted is None or wanted < number:
            raise Problem(409, "no-recount-needed", "This line is not to be counted again.")
        beside = ((*key, number - 1, self.counter), (*key, number + 1, self.counter))
        if any(place in self.known.latest for place in beside):
            raise Problem(409, "second-counter-needed", "Somebody else has to count this line again.")

    def _note(self, key: tuple[str, str], number: int, counted_at: datetime) -> None:
        if key not in self.known.lines:
            self.known.lines[key] = number
            self.new_lines.append((*key, number))
        if key[0] not in self.known.covered:
            self.known.covered.add(key[0])
            self.claims.add(key[0])
        place = (*key, number, self.counter)
        self.known.latest[place] = max(counted_at, self.known.latest.get(place, counted_at))
