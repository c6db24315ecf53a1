"""A sales file of either form, behind one face: what it needs, and its documents in order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from humidor_cli.replay.documents import Builder, Document, groups
from humidor_cli.replay.mapping import Layout, Mapping, MappingError, settle
from humidor_cli.replay.rows import read_rows
from humidor_cli.replay.survey import Survey
from humidor_cli.replay.text import open_bytes


class SalesFile(Protocol):
    """What replay asks of a file."""

    path: Path
    mapping: Mapping
    makes_stock: bool
    """Whether the file's products are its own, so that it needs opening stock."""

    def survey(self) -> Survey: ...

    def documents(self, survey: Survey) -> Iterator[Document]: ...

    def described(self) -> dict[str, Any]: ...


class TableFile:
    """Rows of transaction lines."""

    makes_stock = True

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.path = layout.path
        self.mapping = layout.mapping

    def survey(self) -> Survey:
        survey = Survey()
        for group in groups(read_rows(self.layout)):
            survey.add(group)
        # A second look, because only now it is known which sales some return may name.
        for document in self.documents(survey):
            survey.documents["linked return" if document.linked else document.kind] += 1
        return survey

    def documents(self, survey: Survey) -> Iterator[Document]:
        builder = Builder(self.mapping.source, survey.returned)
        for group in groups(read_rows(self.layout)):
            yield from builder.build(group)

    def described(self) -> dict[str, Any]:
        return self.layout.described()


def open_sales_file(path: Path, mapping: Mapping) -> SalesFile:
    """Tell by its first character which form the file has.

    Raises:
        MappingError: It cannot be read, or its columns make no sense.
    """
    from humidor_cli.replay.ndjson import DocumentFile

    try:
        with open_bytes(path) as content:
            start = content.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
        if start.startswith(b"{"):
            return DocumentFile(path, mapping)
        return TableFile(settle(path, mapping))
    except (OSError, EOFError) as error:
        raise MappingError(f"{path}: {error}") from error
