"""What the benches found: a table to read, and build/bench.json to compare releases by."""

import fcntl
import operator
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import force_setattr

RESULTS = Path("build/bench.json")

Better = Literal["higher", "lower"]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One figure.

    `limit` is what was measured in the same run and `ratio` is value / limit; both are None for a figure
    that stands for itself. `target` is about the ratio where there is one, else about the value.
    """

    name: str
    unit: str
    value: float
    limit: float | None = None
    ratio: float | None = None
    better: Better = "higher"
    note: str = ""
    target: float | None = None
    met: bool | None = None

    def __post_init__(self) -> None:
        ratio = self.value / self.limit if self.limit else None
        judged = self.value if ratio is None else ratio
        reaches = operator.ge if self.better == "higher" else operator.le
        derived = {
            "value": _rounded(self.value),
            "limit": None if self.limit is None else _rounded(self.limit),
            "ratio": None if ratio is None else _rounded(ratio),
            "met": None if self.target is None else reaches(judged, self.target),
        }
        for name, value in derived.items():
            force_setattr(self, name, value)


def read(path: Path = RESULTS) -> list[Result]:
    return msgspec.json.decode(path.read_bytes(), type=list[Result]) if path.exists() else []


def merge(new: Iterable[Result], path: Path = RESULTS) -> list[Result]:
    """Put new figures in the place of those of the same name, keep the others, and write the file.

    Two runs at once wait for each other.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        merged = {each.name: each for each in read(path)} | {each.name: each for each in new}
        results = [merged[name] for name in sorted(merged)]
        path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    return results


def table(results: Sequence[Result]) -> str:
    head = ("name", "value", "unit", "limit", "ratio", "target", "", "note")
    rows = [head, *(_row(each) for each in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head) - 1)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].ljust(widths[2])]
        cells += [row[column].rjust(widths[column]) for column in (3, 4, 5)]
        lines.append("  ".join([*cells, row[6].ljust(widths[6]), row[7]]).rstrip())
    return "\n".join(lines)


def markdown(results: Sequence[Result]) -> str:
    head = "| figure | value | limit in the same run | ratio | target | met | note |\n" + "|---" * 7 + "|"
    rows = [_row(each) for each in results]
    body = [f"| `{r[0]}` | {r[1]} {r[2]} | {r[3]} | {r[4]} | {r[5]} | {r[6]} | {r[7]} |" for r in rows]
    return "\n".join([head, *body])


def _row(each: Result) -> tuple[str, ...]:
    sign = "≥" if each.better == "higher" else "≤"
    target = "" if each.target is None else f"{sign} {_figure(each.target)}"
    met = {None: "", True: "yes", False: "NO"}[each.met]
    limit, ratio = (_figure(number) for number in (each.limit, each.ratio))
    return each.name, _figure(each.value), each.unit, limit, ratio, target, met, each.note


def _figure(number: float | None) -> str:
    if number is None:
        return ""
    if abs(number) >= 1000:
        return f"{number:,.0f}".replace(",", " ")
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def _rounded(number: float) -> float:
    return float(f"{number:.4g}") if abs(number) < 10_000 else float(round(number))
