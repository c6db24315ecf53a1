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

    def count_documents(self, survey: Survey) -> None:
        """Count the documents by kind, where the survey has not counted them already."""

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
        return survey

    def count_documents(self, survey: Survey) -> None:
        # A second look, because only after the first it is known which sales some return may name.
        for document in self.documents(survey):
            survey.documents["linked return" if document.linked else document.kind] += 1

    def documents(self, survey: Survey) -> Iterator[Document]:
        builder = Builder(self.mapping.source, survey.returned)
        for group in groups(read_rows(self.layout)):
            yield from builder.build(group)

    def described(self) -> dict[str, Any]:
        return self.layout.described()


def is_documents(path: Path) -> bool:
    """Tell by its first character whether the file holds documents in the API's own form.

    Raises:
        MappingError: It cannot be read.
    """
    try:
        with open_bytes(path) as content:
            return content.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    except (OSError, EOFError) as error:
        raise MappingError(f"{path}: {error}") from error


def open_sales_file(path: Path, mapping: Mapping) -> SalesFile:
    """Open a file of either form.

    Raises:
        MappingError: It cannot be read, or its columns make no sense.
    """
    from humidor_cli.replay.ndjson import DocumentFile

    return DocumentFile(path, mapping) if is_documents(path) else TableFile(settle(path, mapping))
