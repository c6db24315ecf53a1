"""For tests: a connector with its CRM, and a worker that is told when to work."""

from dataclasses import dataclass, field
from typing import Any, cast

from humidor_customers.settings import CustomersSettings
from humidor_customers.syncs.working import Worker
from humidor_customers.testing.crm_server import Clock, CrmServer
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.zoho import CLIENT

CONNECTOR_KEYS = "k" * 43

ZOHO_FIELDS: list[dict[str, Any]] = [
    {"ours": "name", "theirs": "Account_Name"},
    {"ours": "licence_number", "theirs": "Licence_No"},
    {"ours": "licence_valid_until", "theirs": "Licence_Until"},
    {"ours": "business_format", "theirs": "Shop_Type", "values": {"convenience": "便利店", "other": "其他"}},
    {"ours": "credit_limit_minor", "theirs": "Credit"},
    {"ours": "currency", "theirs": "Currency_Code"},
    {"ours": "contact.name", "theirs": "Owner_Name"},
    {"ours": "contact.phone", "theirs": "Phone"},
    {"ours": "tags", "theirs": "Labels"},
    {"ours": "sales_line", "theirs": "Line", "direction": "in"},
    {"ours": "retailer_id", "theirs": "Humidor_Id", "direction": "out"},
]


@dataclass
class ExchangeDesk:
    """The service with a connector, its CRM, and short words for what tests do with them."""

    desk: Desk
    crm: CrmServer
    clock: Clock
    connector_id: str = "crm"
    mapping: dict[str, Any] = field(default_factory=dict)

    def worker(self) -> Worker:
        settings = cast("CustomersSettings", self.desk.runtime.settings)
        return Worker(self.desk.runtime.pool, settings, lambda: None, clock=self.clock)

    async def connect_zoho(self, **changes: Any) -> Any:
        """Make or change a connector to Zoho CRM; mapping words are told by name, `fields` too."""
        mapping = {"object": "Accounts", "fields": ZOHO_FIELDS} | changes.pop("mapping", {})
        urls = {"accounts_url": self.crm.url, "api_url": self.crm.url}
        given: dict[str, Any] = {
            "kind": "zoho",
            "name": "CRM",
            "options": urls | changes.pop("options", {}),
            "secrets": CLIENT,
            "mapping": mapping,
        }
        return await self.connect(**(given | changes))

    async def connect(self, **given: Any) -> Any:
        path = f"/v1/connectors/{self.connector_id}"
        answer = await self.desk.client.put(path, json=given, headers=self.desk.auth())
        if not answer.is_success:
            raise AssertionError(answer.text)
        return answer.json()

    async def start(self, **how: bool) -> str:
        run = await self.desk.ask("POST", f"/v1/connectors/{self.connector_id}/runs", json=how, expect=202)
        run_id: str = run["run_id"]
        return run_id

    async def run(self, **how: bool) -> Any:
        """Start a run and have the worker carry it as far as it gets; gives how far that was."""
        run_id = await self.start(**how)
        await self.worker().work_once()
        return await self.get_run(run_id)

    async def get_run(self, run_id: str) -> Any:
        return await self.desk.ask("GET", f"/v1/sync-runs/{run_id}")

    async def items(self, run: Any) -> list[Any]:
        found: list[Any] = (await self.desk.ask("GET", f"/v1/sync-runs/{run['run_id']}/items"))["items"]
        return found

    async def failures(self, **filters: str) -> list[Any]:
        found: list[Any] = (await self.desk.ask("GET", "/v1/sync-failures", params=filters))["items"]
        return found

    async def customers(self) -> list[Any]:
        found: list[Any] = (await self.desk.ask("GET", "/v1/retailers"))["items"]
        return found

    async def by_licence(self, number: str) -> Any:
        (found,) = (await self.desk.ask("GET", "/v1/retailers", params={"licence": number}))["items"]
        return found

    async def change(self, retailer_id: str, **changes: Any) -> Any:
        """Change some fields of a customer, as somebody at a screen does."""
        view = await self.desk.get(retailer_id)
        body = {
            name: value
            for name, value in view.items()
            if name not in ("retailer_id", "licence_status", "licence_state", "merged_into", "version")
            and not name.endswith("_at")
        }
        body |= changes
        return await self.desk.ask("PUT", f"/v1/retailers/{retailer_id}", json=body)
