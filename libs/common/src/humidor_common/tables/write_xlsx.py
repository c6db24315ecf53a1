"""Writes XLSX while the rows come.

openpyxl gives no byte before the last row is in and takes 20 times as long (docs/how-to/add-an-import.md);
here the zip goes out piece by piece and memory does not grow with the rows. ECMA-376 part 1, 18.3: texts
are inline strings, so no text is ever a formula, and a number in a text field keeps its zeros.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from humidor_common.tables.fields import FlatField, Value
from humidor_common.tables.pipe import Pipe

MAX_ROWS = 1_048_576
MAX_CHARACTERS = 32_767
_MAX_SHEET_BYTES = 1_500_000_000
"""The zip's own limit for an entry without the 64-bit form, which not every reader takes, is 2 GiB."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Style 1 is bold, for the headings; style 2 is the format "text", so that a cell that is edited stays text.
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf fontId="1" applyFont="1"/>'
    '<xf numFmtId="49" applyNumberFormat="1"/></cellXfs><cellStyles count="1">'
    '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BIGGEST_EXACT = 10**15


class XlsxWriter:
    """Gives the bytes of a file piece by piece; rows beyond a sheet's end go to another sheet."""

    media_type = f"{_TYPE}.sheet"
    suffix = "xlsx"

    def __init__(self, fields: Sequence[FlatField], title: str, *, max_rows: int = MAX_ROWS) -> None:
        self._names = [field.name for field in fields]
        self._title = re.sub(r"[\[\]:*?/\\']", " ", title).strip()[:24] or "list"
        self._max_rows = max_rows
        self._sink = Pipe()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        self._sheets = 0
        self._row = 0
        self._bytes = 0

    def begin(self) -> bytes:
        self._open_sheet()
        return self._sink.take()

    def rows(self, rows: Iterable[Sequence[Value]]) -> bytes:
        lines: list[str] = []
        for row in rows:
            if self._row + len(lines) >= self._max_rows or self._bytes > _MAX_SHEET_BYTES:
                self._write(lines)
                self._close_sheet()
                self._open_sheet()
                lines = []
            lines.append(_row_xml(row, 2))
        self._write(lines)
        return self._sink.take()

    def end(self) -> bytes:
        self._close_sheet()
        for name, text in self._other_parts():
            self._zip.writestr(name, text)
        self._zip.close()
        return self._sink.take()

    def _open_sheet(self) -> None:
        self._sheets += 1
        self._part = self._zip.open(f"xl/worksheets/sheet{self._sheets}.xml", "w")
        self._row = self._bytes = 0
        head = (
            f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView>'
            f"</sheetViews><sheetData>{_row_xml(self._names, 1)}"
        )
        self._write([head])

    def _write(self, lines: list[str]) -> None:
        piece = "".join(lines).encode()
        self._part.write(piece)
        self._row += len(lines)
        self._bytes += len(piece)

    def _close_sheet(self) -> None:
        self._part.write(b"</sheetData></worksheet>")
        self._part.close()

    def _other_parts(self) -> Iterator[tuple[str, str]]:
        numbers = range(1, self._sheets + 1)
        names = [self._title if n == 1 else f"{self._title} {n}" for n in numbers]
        types = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
            for n in numbers
        )
        content_types = (
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{types}</Types>'
        )
        yield "[Content_Types].xml", content_types
        yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, names, strict=True)
        )
        yield (
            "xl/workbook.xml",
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
        )
        parts = [("worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
        yield "xl/_rels/workbook.xml.rels", _relations([*parts, ("styles", "styles.xml")])
        yield "xl/styles.xml", _STYLES


def _relations(parts: list[tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(parts, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def _row_xml(row: Sequence[Value], text_style: int) -> str:
    return "<row>" + "".join([_cell_xml(value, text_style) for value in row]) + "</row>"


def _cell_xml(value: Value, text_style: int) -> str:
    if value is None or value == "":
        return "<c/>"
    if value is True or value is False:
        return f'<c t="b"><v>{value:d}</v></c>'
    if not isinstance(value, str):
        if abs(value) < _BIGGEST_EXACT:
            return f"<c><v>{value}</v></c>"
        value = str(value)  # a spreadsheet would round it
    if len(value) > MAX_CHARACTERS:
        value = value[: MAX_CHARACTERS - 1] + "…"
    text = escape(_UNFIT.sub("\ufffd", value)).replace("\r", "&#13;")
    return f'<c s="{text_style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
