"""Through a real broker: others learn what left and what came, and a rebuild keeps what is on the way."""

from collections.abc import Callable

from humidor_common.events.inventory import TransferDispatched, TransferReceived
from humidor_common.messaging.kafka import make_consumer
from humidor_common.messaging.rebuild import rebuild
from humidor_common.messaging.subscription import decode
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import drained, running
from humidor_inventory.app import SERVICE
from humidor_inventory.checks.projection import PROJECTION
from humidor_inventory.testing.shop import STORE, Shop, make_gtin


async def test_both_ends_of_a_transfer_are_told_on_its_topic_and_a_rebuild_comes_to_the_same(
    settings_for: SettingsFor, auth: Callable[..., dict[str, str]]
) -> None:
    settings = settings_for(SERVICE)
    gtin = make_gtin(1)
    async with running(SERVICE, settings) as api, running(SERVICE, settings, "worker") as worker:
        shop = Shop(api.runtime, api.client, auth)
        for store_id in (STORE, "W1"):
            await shop.put_store(store_id)
        await shop.put_product(gtin)
        await shop.receive((gtin, 50, "A"), store_id="W1")
        lines = [{"gtin": gtin, "quantity": 30}]
        body = {"from_store_id": "W1", "to_store_id": STORE, "lines": lines, "dispatch": True}
        sent = await shop.ask("POST", "/v1/transfers", json=body, expect=201)
        part = {"lines": [{"gtin": gtin, "received": 10, "lost": 1, "reason": "torn"}]}
        await shop.ask("POST", f"/v1/transfers/{sent['transfer_id']}:receive", json=part)
        await drained(api, worker)
        consumer = make_consumer(settings, None)
        consumer.subscribe([settings.topic_prefix + TransferDispatched.TOPIC])
        await consumer.start()
        try:
            told = [await consumer.getone(), await consumer.getone()]
        finally:
            await consumer.stop()
        events = {}
        for record in told:
            headers = {name: value.decode() for name, value in record.headers}
            event = decode(headers, record.value).event
            assert record.key == event.key.encode()
            events[type(event)] = event
        left, came = events[TransferDispatched], events[TransferReceived]
        assert isinstance(left, TransferDispatched)
        assert isinstance(came, TransferReceived)
        assert (left.store_id, left.to_store_id, left.lines[0].quantity_sticks) == ("W1", STORE, 600)
        assert (came.store_id, came.complete, came.lines[0].lost_sticks) == (STORE, False, 20)
        outcome = await rebuild(settings, PROJECTION)
        assert outcome.equal
        assert (await shop.stock(gtin))["on_order"] == 19
        await shop.check()
