"""For tests: a stocktake in the shop, and short words for what people do with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from humidor_inventory.testing.shop import STORE, Shop


@dataclass
class Counting:
    """A stocktake in hand and the people about it: manager `ma`, counters `li` and `wang`."""

    shop: Shop
    stocktake_id: str = ""
    store_id: str = STORE

    def who(self, subject: str, role: str = "clerk", stores: list[str] | None = None) -> dict[str, str]:
        return self.shop.auth(role, stores=stores or [self.store_id], subject=subject)

    @property
    def manager(self) -> dict[str, str]:
        return self.who("ma", "manager")

    async def create(self, *, expect: int = 201, **body: Any) -> Any:
        given = {"store_id": self.store_id, "kind": "full"} | body
        stores = [given["store_id"]]
        headers = self.who("ma", "manager", stores)
        made = await self.shop.ask("POST", "/v1/stocktakes", json=given, headers=headers, expect=expect)
        if expect == 201:
            self.stocktake_id = made["stocktake_id"]
        return made

    async def begin(self, **body: Any) -> Any:
        await self.create(**body)
        return await self.step("start")

    async def step(
        self, step: str, *, by: dict[str, str] | None = None, expect: int = 200, **body: Any
    ) -> Any:
        changes = {"json": body} if body else {}
        return await self.shop.ask(
            "POST",
            f"/v1/stocktakes/{self.stocktake_id}:{step}",
            headers=by or self.manager,
            expect=expect,
            **changes,
        )

    async def count(
        self,
        gtin: str,
        packs: int,
        *,
        by: str = "li",
        at: datetime | None = None,
        expect: int = 201,
        **body: Any,
    ) -> Any:
        given = {"count_id": str(uuid4()), "gtin": gtin, "quantity": packs} | body
        if at:
            given["counted_at"] = at.isoformat()
        return await self.shop.ask(
            "POST", self.path + "/counts", json=given, headers=self.who(by), expect=expect
        )

    async def send(self, *counts: dict[str, Any], by: str = "li") -> list[tuple[str, str | None]]:
        """Send a batch; gives each status and the code of its problem."""
        answer = await self.shop.ask(
            "POST", self.path + "/counts:batch", json={"counts": counts}, headers=self.who(by)
        )
        return [(each["status"], each["problem"] and each["problem"]["code"]) for each in answer["results"]]

    async def upload(self, content: bytes, *, dry_run: bool, by: str = "li", expect: int = 200) -> Any:
        path = f"{self.path}/counts:import?dry_run={str(dry_run).lower()}"
        headers = self.who(by) | {"Content-Type": "text/csv"}
        return await self.shop.ask("POST", path, content=content, headers=headers, expect=expect)

    async def lines(self, by: dict[str, str] | None = None) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.shop.ask(
                "GET", f"{self.path}/lines?limit=2{cursor}", headers=by or self.manager
            )
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = f"&cursor={page['next_cursor']}"

    async def line(self, gtin: str, lot: str = "") -> dict[str, Any]:
        return next(each for each in await self.lines() if (each["gtin"], each["lot"]) == (gtin, lot))

    async def get(self, rest: str = "", *, expect: int = 200, by: dict[str, str] | None = None) -> Any:
        return await self.shop.ask("GET", self.path + rest, headers=by or self.manager, expect=expect)

    async def finish(self) -> Any:
        """Close, approve and post what needs no recount."""
        state = (await self.step("close"))["state"]
        if state != "review":
            raise AssertionError(f"{state} instead of review")
        await self.step("approve")
        return await self.step("post")

    @property
    def path(self) -> str:
        return f"/v1/stocktakes/{self.stocktake_id}"

    async def audited(self) -> list[str]:
        rows = await self.shop.runtime.pool.fetch(
            "SELECT action FROM audit_trail WHERE entity = 'stocktake' AND entity_id = $1 ORDER BY 1",
            str(UUID(self.stocktake_id)),
        )
        return [row[0] for row in rows]
