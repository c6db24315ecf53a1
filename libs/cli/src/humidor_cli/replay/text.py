"""Opens a text file of any origin: gzip or plain, and whichever encoding its bytes turn out to be."""

import codecs
import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

GZIP_MAGIC = b"\x1f\x8b"
CHUNK_BYTES = 1 << 20
SEPARATORS = (",", ";", "\t", "|")
_SAMPLE_LINES = 30
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open the content, unpacked where the file is gzip by its first bytes (its name does not matter)."""
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        if not packed:
            yield raw
            return
        with gzip.open(raw) as unpacked:
            yield cast("IO[bytes]", unpacked)


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[io.TextIOWrapper]:
    """Open the content as text; a byte that is none of the encoding's is shown as U+FFFD."""
    with open_bytes(path) as content:
        yield io.TextIOWrapper(content, encoding=encoding, errors="replace", newline="")


def detect_encoding(path: Path) -> str:
    """Name the encoding by its mark, by being valid UTF-8, by its pairs of high bytes (GBK), or Latin."""
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8, high, pairs = True, 0, 0
    with open_bytes(path) as content:
        chunk = content.read(CHUNK_BYTES)
        for mark, name in _BOMS.items():
            if chunk.startswith(mark):
                return name
        while chunk:
            if is_utf8:
                try:
                    utf8.decode(chunk)
                except UnicodeDecodeError:
                    is_utf8 = False
            if not is_utf8 and not chunk.isascii():
                more_high, more_pairs = _high_pairs(chunk)
                high, pairs = high + more_high, pairs + more_pairs
            chunk = content.read(CHUNK_BYTES)
    if is_utf8:
        return "utf-8"
    # Chinese comes in pairs of high bytes; in Western text an accented letter mostly stands alone.
    return "gb18030" if pairs * 2 > high / 2 else "cp1252"


def _high_pairs(chunk: bytes) -> tuple[int, int]:
    """Count bytes of 0xA1 and above, and how many pairs of them stand together."""
    high = sum(1 for byte in chunk if byte >= 0xA1)
    pairs = at = 0
    while at < len(chunk) - 1:
        if chunk[at] >= 0xA1 and chunk[at + 1] >= 0xA1:
            pairs += 1
            at += 1
        at += 1
    return high, pairs


def detect_separator(lines: list[str]) -> str:
    """Choose the separator that cuts the first lines into the most columns, the same number in each."""
    best, best_score = ",", (0.0, 0)
    for separator in SEPARATORS:
        widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        if not widths or widths[0] < 2:
            continue
        alike = sum(1 for width in widths if width == widths[0]) / len(widths)
        if (alike, widths[0]) > best_score:
            best, best_score = separator, (alike, widths[0])
    return best


def first_lines(path: Path, encoding: str) -> list[str]:
    with open_text(path, encoding) as text:
        return [line for _, line in zip(range(_SAMPLE_LINES), text, strict=False)]


def raw_rows(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    """Yield every row as its cells; `whitespace` as the separator means runs of spaces and tabs."""
    with open_text(path, encoding) as text:
        if separator == "whitespace":
            yield from (line.split() for line in text)
        else:
            yield from csv.reader(text, delimiter=separator)
