"""Sales files for the tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from humidor_cli.replay.files import SalesFile, open_sales_file
from humidor_cli.replay.mapping import Mapping

EXTRACT = Path(__file__).parents[4] / "tests" / "data" / "online_retail_extract.csv"
WriteFile = Callable[..., SalesFile]


@pytest.fixture
def extract() -> SalesFile:
    """The extract of the Online Retail set; see its README."""
    return open_sales_file(EXTRACT, Mapping(default_currency="GBP", time_zone="Europe/London"))


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    """Write a text as a file of its own and open it: `write_file(text, encoding="gbk", stores=1)`."""

    def write(text: str, encoding: str = "utf-8", name: str = "sales.csv", **mapping: object) -> SalesFile:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return open_sales_file(path, Mapping(**mapping))  # type: ignore[arg-type]

    return write
