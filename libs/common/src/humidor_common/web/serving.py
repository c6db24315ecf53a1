"""A process that answers HTTP until a signal ends it, and that ends within its time whatever it hangs in."""

import faulthandler
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from humidor_common.web.server import BoundedHttp

KEEP_ALIVE_SECONDS = 65
GRACEFUL_SECONDS = 10
# What supervises a process kills it long before; this is for one whose supervisor is gone.
LONGEST_STOP_SECONDS = 30.0
EXIT_NOT_STARTED = 3


def serve(app: Callable[..., Any], *, host: str, port: int, **options: Any) -> None:
    """Serve until SIGTERM or SIGINT; `options` are more of `uvicorn.Config`.

    Raises:
        SystemExit: With 3 when it could not start.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedHttp,
        access_log=False,
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        server_header=False,
        proxy_headers=False,  # who needs X-Forwarded-For reads it itself, from proxies it trusts
        **options,
    )
    server = EndingServer(config)
    server.run()
    if not server.started:
        sys.exit(EXIT_NOT_STARTED)


class EndingServer(uvicorn.Server):
    """It has `LONGEST_STOP_SECONDS` from its first signal on; then it says where it is, and is gone."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            faulthandler.dump_traceback_later(LONGEST_STOP_SECONDS, exit=True)
        super().handle_exit(sig, frame)
