"""The Kafka clients, configured in one place."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.helpers import create_ssl_context

from humidor_common.settings import ServiceSettings
from humidor_common.telemetry.logs import get_logger

PRODUCER_BATCH_BYTES = 128 * 1024
LARGEST_MESSAGE_BYTES = 4 * 1024 * 1024
REQUEST_TIMEOUT_MS = 15_000
MAX_POLL_INTERVAL_MS = 300_000
STOP_SECONDS = 10.0

log = get_logger(__name__)


def connection_options(settings: ServiceSettings) -> dict[str, Any]:
    """Build the options that producer, consumer and admin client share."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_sasl_mechanism:
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password
    if "SSL" in settings.kafka_security_protocol:
        options["ssl_context"] = _ssl_context(settings)
    return options


def make_producer(settings: ServiceSettings) -> AIOKafkaProducer:
    """Make the idempotent producer of a relay."""
    return AIOKafkaProducer(
        **connection_options(settings),
        acks="all",
        enable_idempotence=True,
        max_batch_size=PRODUCER_BATCH_BYTES,
        max_request_size=LARGEST_MESSAGE_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )


def make_consumer(settings: ServiceSettings, group: str | None, **options: Any) -> AIOKafkaConsumer:
    """Make a consumer that commits only what it is told to; without `group` it belongs to none."""
    return AIOKafkaConsumer(
        **connection_options(settings),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
        isolation_level="read_committed",
        **options,
    )


def make_admin(settings: ServiceSettings) -> AIOKafkaAdminClient:
    return AIOKafkaAdminClient(**connection_options(settings), request_timeout_ms=REQUEST_TIMEOUT_MS)


def is_ending() -> bool:
    """Whether it is the running task that was cancelled.

    The client ends its own tasks by cancelling them, and where a broker has died it lets that out as if the
    caller were meant.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def outlive(
    work: Callable[[], Awaitable[None]], name: str, *, lost: tuple[type[Exception], ...]
) -> None:
    """Do the work again whenever it ends, until cancelled; `lost` is what is waited for without alarm."""
    while True:
        try:
            await work()
        except lost as error:
            log.warning("connection lost, trying again", extra={"work": name, "error": repr(error)})
        except asyncio.CancelledError:
            if is_ending():
                raise
            log.warning("the broker's client ended by itself, trying again", extra={"work": name})
        except Exception:  # it must outlive any fault of the broker's client
            log.exception("failed, trying again", extra={"work": name})
        await asyncio.sleep(1)


async def stop(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Stop a client within its time; whatever is in its way, its connections are closed."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await client.stop()
    except Exception as error:  # noqa: BLE001 - it is given up in any case
        log.warning("the broker's client did not stop", extra={"error": repr(error)})
    except asyncio.CancelledError:
        if is_ending():
            raise
    finally:
        with suppress(Exception):
            # Once `stop` has failed it does nothing any more, and the client has no other door.
            await client._client.close()  # noqa: SLF001


def _ssl_context(settings: ServiceSettings) -> ssl.SSLContext:
    context: ssl.SSLContext = create_ssl_context(cafile=settings.kafka_ssl_cafile)
    return context
