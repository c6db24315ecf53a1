"""Makes a system ready for a file's sales: stores, products, opening stock, levels, a terminal a store."""

import math
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from humidor_cli.client import Client
from humidor_cli.errors import CliError
from humidor_cli.replay.documents import NAMESPACE, write_off_lot
from humidor_cli.replay.files import SalesFile
from humidor_cli.replay.survey import Demand, Pair, Survey

PACKS_PER_CARTON = 10
TERMINALS = "secrets/replay-terminals.json"
_BATCH = 1000
_TERMINAL_NAME = "replay"

Note = Callable[[str], None]


class Supply(msgspec.Struct, frozen=True):
    """How much stock to open with and how many levels to set; `opening` None is enough never to run out."""

    opening: int | None = None
    levels_per_store: int = 20


class Prepared(msgspec.Struct):
    """What was made, the terminals' keys by store, and whose write-offs are all in the books already."""

    keys: dict[str, str]
    written_off: set[Pair] = msgspec.field(default_factory=set)
    stores: int = 0
    products: int = 0
    opening_units: int = 0
    levels: int = 0


class Preparation:
    """Each step can be done again without changing what it did before."""

    def __init__(self, client: Client, file: SalesFile, survey: Survey, note: Note) -> None:
        self._client = client
        self._file = file
        self._survey = survey
        self._note = note
        self._sticks_per_pack: dict[str, int] = {}

    def run(self, supply: Supply) -> Prepared:
        made = Prepared(keys={})
        made.stores = self._register_stores()
        made.products = self._register_products()
        if self._file.makes_stock:
            made.opening_units = self._open_stock(supply, made)
            made.levels = self._set_levels(supply)
        made.keys = self._terminals()
        return made

    def _register_stores(self) -> int:
        known = {store["store_id"] for store in self._client.pages("inventory", "/v1/stores")}
        new = sorted(self._survey.stores - known)
        for store_id in new:
            body = {"name": f"Replayed store {store_id}", "time_zone": self._time_zone()}
            self._client.call("inventory", "PUT", f"/v1/stores/{store_id}", body=body)
        self._note(f"{len(new)} stores registered, {len(self._survey.stores) - len(new)} were known")
        return len(new)

    def _time_zone(self) -> str:
        zone = self._file.mapping.time_zone
        return "Etc/UTC" if zone.upper() == "UTC" else zone

    def _register_products(self) -> int:
        products = self._client.pages("inventory", "/v1/products")
        known = {product["gtin"]: product["sticks_per_pack"] for product in products}
        self._sticks_per_pack = known
        new = [(gtin, name) for gtin, name in sorted(self._survey.products.items()) if gtin not in known]
        refused = 0
        for some in _cut(new):
            batch = [{"gtin": gtin, "name": _name(name), "brand": "Replayed"} for gtin, name in some]
            answer = self._client.call("inventory", "POST", "/v1/products:batch", body={"products": batch})
            refused += sum(result["status"] == "rejected" for result in answer.document["results"])
        if refused:
            raise CliError(f"inventory refused {refused} of the file's products")
        self._note(f"{len(new)} products registered, {len(self._survey.products) - len(new)} were known")
        return len(new)

    def _open_stock(self, supply: Supply, made: Prepared) -> int:
        """Receive what the books lack: they never forget, an idempotency key is forgotten after a week."""
        total = 0
        for store_id in sorted(self._survey.stores):
            booked = self._client.get("inventory", "/v1/checks/movements", store_id=store_id)["movements"]
            there = {(each["gtin"], each["lot"]) for each in booked if each["reason"] == "opening"}
            made.written_off.update(self._settled_write_offs(store_id, booked))
            wanted = self._opening_lines(store_id, supply)
            lines = [line for line in wanted if (line["gtin"], line["lot"]) not in there]
            for some in _cut(lines):
                # Worked out from the file: nobody has mistaken a unit.
                confirmed = [line | {"confirm": True} for line in some]
                body = {"store_id": store_id, "kind": "opening", "lines": confirmed}
                key = uuid.uuid5(NAMESPACE, msgspec.json.encode(body).decode())
                answer = self._client.call(
                    "inventory", "POST", "/v1/receipts", body=body, idempotency_key=str(key)
                )
                total += 0 if answer.replayed else sum(line["quantity"] for line in some)
        self._note(f"{total} packs of opening stock received")
        return total

    def _settled_write_offs(self, store_id: str, booked: list[dict[str, Any]]) -> Iterator[Pair]:
        """Name the positions from whose own lot all has gone that the file writes off."""
        lot = write_off_lot(self._file.mapping.source)
        for each in booked:
            pair, gtin = (store_id, each["gtin"]), each["gtin"]
            if each["reason"] != "adjustment" or each["lot"] != lot or pair not in self._survey.demand:
                continue
            sticks = self._survey.demand[pair].written_off * self._sticks_per_pack.get(gtin, 0)
            if each["delta_sticks"] == -sticks:
                yield pair

    def _opening_lines(self, store_id: str, supply: Supply) -> Iterator[dict[str, Any]]:
        """Two lots to sell from, the older one first, and one for what is written off."""
        first = self._survey.first or datetime.now(UTC)
        end = max(self._survey.last or first, datetime.now(UTC)).date()
        source = self._file.mapping.source
        for (where, gtin), demand in sorted(self._survey.demand.items()):
            if where != store_id:
                continue
            packs = opening_packs(demand, supply.opening)
            for number, part in ((1, math.ceil(packs / 2)), (2, packs // 2)):
                if part:
                    yield {
                        "gtin": gtin,
                        "quantity": part,
                        "lot": f"OPENING-{source}-{number}",
                        "production_date": (first.date() - timedelta(days=90 - 30 * number)).isoformat(),
                        "expiry_date": (end + timedelta(days=365 * number)).isoformat(),
                    }
            if demand.written_off > 0:
                yield {"gtin": gtin, "quantity": demand.written_off, "lot": write_off_lot(source)}

    def _set_levels(self, supply: Supply) -> int:
        """Let each store's best sellers be ordered at a week's sales in stock, up to a month's."""
        days = max(1.0, _days(self._survey))
        by_store: dict[str, list[tuple[int, str]]] = {}
        for (store_id, gtin), demand in self._survey.demand.items():
            by_store.setdefault(store_id, []).append((demand.sold, gtin))
        levels = [
            {
                "store_id": store_id,
                "gtin": gtin,
                "reorder_point": math.ceil(sold / days * 7),
                "order_up_to": math.ceil(sold / days * 30),
            }
            for store_id, sold_of in sorted(by_store.items())
            for sold, gtin in sorted(sold_of, reverse=True)[: supply.levels_per_store]
            if sold > 0
        ]
        for some in _cut(levels):
            self._client.call("inventory", "POST", "/v1/levels:batch", body={"levels": some})
        self._note(f"{len(levels)} levels set")
        return len(levels)

    def _terminals(self) -> dict[str, str]:
        """Find or make a terminal for each store; a key that pos no longer takes is replaced."""
        home = self._client.target.home
        home.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = home.read(TERMINALS)
        active = {
            terminal["terminal_id"]
            for terminal in self._client.pages("pos", "/v1/terminals")
            if terminal["state"] == "active"
        }
        keys: dict[str, str] = {}
        for store_id in sorted(self._survey.stores):
            remembered = known.get(store_id) or {}
            if remembered.get("terminal_id") not in active:
                body = {"store_id": store_id, "name": _TERMINAL_NAME}
                remembered = self._client.call("pos", "POST", "/v1/terminals", body=body).document
                known[store_id] = remembered
                home.write(TERMINALS, known)
            keys[store_id] = remembered["key"]
        return keys


def opening_packs(demand: Demand, opening: int | None) -> int:
    """Give what to open with: what was said, or all that is sold, in whole cartons.

    Returns are not counted on: what comes back without its sale has no lot, and a sale would take from the
    lot of the write-offs before it.
    """
    if opening is not None:
        return opening
    return math.ceil(demand.sold / PACKS_PER_CARTON) * PACKS_PER_CARTON


def _cut(items: list[Any]) -> Iterator[list[Any]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))


def _days(survey: Survey) -> float:
    if survey.first is None or survey.last is None:
        return 1.0
    return (survey.last - survey.first).total_seconds() / 86_400


def _name(text: str) -> str:
    return "".join(character for character in text if character.isprintable()).strip()[:200] or "?"
