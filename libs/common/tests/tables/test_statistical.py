"""What SPSS and SAS are given opens again and says the same, within what the formats can hold."""

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pyreadstat
import pytest
from pydantic import BaseModel, Field

from humidor_common.tables.fields import flatten, row_of
from humidor_common.tables.statistical import write
from humidor_common.tables.statistical_names import cut, sas_program, variable_names
from humidor_common.tables.write_statistical import SavWriter, StatsWriter, XptWriter


class Volume(BaseModel):
    numerator: float
    value: float | None


class Row(BaseModel):
    by: str = Field(description="品牌 Brand")
    level: Literal["retail", "wholesale"]
    whole: bool | None
    sticks: int
    minor: int
    start: date | None
    read_at: datetime
    tags: list[str]
    volume: Volume = Field(description="Volume 销量")


FIELDS = flatten(Row)
ITEMS: list[dict[str, Any]] = [
    {
        "by": "港湾=1+1",
        "level": "wholesale",
        "whole": True,
        "sticks": 2**53,
        "minor": 2**60,
        "start": "2026-02-17",
        "read_at": "2026-02-17T08:00:00.250+08:00",
        "tags": ["甲", "b"],
        "volume": {"numerator": 0.125, "value": None},
    },
    {
        "by": "烟" * 20_000,
        "level": "retail",
        "whole": None,
        "sticks": -20,
        "minor": 0,
        "start": None,
        "read_at": "2026-02-17T00:00:01Z",
        "tags": [],
        "volume": {"numerator": 1e15, "value": 1 / 3},
    },
]
ROWS = [row_of(item, FIELDS) for item in ITEMS]


def opened(content: bytes, tmp_path: Path, kind: str) -> tuple[Any, Any]:
    path = tmp_path / f"table.{kind}"
    path.write_bytes(content)
    frame, meta = pyreadstat.read_sav(path) if kind == "sav" else pyreadstat.read_xport(path)
    return frame, meta


def test_spss_gets_values_codes_and_labels(tmp_path: Path) -> None:
    frame, meta = opened(write("sav", "shares", FIELDS, ROWS)[0], tmp_path, "sav")
    assert list(frame.columns) == [
        *("by_", "level", "whole", "sticks", "minor", "start", "read_at", "tags"),
        *("volume_numerator", "volume_value"),
    ]
    first, second = (frame.iloc[n] for n in range(2))
    assert (first["by_"], first["sticks"], first["minor"]) == ("港湾=1+1", 2.0**53, str(2**60))
    assert (first["start"], second["start"] is None or second.isna()["start"]) == (date(2026, 2, 17), True)
    assert first["read_at"] == datetime(2026, 2, 17, 0, 0, 0, 250_000)  # noqa: DTZ001 - of UTC, as SPSS has it
    assert (first["tags"], first["volume_numerator"]) == ('["甲","b"]', 0.125)
    assert frame["volume_value"].isna().tolist() == [True, False]
    assert second["volume_value"] == 1 / 3
    assert second["by_"] == "烟" * (32_767 // 3)
    assert meta.variable_value_labels["level"] == {1.0: "retail", 2.0: "wholesale"}
    assert meta.variable_value_labels["whole"] == {0.0: "false", 1.0: "true"}
    assert frame["level"].tolist() == [2.0, 1.0]
    assert meta.column_names_to_labels["by_"] == "品牌 Brand [by]"
    assert meta.column_names_to_labels["read_at"] == "read_at (UTC)"
    assert meta.column_names_to_labels["volume_value"] == "Volume 销量: value [volume.value]"
    assert meta.variable_measure["level"] == "nominal"


def test_sas_gets_the_data_and_beside_it_what_codes_mean(tmp_path: Path) -> None:
    writer = XptWriter(FIELDS, "share-shifts")
    content = writer.begin() + writer.rows(ROWS[:1]) + writer.rows(ROWS[1:]) + writer.end()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["share_shifts.xpt", "share_shifts.sas"]
        data, program = (archive.read(name) for name in archive.namelist())
    frame, meta = opened(data, tmp_path, "xpt")
    assert meta.table_name.lower() == "share_shifts"
    assert frame["by_"].tolist() == ["港湾=1+1", "烟" * (32_767 // 3)]
    assert frame["level"].tolist() == [2.0, 1.0]
    assert frame["volume_numerator"].tolist() == [0.125, 1e15]
    assert frame["start"].tolist()[0] == date(2026, 2, 17)
    assert frame["sticks"].tolist() == [2.0**53, -20.0]
    text = program.decode()
    assert "value level_f 1='retail' 2='wholesale';" in text
    assert "format level level_f.;" in text
    assert "label by_='品牌 Brand [by]';" in text
    assert "%xpt2loc(libref=work, memlist=share_shifts, filespec='share_shifts.xpt');" in text


@pytest.mark.parametrize("kind", ["sav", "xpt"])
def test_a_list_without_rows_and_one_without_values_can_be_opened(kind: str, tmp_path: Path) -> None:
    frame, _ = opened(write(kind, "t", FIELDS, [])[0], tmp_path, kind)
    assert (len(frame), len(frame.columns)) == (0, len(FIELDS))
    nothing = [[None] * len(FIELDS)] * 2
    frame, _ = opened(write(kind, "t", FIELDS, nothing)[0], tmp_path, kind)
    assert len(frame) == 2
    assert frame["sticks"].isna().all()


def test_a_word_that_is_none_of_the_choices_makes_the_column_text(tmp_path: Path) -> None:
    fields = [each for each in FIELDS if each.name == "level"]
    frame, meta = opened(write("sav", "t", fields, [["retail"], ["new"]])[0], tmp_path, "sav")
    assert frame["level"].tolist() == ["retail", "new"]
    assert meta.variable_value_labels == {}


def test_names_are_what_the_programs_take_each_once() -> None:
    assert variable_names(["a.b", "a_b", "A.B", "2nd", "with", "销量", ""], "sav") == [
        "a_b", "a_b_2", "A_B_3", "v_2nd", "with_", "v", "v_2",
    ]  # fmt: skip
    long = variable_names(["x" * 40, "x" * 40 + "y"], "xpt")
    assert [len(each) for each in long] == [32, 32]
    assert len(set(long)) == 2
    assert cut("烟草", 5) == "烟"
    assert cut("ab", 5) == "ab"


def test_no_text_ends_a_quote_or_runs_a_macro() -> None:
    from humidor_common.tables.statistical_names import Variable

    program = sas_program("t", [Variable("a", "it's %let x;\nrun;", {1: "'; endsas; '"})])
    assert "label a='it''s %let x; run;';" in program
    assert "value a_f 1='''; endsas; ''';" in program


def test_the_process_of_its_own_gives_the_same(tmp_path: Path) -> None:
    writer = SavWriter(FIELDS, "list")
    content = writer.begin() + writer.rows(ROWS) + writer.end()
    frame, _ = opened(content, tmp_path, "sav")
    assert frame["volume_numerator"].tolist() == [0.125, 1e15]


def test_both_programs_get_a_zip_with_syntax_that_reads_and_describes(tmp_path: Path) -> None:
    writer = StatsWriter(FIELDS, "share-shifts")
    content = writer.begin() + writer.rows(ROWS[:1]) + writer.end()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name.rpartition(".")[2]: archive.read(name) for name in archive.namelist()}
        assert archive.namelist() == [f"share_shifts.{suffix}" for suffix in ("sav", "sps", "xpt", "sas")]
    for kind in ("sav", "xpt"):
        frame, _ = opened(parts[kind], tmp_path, kind)
        assert frame["volume_numerator"].tolist() == [0.125]
    syntax = parts["sps"].decode()
    assert "GET FILE='share_shifts.sav'." in syntax
    assert "  by_ '品牌 Brand [by]'" in syntax
    assert "VALUE LABELS\n  level\n    1 'retail'\n    2 'wholesale'\n  /whole" in syntax
    assert "DESCRIPTIVES VARIABLES=volume_numerator." in syntax
    assert "DESCRIPTIVES VARIABLES=level." not in syntax
    assert "filespec='share_shifts.xpt'" in parts["sas"].decode()


def test_no_text_ends_a_quote_or_a_line_of_syntax() -> None:
    from humidor_common.tables.statistical_names import Variable, spss_program

    syntax = spss_program(
        "t", [Variable("a", "it's " + "é" * 150 + "\nEXECUTE.", {1: "'."})], {"a": "nominal"}
    )
    assert max(len(line.encode()) for line in syntax.splitlines()) < 250
    assert "'it''s é" in syntax
    assert "\nEXECUTE" not in syntax
    assert "    1 '''.'" in syntax
