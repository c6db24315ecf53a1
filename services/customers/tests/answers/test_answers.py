"""Answers of surveys out of LimeSurvey's export: whose they are, once, and no more than is needed."""

from typing import Any

import pytest

from humidor_common.testing.workbooks import content, workbook
from humidor_customers.answers.rules import answered_at, find_headings, questions_of
from humidor_customers.testing.desk import Desk, licence

HEAD = "id,submitdate,lastpage,startlanguage,seed,token,ipaddr,firstname,G01Q01,G01Q02[SQ001],interviewtime"


def test_questions_are_what_limesurvey_did_not_add() -> None:
    headings = find_headings([["Export of 2026"], [None, 3], HEAD.split(",")])
    assert questions_of(headings) == ["G01Q01", "G01Q02[SQ001]"]
    full = ["Response ID", "Date submitted", "Last page", "Access code", "How do you like it?", "IP address"]
    assert questions_of(full) == ["How do you like it?"]
    assert find_headings([["a", "b"]]) == []


def test_times_are_those_of_the_survey() -> None:
    for text in ("2026-11-20 10:15:00", "2026/11/20 10:15", "2026-11-20T02:15:00Z"):
        moment = answered_at(text, "Asia/Shanghai")
        assert moment is not None
        assert moment.isoformat() == "2026-11-20T02:15:00+00:00"
    assert answered_at("", "UTC") is None
    last = answered_at("9999-12-31 23:59:59", "Asia/Shanghai")
    assert last is not None
    assert last.isoformat() == "9999-12-31T15:59:59+00:00"
    for wrong in ("yesterday", "0001-01-01 00:00:00", "9999-12-31T23:59:59-08:00"):
        with pytest.raises(ValueError, match=r"Invalid|beyond"):
            answered_at(wrong, "Asia/Shanghai")


async def send(
    desk: Desk,
    file: bytes | str,
    *,
    write: bool = False,
    expect: int = 200,
    auth: dict[str, str] | None = None,
) -> Any:
    params = {"survey": "S1", "dry_run": str(not write).lower()}
    body = file if isinstance(file, bytes) else file.encode("utf-8-sig")
    return await desk.ask(
        "POST",
        "/v1/survey-responses:import",
        params=params,
        content=body,
        headers={"Content-Type": "text/csv"} | (auth or {}),
        expect=expect,
    )


async def member(desk: Desk, member_id: str, *, consent: bool) -> None:
    given = [{"purpose": "survey", "channel": "sms", "given": True, "source": "x", "text_version": "1"}]
    body = {
        "member_id": member_id,
        "store_id": "S0001",
        "adult": {"outcome": "adult", "method": "id_seen", "checked_on": "2026-01-01"},
        "consents": given if consent else [],
    }
    await desk.ask("POST", "/v1/consumers", json=body, expect=201)


async def found(desk: Desk, **filters: str) -> list[Any]:
    items: list[Any] = (await desk.ask("GET", "/v1/survey-responses", params=filters))["items"]
    return items


async def test_answers_come_from_a_file_once_and_belong_to_customers(desk: Desk) -> None:
    await desk.put("C1")
    await desk.put("C2")
    await member(desk, "M1", consent=True)
    rows = [
        HEAD,
        f'1,2026-11-20 10:15:00,3,zh,7,{licence(1)},1.2.3.4,王芳,很好,"=SUM(A1)",10',
        "2,2026-11-20 11:00:00,3,zh,7,M1,,,好,,10",
        "3,,1,zh,7,C2,,,未完,,10",
        "4,2026-11-20 12:00:00,3,en,7,,,,anonymous,,10",
    ]
    file = "\r\n".join(rows)
    report = await send(desk, file)
    assert (report["created"], report["errors"], [e["code"] for e in report["warnings"]][-1]) == (
        3,
        [],
        "incomplete",
    )
    assert await found(desk) == []
    assert (await send(desk, file, write=True))["created"] == 3
    assert (await send(desk, file, write=True))["created"] == 0
    (first,) = await found(desk, retailer_id="C1")
    assert first["answers"] == {"G01Q01": "很好", "G01Q02[SQ001]": "=SUM(A1)"}
    assert first["answered_at"] == "2026-11-20T02:15:00Z"
    assert "王芳" not in str(await found(desk))
    table = await desk.client.get("/v1/survey-responses?format=csv", headers=desk.auth())
    assert all(not line.startswith("=") for line in table.text.split(","))
    book = content(
        workbook(
            ("Response ID", "Date submitted", "Access code", "Q1"), ("9", "2026-11-21 08:00:00", "C2", "x")
        )
    )
    assert (await send(desk, book, write=True))["created"] == 1

    body = {"survivor_id": "C2", "merged_id": "C1", "reason": "one shop"}
    made = await desk.ask("POST", "/v1/merges", json=body, expect=201)
    assert [each["response_id"] for each in await found(desk, retailer_id="C2")] == ["1", "9"]
    await desk.ask("POST", f"/v1/merges/{made['merge_id']}:undo", json={"reason": "two"})
    assert [each["response_id"] for each in await found(desk, retailer_id="C1")] == ["1"]
    asked = {"member_id": "M1", "identity_check": "in_person", "kind": "erasure"}
    erased = await desk.ask("POST", "/v1/privacy-requests", json=asked, expect=201)
    parts = {part["holding"]: part["rows"] for part in erased["services"][0]["parts"]}
    assert parts["survey_answers"] == 1
    assert await found(desk, member_id="M1") == []
    await member(desk, "M9", consent=True)
    await send(desk, "id,submitdate,token,Q1\n77,2026-11-20 10:00:00,M9,a\n", write=True)
    await desk.ask("POST", "/v1/consumers/M9:erase", json={"reason": "asked to"})
    assert await found(desk, member_id="M9") == []


async def test_every_mistake_of_a_file_is_told_and_nothing_comes_in(desk: Desk) -> None:
    await member(desk, "M2", consent=False)
    file = """id,submitdate,token,Q1
1,yesterday,,a
2,2026-11-20 10:00:00,NOBODY,a
3,2026-11-20 10:00:00,M2,a
3,2026-11-20 10:00:00,,a
4,0001-01-01 00:00:00,,a
5,9999-12-31T23:59:59-08:00,,a
"""
    report = await send(desk, file, write=True, expect=422)
    assert {(e["row"], e["column"], e["code"]) for e in report["report"]["errors"]} == {
        (2, "submitdate", "not-a-time"),
        (3, "token", "unknown-customer"),
        (4, "token", "no-consent"),
        (5, "id", "repeated-row"),
        (6, "submitdate", "not-a-time"),
        (7, "submitdate", "not-a-time"),
    }
    assert (await send(desk, "a,b\n1,2\n"))["errors"][0]["code"] == "no-headings"
    assert await found(desk) == []
    bound = desk.auth("manager", stores=["S0001"])
    await send(desk, file, expect=403, auth=bound)
