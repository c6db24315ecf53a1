"""Writes SPSS `.sav` and SAS `.xpt`; the file is made when all rows are in, by a process of its own."""

import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from humidor_common.tables.fields import FlatField, Value
from humidor_common.tables.statistical_names import variable_names

_SECONDS = 600


class UnwritableError(Exception):
    """The process could not make the file; the log of the service says why."""


class _StatisticalWriter:
    """Keeps the rows in a temporary file until the end."""

    def __init__(self, fields: Sequence[FlatField], title: str) -> None:
        (self.table,) = variable_names([title], "xpt")
        self._rows = tempfile.TemporaryFile(prefix="humidor-table-")  # noqa: SIM115 - closed at the end
        self._rows.write(msgspec.json.encode(list(fields)) + b"\n")

    def begin(self) -> bytes:
        return b""

    def rows(self, rows: Iterable[Sequence[Value]]) -> bytes:
        self._rows.writelines(msgspec.json.encode(row) + b"\n" for row in rows)
        return b""

    def _made(self, kind: str) -> tuple[str, bytes]:
        """Give the program that goes with the file of this kind, and the file.

        Raises:
            UnwritableError: It takes too long, too much memory, or cannot be done.
        """
        command = [sys.executable, "-m", "humidor_common.tables.statistical", kind, self.table]
        self._rows.seek(0)
        try:
            done = subprocess.run(
                command, stdin=self._rows, capture_output=True, timeout=_SECONDS, check=True
            )
        except subprocess.CalledProcessError as error:
            raise UnwritableError(error.stderr.decode(errors="replace")[-1000:]) from error
        except subprocess.TimeoutExpired as error:
            raise UnwritableError(f"took more than {_SECONDS} s") from error
        program, _, content = done.stdout.partition(b"\n")
        return msgspec.json.decode(program, type=str), content


class SavWriter(_StatisticalWriter):
    """SPSS: names, labels and texts in UTF-8, codes with value labels."""

    media_type = "application/x-spss-sav"
    suffix = "sav"

    def end(self) -> bytes:
        with self._rows:
            return self._made("sav")[1]


class XptWriter(_StatisticalWriter):
    """SAS: a zip of the data (XPORT 8) and a program with PROC FORMAT, because XPORT has no value labels."""

    media_type = "application/zip"
    suffix = "xpt.zip"

    def end(self) -> bytes:
        with self._rows:
            program, content = self._made("xpt")
        return _zipped({f"{self.table}.xpt": content, f"{self.table}.sas": program})


class StatsWriter(_StatisticalWriter):
    """A zip for both: the data as `.sav` and `.xpt`, each with syntax that reads and describes it."""

    media_type = "application/zip"
    suffix = "stats.zip"

    def end(self) -> bytes:
        with self._rows:
            (syntax, sav), (program, xpt) = self._made("sav"), self._made("xpt")
        parts: dict[str, str | bytes] = {"sav": sav, "sps": syntax, "xpt": xpt, "sas": program}
        return _zipped({f"{self.table}.{suffix}": content for suffix, content in parts.items()})


def _zipped(files: Mapping[str, str | bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()
