"""Finds out how a text file is encoded and how its cells are set apart."""

import csv
import io
import unicodedata
from collections.abc import Iterator

DELIMITERS = ",;\t"
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode(content: bytes) -> tuple[str | None, str]:
    """Give the text and the encoding: UTF-8 with or without its mark, UTF-16 with one, else GB 18030 (GBK).

    The text is None where it is none of them.
    """
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        try:
            return content.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    return None, "unknown"


def find_delimiter(text: str) -> str:
    """Take of comma, semicolon and tab the one that stands most often in the first line outside of quotes."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(head.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def read_cells(text: str, delimiter: str) -> Iterator[list[str]]:
    """Give every row, the empty ones too; line breaks inside of quotes belong to the cell.

    Raises:
        csv.Error: It is no table.
    """
    yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def plain(cell: str) -> str:
    """Bring full-width digits and letters to their plain forms, and spaces and marks off the ends."""
    return unicodedata.normalize("NFKC", cell).strip().strip("\ufeff").strip()
