"""Takes readings from an MQTT broker: acknowledged only once they are committed, by one worker at a time.

One fixed client id with a session that the broker keeps: whichever worker leads takes the same session up,
with all that came in between. A message is acknowledged after its commit, so the broker's own window of
unacknowledged messages is the back-pressure, and what a killed worker had not committed is sent again; what
it had committed and not acknowledged comes twice and is dropped by its key.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import unquote, urlsplit

import aiomqtt
import asyncpg
from aiomqtt import Message

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.readings.messages import READINGS_FILTER, STATUS_FILTER, Content, Status, read_messages
from humidor_inventory.readings.metrics import MQTT_BATCH_READINGS, MQTT_CONNECTED
from humidor_inventory.readings.refusals import Refusal, note_refusals
from humidor_inventory.readings.service import count_outcomes, take_readings
from humidor_inventory.settings import InventorySettings

BATCH_MESSAGES = 2000
TURN_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 15.0
KEEP_ALIVE_SECONDS = 20
_LOCK_CLASS = 7301014
# A broker that cannot connect, and what paho raises itself where a connection breaks while it is being used.
_BROKER = (aiomqtt.MqttError, OSError, TimeoutError, ValueError)

log = get_logger(__name__)


class CommittingClient(aiomqtt.Client):
    """Acknowledges what it is told to, when it is told to; aiomqtt itself does so on arrival."""

    def __init__(self, settings: InventorySettings) -> None:
        url = urlsplit(settings.inventory_mqtt_url)
        secure = url.scheme == "mqtts"
        context = (
            ssl.create_default_context(cafile=settings.inventory_mqtt_cafile or None) if secure else None
        )
        super().__init__(
            url.hostname or "127.0.0.1",
            url.port or (8883 if secure else 1883),
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            identifier=settings.inventory_mqtt_client_id,
            clean_session=False,
            keepalive=KEEP_ALIVE_SECONDS,
            tls_context=context,
        )
        self._client.manual_ack_set(True)

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Tell the broker to forget these, in the order in which they came."""
        for message in messages:
            if message.qos == 1:
                self._client.ack(message.mid, 1)

    async def next_batch(self, most: int) -> list[Message]:
        """Wait for a message and take what else is there already.

        Raises:
            MqttError: The connection is gone.
        """
        batch = [await anext(self.messages)]
        while len(batch) < most and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return batch


async def _wait_turn(conn: Connection, name: str) -> None:
    while True:
        if await conn.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, $2))", name, _LOCK_CLASS):
            return
        await asyncio.sleep(TURN_SECONDS)


class Subscriber:
    """Stands by until it leads, then takes readings until the broker or the database breaks away.

    Args:
        pool: Where readings go.
        settings: Where the broker is.
        wake: Called after each commit.
    """

    def __init__(self, pool: Pool, settings: InventorySettings, wake: Callable[[], None]) -> None:
        self._pool = pool
        self._settings = settings
        self._wake = wake
        self._late = timedelta(days=settings.inventory_climate_late_days)
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled; a broker or a database that is away is waited for, longer each time."""
        pause_seconds = TURN_SECONDS
        while True:
            try:
                async with self._leading():
                    await self._take()
            except _BROKER as error:
                log.warning("no MQTT broker", extra={"error": repr(error)})
            except DATABASE_ERRORS as error:
                log.warning("no database for readings", extra={"error": repr(error)})
            except Exception:  # the subscriber must outlive any fault of the broker's client
                log.exception("the MQTT subscriber failed, trying again")
            pause_seconds = (
                TURN_SECONDS if self.connected.is_set() else min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)
            )
            self.connected.clear()
            MQTT_CONNECTED.set(0)
            await asyncio.sleep(pause_seconds)

    @asynccontextmanager
    async def _leading(self) -> AsyncIterator[None]:
        """Be the only worker that takes from this broker.

        Should two believe it for a moment, the broker ends the older one's connection, because both say the
        same client id.
        """
        conn = await asyncpg.connect(
            self._settings.pg_dsn, command_timeout=30, server_settings={"application_name": "mqtt-leader"}
        )
        try:
            name = f"{self._settings.inventory_mqtt_url}\n{self._settings.inventory_mqtt_client_id}"
            await _wait_turn(conn, name)
            yield
        finally:
            conn.terminate()

    async def _take(self) -> None:
        async with CommittingClient(self._settings) as client:
            await client.subscribe(READINGS_FILTER, qos=1)
            await client.subscribe(STATUS_FILTER, qos=1)
            self.connected.set()
            MQTT_CONNECTED.set(1)
            log.info("taking readings by MQTT")
            while True:
                batch = await client.next_batch(BATCH_MESSAGES)
                await self._commit(batch)
                client.acknowledge(batch)

    async def _commit(self, batch: Sequence[Message]) -> None:
        """Write a batch; where one message breaks it, write the others without it."""
        content = read_messages([(str(message.topic), _bytes(message.payload)) for message in batch])
        try:
            await self._write(content)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            if len(batch) == 1:
                log.exception("a message cannot be stored")
                refusal = Refusal(code="not_storable", detail=repr(error))
                await self._write(Content([], [], [refusal]))
                return
            half = len(batch) // 2
            await self._commit(batch[:half])
            await self._commit(batch[half:])

    async def _write(self, content: Content) -> None:
        now = utc_now()
        async with transaction(self._pool) as conn:
            if content.pushes:
                await take_readings(
                    conn,
                    content.pushes,
                    channel="mqtt",
                    now=now,
                    late=self._late,
                    needs_keys=self._settings.inventory_mqtt_needs_keys,
                )
            await note_refusals(conn, content.refusals, channel="mqtt", now=now)
            if content.statuses:
                await conn.execute(_STATUS, _newest(content.statuses), now)
        count_outcomes("mqtt", 0, 0, len(content.refusals))
        MQTT_BATCH_READINGS.observe(len(content.pushes))
        self._wake()


_STATUS = """
INSERT INTO climate_device_states AS s (device_no, online, last_seen_at)
SELECT d.device_no, (e->>2)::boolean, CASE WHEN (e->>2)::boolean THEN $2::timestamptz END
FROM jsonb_array_elements($1::jsonb) e
JOIN climate_devices d ON d.store_id = e->>0 AND d.device_id = e->>1 AND d.state = 'active'
ORDER BY d.device_no
ON CONFLICT (device_no) DO UPDATE SET online = excluded.online,
    last_seen_at = greatest(s.last_seen_at, excluded.last_seen_at)
"""


def _newest(statuses: Sequence[Status]) -> list[Status]:
    return list({status.device_id: status for status in statuses}.values())


def _bytes(payload: object) -> bytes:
    return payload if isinstance(payload, bytes) else str(payload).encode()


async def take_by_mqtt(pool: Pool, settings: InventorySettings, wake: Callable[[], None]) -> None:
    """Take readings while there is a broker to take them from."""
    if settings.inventory_mqtt_url:
        await Subscriber(pool, settings, wake).run()
