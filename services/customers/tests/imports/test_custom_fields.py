"""Fields of the distributor's own and several contacts a row, out of files."""

from typing import Any

from humidor_customers.testing.desk import Desk, licence

FIELDS: dict[str, dict[str, Any]] = {
    "metres": {"label": "货架米数", "kind": "number"},
    "cabinet": {"label": "展示柜", "kind": "choice", "choices": ["none", "one"]},
    "since": {"label": "合作起始", "kind": "date"},
    "wifi": {"label": "Wifi", "kind": "boolean"},
    "old": {"label": "Old", "kind": "text", "retired": False},
}


async def send(desk: Desk, file: str, *, write: bool = False, expect: int = 200) -> Any:
    params = {"kind": "retailers", "dry_run": str(not write).lower()}
    headers = {"Content-Type": "text/csv"}
    content = file.encode("gb18030")
    return await desk.ask(
        "POST", "/v1/imports", params=params, content=content, headers=headers, expect=expect
    )


async def test_custom_fields_and_contacts_come_out_of_a_file_and_again_change_nothing(desk: Desk) -> None:
    for name, field in FIELDS.items():
        await desk.ask("PUT", f"/v1/custom-fields/{name}", json=field, expect=201)
    contacts = [{"name": n, "phone": "1111111", "role": "r"} for n in ("a", "b", "c", "d")]
    await desk.put("C1", contacts=contacts, custom={"old": "x", "metres": 1, "since": "2020-01-01"})
    await desk.ask("PUT", "/v1/custom-fields/old", json=FIELDS["old"] | {"retired": True})
    file = "\n".join(
        [
            "客户编码,客户名称,许可证号,货架米数,展示柜,合作起始,custom.wifi,联系人,联系人2,联系电话2,联系人2邮箱",
            f"C1,Shop C1,{licence(1)},3.5,one,2024/3/1,是,a2,b,2222222,",
            f"C2,Shop C2,{licence(2)},,,,,王芳,李明,13812345678,li@example.com",
        ]
    )
    report = await send(desk, file, write=True)
    assert (report["created"], report["changed"], report["errors"]) == (1, 1, [])
    first, second = await desk.get("C1"), await desk.get("C2")
    assert first["custom"] == {
        "old": "x",
        "metres": 3.5,
        "cabinet": "one",
        "since": "2024-03-01",
        "wifi": True,
    }
    assert [(each["name"], each["phone"], each["role"]) for each in first["contacts"]] == [
        ("a2", "1111111", "r"),
        ("b", "2222222", "r"),
        ("c", "1111111", "r"),
        ("d", "1111111", "r"),
    ]
    assert [(each["name"], each["email"]) for each in second["contacts"]] == [
        ("王芳", None),
        ("李明", "li@example.com"),
    ]
    assert (await send(desk, file, write=True))["unchanged"] == 2
    wrong = await send(
        desk, f"客户编码,客户名称,许可证号,货架米数,展示柜,联系电话2\nC3,x,{licence(3)},many,three,1234567\n"
    )
    assert {(each["row"], each["column"]) for each in wrong["errors"]} >= {(2, "货架米数")}
    wrong = await send(desk, f"客户编码,客户名称,许可证号,展示柜\nC3,x,{licence(3)},three\n")
    assert [(each["row"], each["column"]) for each in wrong["errors"]] == [(2, "展示柜")]
    wrong = await send(desk, f"客户编码,客户名称,许可证号,联系电话2\nC3,x,{licence(3)},1234567\n")
    assert "联系人2" in wrong["errors"][0]["message_zh"]
    kinds = (await desk.ask("GET", "/v1/imports/kinds"))["kinds"]
    fields = {each["field"] for each in kinds[0]["columns"]}
    assert {"custom_metres", "contact3_email"} <= fields
    assert "custom_old" not in fields
    template = await desk.client.get("/v1/imports/templates/retailers.csv?lang=zh", headers=desk.auth())
    assert "货架米数" in template.text


async def test_a_field_labelled_like_a_standard_column_leaves_that_its_heading(desk: Desk) -> None:
    field = {"label": "商圈", "kind": "text"}
    await desk.ask("PUT", "/v1/custom-fields/area", json=field, expect=201)
    file = f"客户编码,客户名称,许可证号,商圈,custom.area\nC1,x,{licence(2)},A,B\n"
    assert (await send(desk, file, write=True))["created"] == 1
    found = await desk.get("C1")
    assert (found["trade_area"], found["custom"]) == ("A", {"area": "B"})
    for suffix in ("csv", "xlsx"):
        path = f"/v1/imports/templates/retailers.{suffix}?lang=zh"
        template = (await desk.client.get(path, headers=desk.auth())).content
        report = await desk.ask("POST", "/v1/imports?kind=retailers", content=template)
        assert (report["errors"], report["rows"]) == ([], 1)
