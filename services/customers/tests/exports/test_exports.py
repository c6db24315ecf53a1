"""Files of long lists: made by a job, whole in every format, kept for a week, for whoever asked alone."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pyreadstat
import pytest
from pyarrow import parquet

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_customers.exports import queries, running
from humidor_customers.exports.rules import covers, may_hold_members, progress_of
from humidor_customers.jobs.working import work_once
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.till import join

PATH = "/v1/exports"
MANY = 10_001
FILL = """
INSERT INTO profiles (computed_at, last_at, spend_minor, spend_year_minor, repeat_spend_minor, sticks_year,
    first_on, last_on, active_days, purchases, purchases_year, returns_year, contacts_year, party_kind,
    party_id, store_id, currency, channel, lifecycle, favourite_brand)
SELECT now(), now(), 100 * n, n, 0, n, '2026-01-01', '2026-11-01', 1 + n % 9, n, n, 0, 0, 'consumer',
    'M' || lpad(n::text, 5, '0'), 'S000' || 1 + n % 2, 'CNY', 'till', 'active', '利群 ' || n
FROM generate_series(1, $1) n
"""


async def fill(desk: Desk, count: int) -> None:
    await desk.runtime.pool.execute(FILL, count)


async def start(desk: Desk, path: str, kind: str = "csv", **more: Any) -> Any:
    expect = more.pop("expect", 202)
    return await desk.ask("POST", PATH, json={"path": path, "format": kind}, expect=expect, **more)


async def work(desk: Desk) -> bool:
    return await work_once(desk.runtime.pool, running.handlers(desk.runtime))


async def read(desk: Desk, export: Any, **more: Any) -> Any:
    return await desk.ask("GET", f"{PATH}/{export['export_id']}", **more)


async def make(desk: Desk, path: str, kind: str = "csv") -> Any:
    export = await start(desk, path, kind)
    assert await work(desk)
    return await read(desk, export)


async def fetch(desk: Desk, export: Any) -> bytes:
    answer = await desk.client.get(f"{PATH}/{export['export_id']}/file", headers=desk.auth())
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == export["bytes"] == int(answer.headers["content-length"])
    assert export["file_name"] in answer.headers["content-disposition"]
    return answer.content


async def parts(desk: Desk) -> int:
    found: int = await desk.runtime.pool.fetchval("SELECT count(*) FROM export_parts")
    return found


def test_how_far_a_list_is_never_comes_to_its_end_and_who_has_less_rights_has_no_file() -> None:
    assert [progress_of(rows) for rows in (0, 100_000, 300_000)] == [0, 0.45, 0.675]
    assert progress_of(10**9) < 0.9
    assert covers(None, None)
    assert covers(None, {"S1"})
    assert covers({"S1", "S2"}, {"S1"})
    assert not covers({"S1"}, None)
    assert not covers({"S1"}, {"S1", "S2"})
    assert not may_hold_members("/v1/market/shares")
    assert not may_hold_members("/v1/models/x/figures")
    assert may_hold_members("/v1/models/x/scores")
    assert may_hold_members("/v1/whatever-comes-later")


async def test_a_list_that_is_too_long_to_wait_for_is_made_whole_by_a_job(desk: Desk) -> None:
    await fill(desk, MANY)
    path = "/v1/profiles?kind=consumer"
    refused = await desk.ask("GET", f"{path}&format=csv", expect=422)
    assert (refused["code"], refused["errors"][0]["field"]) == ("export-too-long", "format")
    assert "POST /v1/exports" in refused["detail"]
    direct = await desk.client.get(f"{path}&store_id=S0001&format=csv", headers=desk.auth())
    assert direct.content.count(b"\r\n") == 1 + MANY // 2

    key = {"Idempotency-Key": "once"}
    export = await start(desk, f"/customers{path}", headers=key)
    assert await start(desk, f"/customers{path}", headers=key) == export
    assert (export["state"], export["progress"], export["rows"]) == ("queued", 0, None)
    await desk.ask("GET", f"{PATH}/{export['export_id']}/file", expect=409)
    await work(desk)
    export = await read(desk, export)
    assert (export["state"], export["rows"], export["file_name"]) == ("done", MANY, "profiles.csv")
    content = await fetch(desk, export)
    assert len(content) > running.PART_BYTES, "it comes in parts"
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [each["party_id"] for each in rows] == [f"M{n:05}" for n in range(1, MANY + 1)]
    assert {each["spend_minor"] for each in rows} == {str(100 * n) for n in range(1, MANY + 1)}


async def test_a_file_has_what_the_list_has_in_every_format(desk: Desk, tmp_path: Path) -> None:
    await fill(desk, 30)
    listed = (await desk.ask("GET", "/v1/profiles"))["items"]
    expected = [(each["party_id"], each["spend_minor"], each["favourite_brand"]) for each in listed]
    columns = ("party_id", "spend_minor", "favourite_brand")
    files = {
        kind: await fetch(desk, await make(desk, "/v1/profiles", kind))
        for kind in ("csv", "xlsx", "parquet", "sav", "xpt")
    }
    found = {"csv": list(csv.DictReader(io.StringIO(files["csv"].decode("utf-8-sig"))))}
    names, *rows = openpyxl.load_workbook(io.BytesIO(files["xlsx"])).worksheets[0].iter_rows(values_only=True)
    found["xlsx"] = [dict(zip(names, row, strict=True)) for row in rows]
    found["parquet"] = parquet.read_table(io.BytesIO(files["parquet"])).to_pylist()
    (tmp_path / "profiles.sav").write_bytes(files["sav"])
    frame, meta = pyreadstat.read_sav(tmp_path / "profiles.sav", apply_value_formats=False)
    found["sav"] = frame.to_dict("records")
    assert "active" in meta.variable_value_labels["lifecycle"].values()
    with zipfile.ZipFile(io.BytesIO(files["xpt"])) as archive:
        archive.extractall(tmp_path)
    frame, _ = pyreadstat.read_xport(tmp_path / "profiles.xpt")
    found["xpt"] = frame.to_dict("records")
    assert "PROC FORMAT" in (tmp_path / "profiles.sas").read_text().upper()
    for kind, rows in found.items():
        values = [tuple(row[name] for name in columns) for row in rows]
        assert [(a, int(b), c) for a, b, c in values] == expected, kind


async def test_what_the_caller_may_not_read_is_refused_at_once_and_nobody_sees_anothers_file(
    desk: Desk,
) -> None:
    await join(desk, "M00002", "M00004")
    await fill(desk, 4)
    bound = desk.auth("manager", stores=["S0001"], subject="bound")
    await start(desk, "/v1/segments", headers=bound, expect=403)
    for path in ("/v1/nothing", "/v1/segments/fields", "/v1/jobs?state=asleep", "/healthz"):
        await start(desk, path, expect=422)
    await start(desk, f"/v1/segments/{UUID(int=1)}/members", expect=404)
    await start(desk, "/v1/profiles", "pdf", expect=422)
    assert (await desk.client.post(PATH, json={"path": "/v1/profiles", "format": "csv"})).status_code == 401

    export = await start(desk, "/v1/profiles", headers=bound)
    await work(desk)
    path = f"{PATH}/{export['export_id']}"
    assert (await desk.ask("GET", path, headers=bound))["rows"] == 2, "those of the stores of the caller"
    for headers in (desk.auth("admin"), desk.auth("manager", subject="other")):
        await desk.ask("GET", path, headers=headers, expect=404)
        await desk.ask("GET", f"{path}/file", headers=headers, expect=404)
        await desk.ask("POST", f"{path}:cancel", headers=headers, expect=404)
    less = desk.auth("auditor", stores=["S0002"], subject="bound")
    assert (await desk.ask("GET", f"{path}/file", headers=less, expect=403))["code"] == "export-forbidden"
    assert (await desk.client.get(f"{path}/file", headers=bound)).status_code == 200
    assert (await desk.trail("export", export["export_id"])) == [("download", None)]
    assert (await desk.ask("GET", PATH))["items"] == []
    first = await start(desk, "/v1/profiles")
    for _ in range(4):
        await start(desk, "/v1/jobs")
    assert (await start(desk, "/v1/jobs", expect=409))["code"] == "too-many-exports"
    page = await desk.ask("GET", PATH, params={"limit": 4})
    rest = await desk.ask("GET", PATH, params={"cursor": page["next_cursor"]})
    assert [each["export_id"] for each in rest["items"]] == [first["export_id"]]


async def test_a_file_ends_with_its_time_its_job_or_a_member_in_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PART_BYTES", 1000)
    await join(desk, "M00001")
    await fill(desk, 20)
    done = await make(desk, "/v1/profiles?kind=consumer")
    other = await make(desk, "/v1/models")
    assert await parts(desk) > 2
    waiting = await start(desk, "/v1/profiles")
    await desk.ask("POST", "/v1/consumers/M00001:erase", json={"reason": "asked for"})
    problem = await desk.ask("GET", f"{PATH}/{done['export_id']}/file", expect=410)
    assert problem["code"] == "export-erased"
    assert (await read(desk, done))["path"] == "/v1/profiles", "filters may name somebody"
    assert b"model_id" in await fetch(desk, other)
    await work(desk)
    assert (await read(desk, waiting))["code"] == "member-erased"

    cancelled = await start(desk, "/v1/profiles")
    write = running._File._write

    async def write_and_be_cancelled(self: Any, content: bytes) -> None:
        monkeypatch.setattr(running._File, "_write", write)
        await write(self, content)
        await desk.ask("POST", f"{PATH}/{cancelled['export_id']}:cancel")

    monkeypatch.setattr(running._File, "_write", write_and_be_cancelled)
    await work(desk)
    assert (await read(desk, cancelled))["state"] == "cancelled"
    assert await parts(desk) == 1, "the one of the models"

    monkeypatch.setattr(running, "MOST_BYTES", 2000)
    assert (await make(desk, "/v1/profiles"))["code"] == "export-too-large"
    await desk.runtime.pool.execute("UPDATE exports SET expires_at = now()")
    async with transaction(desk.runtime.pool) as conn:
        assert await queries.forget_old(conn, now=utc_now(), limit=99) == 5
    assert await parts(desk) == 0
    await read(desk, other, expect=404)
