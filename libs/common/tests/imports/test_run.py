"""A file is read up to the rows that its kind takes, wherever its headings stand."""

from typing import Any

import pytest
from pydantic import BaseModel

from humidor_common.imports.kinds import Kind
from humidor_common.imports.run import read_file
from humidor_common.testing.workbooks import content, workbook


class Farm(BaseModel):
    farm: int


async def write(*_: Any) -> Any:
    raise AssertionError("nothing is written here")


FARMS = Kind("farms", ("Farms", "烟农"), Farm, ("farm",), write, max_rows=20)


def csv(rows: list[tuple[Any, ...]]) -> bytes:
    return "\n".join(str(cell) for row in rows for cell in row).encode()


def xlsx(rows: list[tuple[Any, ...]]) -> bytes:
    return content(workbook(*rows))


@pytest.mark.parametrize(("form", "titles"), [(csv, 0), (csv, 9), (xlsx, 9)])
async def test_titles_above_the_headings_are_no_rows_and_rows_beyond_the_limit_are_told(
    form: Any, titles: int
) -> None:
    head = [*[(f"title {n}",) for n in range(titles)], ("farm",)]
    for rows, lost in ((20, []), (21, [titles + 22])):
        reading = await read_file(FARMS, form([*head, *[(n,) for n in range(rows)]]))
        assert [each.row for each in reading.errors] == lost
        assert {each.code for each in reading.errors} <= {"too-many-rows"}
        assert len(reading.rows) == 20
