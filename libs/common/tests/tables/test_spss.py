"""Files of SPSS as tables to import: values, labels and dates, and no file that harms."""

from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyreadstat

from humidor_common.tables.reading import read_table
from humidor_common.tables.spss import answer


def written(path: Path) -> bytes:
    frame = pd.DataFrame(
        {
            "store_id": ["S0001", "S0002", ""],
            "day": [date(2026, 11, 26), date(2026, 11, 27), None],
            "at": pd.to_datetime(["2026-11-26 08:00:30", None, None]),
            "unit": [1.0, 2.0, float("nan")],
            "mean_sticks": [240.0, 12.5, float("nan")],
        }
    )
    labels: dict[str, dict[int | float, str]] = {"unit": {1: "pack", 2: "carton"}}
    pyreadstat.write_sav(frame, path / "f.sav", variable_value_labels=labels)
    return (path / "f.sav").read_bytes()


def test_cases_become_rows_with_labels_for_codes(tmp_path: Path) -> None:
    table = read_table(written(tmp_path), max_rows=10, name="f.sav")
    assert (table.format, table.errors, table.warnings) == ("sav", [], [])
    assert table.rows[0] == (1, ["store_id", "day", "at", "unit", "mean_sticks"])
    moment = datetime(2026, 11, 26, 8, 0, 30)  # noqa: DTZ001 - SPSS knows no zones
    assert table.rows[1] == (2, ["S0001", date(2026, 11, 26), moment, "pack", 240])
    assert table.rows[2] == (3, ["S0002", date(2026, 11, 27), None, "carton", 12.5])
    assert table.rows[3] == (4, ["", None, None, None, None])
    assert len(read_table(written(tmp_path), max_rows=1).rows) == 3


def test_a_cut_off_or_forged_file_is_a_report_and_no_more(tmp_path: Path) -> None:
    sound = written(tmp_path)
    for content in (sound[:100], sound[:300], b"$FL2" + b"\xff" * 5000, b"$FL3"):
        assert answer(content, 10)["refused"] == "broken-table"
    table = read_table(sound[:200], max_rows=10, name="x.csv")
    assert [each.code for each in table.errors] == ["broken-table"]
    assert [each.code for each in table.warnings] == ["wrong-extension"]
