"""Every table and result of the analyses can be had in every format, and comes back as it was."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pyreadstat
import pytest
from fastapi import FastAPI
from pyarrow import parquet

from humidor_common.settings import ServiceSettings
from humidor_common.tables.fields import FlatField, Value
from humidor_common.tables.statistical import write
from humidor_common.tables.statistical_names import variable_names
from humidor_common.web.app import create_app
from humidor_common.web.exports import make_writer
from humidor_common.web.lists import ListRoute, find_lists
from humidor_customers.app import SERVICE

ANALYSES = {"analytics", "market", "mining", "campaigns", "survey answers", "exports"}
# What is answered as one document, and the list where it stands as a table; "" for what is no result.
ELSEWHERE = {
    "/v1/profiles/{kind}/{customer_id}": "/v1/profiles/{kind}/{customer_id}/traits",
    "/v1/jobs/{job_id}": "/v1/jobs/{job_id}/figures",
    "/v1/models/{model_id}": "/v1/models/{model_id}/figures",
    "/v1/segments/{segment_id}": "/v1/segments",
    "/v1/campaigns/{campaign_id}": "/v1/campaigns",
    "/v1/campaigns/{campaign_id}/effect": "/v1/campaigns/{campaign_id}/effect-figures",
    "/v1/campaigns/{campaign_id}/plan": "/v1/campaigns/{campaign_id}/plan-figures",
    "/v1/exports/{export_id}": "/v1/exports",
    "/v1/exports/{export_id}/file": "",
    "/v1/segments/fields": "",
    "/v1/market/coverage": "",
}
# Lists with documents in a cell, and the list in which each part of these has a row of its own.
UNFOLDED = {
    "/v1/jobs": "/v1/jobs/{job_id}/figures",
    "/v1/mining/runs/{run_id}/rules": "/v1/mining/runs/{run_id}/rule-items",
    "/v1/mining/runs/{run_id}/sequences": "/v1/mining/runs/{run_id}/sequence-items",
    "/v1/models": "/v1/models/{model_id}/figures",
    "/v1/models/{model_id}/scores": "/v1/models/{model_id}/score-figures",
}
# What somebody has written stands in a cell as it was given.
AS_GIVEN = {
    "/v1/campaigns",
    "/v1/campaign-rules",
    "/v1/campaign-rules/{rule_id}/versions",
    "/v1/segments",
    "/v1/survey-responses",
}
CELLS: dict[str, tuple[Value, Value]] = {
    "text": ("=利群", None),
    "integer": (2**40, -7),
    "number": (0.25, None),
    "boolean": (True, False),
    "date": ("2026-02-28", None),
    "time": ("2026-02-28T04:05:06Z", None),
    "document": ('{"a":[1]}', None),
}


def make_app() -> FastAPI:
    return create_app(SERVICE, ServiceSettings(pg_dsn="", kafka_bootstrap_servers="", jwks=""))


APP = make_app()
LISTS = {
    each.path: each
    for each in find_lists(APP)
    if {tag for route in APP.routes if getattr(route, "path", "") == each.path
        for tag in getattr(route, "tags", ())} & ANALYSES
}  # fmt: skip


def test_whatever_an_analysis_answers_is_a_list_or_stands_in_one() -> None:
    asked = {
        path
        for route in APP.routes
        if set(getattr(route, "tags", ())) & ANALYSES
        and "GET" in getattr(route, "methods", ())
        and (path := getattr(route, "path", ""))
    }
    assert asked - LISTS.keys() == ELSEWHERE.keys(), "name the list in which it can be exported"
    assert {each for each in ELSEWHERE.values() if each} <= LISTS.keys()
    assert len(LISTS) > 25


def test_no_result_of_an_analysis_is_left_in_a_cell_alone() -> None:
    folded = {path for path, each in LISTS.items() if any(field.kind == "document" for field in each.fields)}
    assert folded == UNFOLDED.keys() | AS_GIVEN
    for path in UNFOLDED.values():
        assert not any(field.kind == "document" for field in LISTS[path].fields)


def cells(fields: list[FlatField], n: int) -> list[Value]:
    return [
        (each.choices[0], None)[n] if each.choices and each.kind == "text" else CELLS[each.kind][n]
        for each in fields
    ]


def written(found: ListRoute, kind: str, rows: list[list[Value]]) -> bytes:
    writer = make_writer(kind, found.fields, found.name)
    return writer.begin() + writer.rows(rows) + writer.end()


@pytest.mark.parametrize("path", sorted(LISTS))
def test_a_table_comes_back_from_every_format(path: str, tmp_path: Path) -> None:
    found = LISTS[path]
    names = [each.name for each in found.fields]
    rows = [cells(found.fields, 0), cells(found.fields, 1)]
    text = list(csv.DictReader(io.StringIO(written(found, "csv", rows).decode("utf-8-sig"))))
    assert list(text[0]) == names
    sheet = openpyxl.load_workbook(io.BytesIO(written(found, "xlsx", rows))).worksheets[0]
    head, *body = sheet.iter_rows(values_only=True)
    assert list(head) == names
    table = parquet.read_table(io.BytesIO(written(found, "parquet", rows))).to_pylist()
    for n, field in enumerate(found.fields):
        if field.kind in ("integer", "number"):
            want = rows[0][n]
            assert float(text[0][field.name]) == body[0][n] == table[0][field.name] == want, field.name
    _compare_statistical(found, rows, tmp_path)


def _compare_statistical(found: ListRoute, rows: list[list[Value]], tmp_path: Path) -> None:
    for kind, read in (("sav", pyreadstat.read_sav), ("xpt", pyreadstat.read_xport)):
        content, program = write(kind, "t", found.fields, rows)
        (tmp_path / f"t.{kind}").write_bytes(content)
        frame, meta = read(tmp_path / f"t.{kind}")
        variables = variable_names([each.name for each in found.fields], kind)
        assert list(frame.columns) == variables
        assert len(set(variables)) == len(variables)
        for variable, field, want in zip(variables, found.fields, rows[0], strict=True):
            assert field.name.split(".")[-1][:8] in str(meta.column_names_to_labels[variable])
            got: Any = frame[variable][0]
            plain = field.kind in ("integer", "number", "document")
            if plain or (field.kind == "text" and not field.choices):
                assert got == want, (kind, field.name)
            elif field.kind == "text" and kind == "sav":
                assert meta.variable_value_labels[variable][got] == want
            elif field.kind == "text":
                assert json.dumps(field.choices[0], ensure_ascii=False)[1:-1] in program
