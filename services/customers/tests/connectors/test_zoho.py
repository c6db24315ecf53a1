"""Both ways with Zoho CRM: what changes there comes here, what changes here goes there, and nothing twice."""

from humidor_common.events.customers import RetailerChanged
from humidor_customers.testing.desk import licence
from humidor_customers.testing.exchange_desk import ExchangeDesk
from humidor_customers.testing.zoho import ZohoServer


def server(zoho: ExchangeDesk) -> ZohoServer:
    assert isinstance(zoho.crm, ZohoServer)
    return zoho.crm


async def test_records_come_and_go_and_a_second_run_finds_nothing_to_do(zoho: ExchangeDesk) -> None:
    crm = server(zoho)
    first = crm.put(
        Account_Name="城南便利店",
        Licence_No=licence(1),
        Licence_Until="2029-02-28",
        Shop_Type="便利店",
        Credit=1234.5,
        Currency_Code="CNY",
        Owner_Name="王芳",
        Phone="13812345678",
        Labels=["key", "a"],
        Line="L7",
    )
    await zoho.desk.put("C2", name="北山", licence_number=licence(2), business_format="other", tags=["x"])
    run = await zoho.run()
    assert (run["state"], run["counts"]) == ("done", {"created": 1, "sent": 2})
    made = await zoho.by_licence(licence(1))
    assert (made["name"], made["business_format"], made["sales_line"]) == ("城南便利店", "convenience", "L7")
    assert (made["credit_limit_minor"], made["licence_valid_until"]) == (123_450, "2029-02-28")
    assert (made["contacts"], made["tags"]) == (
        [{"name": "王芳", "role": None, "phone": "13812345678", "email": None}],
        ["a", "key"],
    )
    assert await zoho.desk.trail("retailer", made["retailer_id"]) == [("create", "connector crm")]
    assert crm.records[first]["Humidor_Id"] == made["retailer_id"]
    (sent,) = [each for each in crm.records.values() if each["Licence_No"] == licence(2)]
    assert (sent["Account_Name"], sent["Shop_Type"], sent["Humidor_Id"]) == ("北山", "其他", "C2")
    assert "Line" not in sent
    writes = len(crm.called("/upsert")), len(crm.called("/Accounts"))
    zoho.clock.pass_time(minutes=10)
    again = await zoho.run()
    assert (again["state"], again["counts"].get("sent", 0), again["counts"].get("changed", 0)) == (
        "done",
        0,
        0,
    )
    assert len(crm.called("/upsert")) == writes[0]
    assert len(await zoho.desk.told(RetailerChanged.TYPE)) == 2
    assert all(body["trigger"] == [] for body in crm.called("/upsert"))
