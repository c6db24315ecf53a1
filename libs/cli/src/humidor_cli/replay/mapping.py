"""How a file's columns become sales: said by the operator where they say it, found out elsewhere."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec

from humidor_cli.errors import CliError
from humidor_cli.replay.columns import detect_columns
from humidor_cli.replay.moments import detect_format, sample_texts, zone_of
from humidor_cli.replay.numbers import DecimalMark, detect_mark, read_number
from humidor_cli.replay.rules import is_marked
from humidor_cli.replay.text import detect_encoding, detect_separator, first_lines, raw_rows

Column = str | int
COLUMN_FIELDS = (
    *("sale", "time", "clock", "product", "description", "quantity", "price", "amount"),
    *("currency", "customer", "store", "country", "returned"),
)
NUMBER_FIELDS = ("quantity", "price", "amount")
_NUMBER_SAMPLE_ROWS = 20_000


class MappingError(CliError):
    """The mapping does not fit the file, or is no mapping; the text says what to change."""


class Mapping(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A mapping file. A column is its name in the header or its number from 1; None is found out.

    `clock` is a time of day in a column of its own, `amount` a line's total in place of a unit price.
    `signed_returns` tells that returned rows carry negative quantities. `source` tells data sets apart
    whose sale numbers overlap: it is part of every id.
    """

    sale: Column | None = None
    time: Column | None = None
    clock: Column | None = None
    product: Column | None = None
    description: Column | None = None
    quantity: Column | None = None
    price: Column | None = None
    amount: Column | None = None
    currency: Column | None = None
    customer: Column | None = None
    store: Column | None = None
    country: Column | None = None
    returned: Column | None = None

    header: bool = True
    encoding: str | None = None
    separator: str | None = None
    time_format: str | None = None
    time_zone: str = "UTC"
    decimal: DecimalMark | None = None

    source: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,32}$")] = "file"
    default_currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")] = "XXX"
    stores: Annotated[int, msgspec.Meta(ge=1, le=9999)] = 8
    store_prefix: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{1,6}$")] = "R"
    return_prefix: str = "C"
    signed_returns: bool | None = None
    not_goods: list[str] = []


def load_mapping(path: Path) -> Mapping:
    """Read a mapping from YAML or JSON.

    Raises:
        MappingError: It is neither, or names a field that there is not.
    """
    content = path.read_bytes()
    try:
        if path.suffix.lower() == ".json":
            return msgspec.json.decode(content, type=Mapping)
        return msgspec.yaml.decode(content, type=Mapping)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: {error}") from error


class Layout(msgspec.Struct, frozen=True):
    """A mapping settled for one file: nothing in it is left to be found out."""

    path: Path
    mapping: Mapping
    places: dict[str, int]
    encoding: str
    separator: str
    time_format: str
    decimals: dict[str, DecimalMark]
    signed_returns: bool

    def described(self) -> dict[str, Any]:
        """Say what was found, for the report of a dry run."""
        return {
            "columns": {field: place + 1 for field, place in self.places.items()},
            "encoding": self.encoding,
            "separator": self.separator,
            "time_format": self.time_format,
            "time_zone": self.mapping.time_zone,
            "decimals": self.decimals,
            "signed_returns": self.signed_returns,
        }


def settle(path: Path, mapping: Mapping) -> Layout:
    """Look through the file for what the mapping leaves open.

    Raises:
        MappingError: A column that is needed is not there, or a setting makes no sense.
    """
    encoding = mapping.encoding or detect_encoding(path)
    try:
        zone_of(mapping.time_zone)
        lines = first_lines(path, encoding)
    except (LookupError, ValueError) as error:
        raise MappingError(str(error)) from error
    separator = mapping.separator or detect_separator(lines)
    header = next(raw_rows(path, encoding, separator), [])
    places = _places(header, mapping)
    sampled = _Sample(places, mapping)
    rows = raw_rows(path, encoding, separator)
    sampled.look_at(islice(rows, 1 if mapping.header else 0, None))
    return Layout(
        path=path,
        mapping=mapping,
        places=places,
        encoding=encoding,
        separator=separator,
        time_format=mapping.time_format or detect_format(sampled.times),
        decimals=sampled.marks,
        signed_returns=sampled.signed if mapping.signed_returns is None else mapping.signed_returns,
    )


def _places(header: list[str], mapping: Mapping) -> dict[str, int]:
    columns: dict[str, Column] = dict(detect_columns(header)) if mapping.header else {}
    said = {field: getattr(mapping, field) for field in COLUMN_FIELDS}
    columns.update({field: column for field, column in said.items() if column is not None})
    if "price" in columns and said["amount"] is None:
        columns.pop("amount", None)
    places = {field: _place(header, field, column) for field, column in columns.items()}
    if said["clock"] is None and places.get("clock") == places.get("time"):
        places.pop("clock", None)
    for field in ("product", "time"):
        if field not in places:
            raise MappingError(
                f"no column for {field} among {', '.join(header)[:500] or 'nothing'}: name it in a mapping"
            )
    return places


def _place(header: list[str], field: str, column: Column) -> int:
    if isinstance(column, int):
        if not 1 <= column <= max(len(header), 1):
            raise MappingError(f"{field}: there is no column {column}, the file has {len(header)}")
        return column - 1
    if column not in header:
        raise MappingError(f"{field}: there is no column {column} among {', '.join(header)[:500]}")
    return header.index(column)


class _Sample:
    """What a look at the whole file's times and returns, and at its first numbers, tells."""

    def __init__(self, places: dict[str, int], mapping: Mapping) -> None:
        self.places = places
        self.mapping = mapping
        self.times: list[str] = []
        # Each column has its own: data frames write 1.0 pieces beside a price of 0,90.
        self.marks: dict[str, DecimalMark] = {}
        self.signed = False

    def look_at(self, rows: Iterator[list[str]]) -> None:
        numbers: dict[str, list[str]] = {field: [] for field in NUMBER_FIELDS if field in self.places}
        signed: list[bool] = []

        def texts() -> Iterator[str]:
            last = None
            for at, row in enumerate(rows):
                if at < _NUMBER_SAMPLE_ROWS:
                    for field, found in numbers.items():
                        found.append(cell(row, self.places, field))
                if not signed and self._is_negative_return(row):
                    signed.append(True)
                text = time_text(row, self.places)
                if text and text != last:
                    last = text
                    yield text

        self.times = sample_texts(texts())
        self.marks = {field: self.mapping.decimal or detect_mark(found) for field, found in numbers.items()}
        # The dates may be known before the end of the file, the first returned row not.
        self.signed = bool(signed) or any(self._is_negative_return(row) for row in rows)

    def _is_negative_return(self, row: list[str]) -> bool:
        marked = is_marked(
            cell(row, self.places, "sale"), cell(row, self.places, "returned"), self.mapping.return_prefix
        )
        if not marked:
            return False
        quantity = read_number(cell(row, self.places, "quantity"))
        return quantity is not None and quantity < 0


def cell(row: list[str], places: dict[str, int], field: str) -> str:
    """Give a field's text, empty where the row or the file has none."""
    place = places.get(field)
    return row[place].strip() if place is not None and place < len(row) else ""


def time_text(row: list[str], places: dict[str, int]) -> str:
    """Give the moment's text, a time of day from its own column put behind the date."""
    day, clock = cell(row, places, "time"), cell(row, places, "clock")
    if not clock:
        return day
    # A date column that carries an empty time of day beside a real one: 2023-01-01 00:00:00 and 07:06:11.
    date_only = day.split(" ", 1)[0] if day.endswith(("00:00", "00:00:00")) else day
    return f"{date_only} {clock}"


def choose_mapping(path: Path | None, **said: Any) -> Mapping:
    """Read the mapping file, if there is one, with what the command line says put over it.

    Raises:
        MappingError: A value is not one that a mapping can have.
    """
    mapping = load_mapping(path) if path else Mapping()
    document = {**msgspec.to_builtins(mapping), **{name: v for name, v in said.items() if v is not None}}
    try:
        return msgspec.convert(document, Mapping)
    except msgspec.ValidationError as error:
        raise MappingError(str(error)) from error
