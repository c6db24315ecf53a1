"""A file of documents in the API's own form, one in a line: sales, returns and voids."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from humidor_cli.replay.documents import Document, DocumentKind
from humidor_cli.replay.mapping import Mapping
from humidor_cli.replay.survey import Survey
from humidor_cli.replay.text import open_bytes

# In the order of looking: a return and a void name their sale too.
_KINDS: tuple[tuple[str, DocumentKind, str], ...] = (
    ("void_id", "void", "voided_at"),
    ("return_id", "return", "returned_at"),
    ("sale_id", "sale", "sold_at"),
)
_NUMBERS_MAX = 5


class Line(NamedTuple):
    """A line of the file: a document, or why it is none."""

    number: int
    document: Document | None
    why: str = ""


def read_lines(path: Path) -> Iterator[Line]:
    """Yield every line that is not empty."""
    decoder = msgspec.json.Decoder(dict[str, Any])
    with open_bytes(path) as content:
        for number, text in enumerate(content, start=1):
            if not text.strip():
                continue
            try:
                yield _read(number, decoder.decode(text.removeprefix(b"\xef\xbb\xbf")))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                yield Line(number, None, "not_json")


def _read(number: int, body: dict[str, Any]) -> Line:
    for id_name, kind, moment_name in _KINDS:
        if body.get(id_name) is None:
            continue
        store_id, lines = body.get("store_id"), body.get("lines") or []
        if not isinstance(store_id, str) or not isinstance(lines, list):
            return Line(number, None, "no_store")
        document = Document(
            kind,
            str(body[id_name]),
            store_id,
            str(body.get(moment_name) or ""),
            body,
            1,
            linked=kind == "return" and body.get("sale_id") is not None,
        )
        return Line(number, document)
    return Line(number, None, "no_id")


class DocumentFile:
    """A file whose documents are sent as they are."""

    makes_stock = False

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        self.mapping = mapping

    def survey(self) -> Survey:
        survey = Survey()
        for line in read_lines(self.path):
            survey.rows += 1
            if line.document is None:
                survey.kinds["reported"] += 1
                survey.oddities[f"not_replayed: {line.why}"] += 1
                numbers = survey.examples.setdefault(f"not_replayed: {line.why}", [])
                if len(numbers) < _NUMBERS_MAX:
                    numbers.append(line.number)
                continue
            _take_in(survey, line.document)
        return survey

    def count_documents(self, survey: Survey) -> None:
        """The survey has counted them."""

    def documents(self, survey: Survey) -> Iterator[Document]:  # noqa: ARG002 - the other form needs it
        return (line.document for line in read_lines(self.path) if line.document is not None)

    def described(self) -> dict[str, Any]:
        return {"form": "documents, one in a line"}


def _take_in(survey: Survey, document: Document) -> None:
    survey.kinds[document.kind] += 1
    survey.documents["linked return" if document.linked else document.kind] += 1
    survey.stores.add(document.store_id)
    for line in document.body.get("lines") or ():
        gtin = line.get("gtin") if isinstance(line, dict) else None
        if isinstance(gtin, str):
            survey.products.setdefault(gtin.zfill(14), gtin)
    try:
        moment = datetime.fromisoformat(document.moment)
        survey.first = min(survey.first or moment, moment)
        survey.last = max(survey.last or moment, moment)
    except (ValueError, TypeError):
        survey.oddities["unreadable_time"] += 1
