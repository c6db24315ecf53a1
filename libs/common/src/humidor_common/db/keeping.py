"""What a worker looks at again and again for as long as it lives."""

import asyncio
from collections.abc import Awaitable, Callable

from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.telemetry.logs import get_logger

log = get_logger(__name__)


async def keep(look: Callable[[], Awaitable[bool]], failed: str, *, every_seconds: float) -> None:
    """Look until cancelled: at once again where `look` says that there is more, else after a pause.

    A look that fails is told in the log as `failed`, and is done again with the next one.
    """
    while True:
        more = False
        try:
            more = await look()
        except DATABASE_ERRORS as error:
            log.warning(failed, extra={"error": repr(error)})
        except Exception:  # what cannot be looked at must not end the looking
            log.exception(failed)
        await asyncio.sleep(0 if more else every_seconds)
