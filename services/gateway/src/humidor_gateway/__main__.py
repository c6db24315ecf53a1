import gc
import sys

gc.disable()  # set up once everything is imported: a fifth of the start was the collector's

import uvicorn  # noqa: E402

from humidor_common.main import KEEP_ALIVE_SECONDS, main, spare_the_collector  # noqa: E402
from humidor_common.telemetry.logs import configure_logs  # noqa: E402
from humidor_common.telemetry.traces import configure_tracing  # noqa: E402
from humidor_common.web.server import BoundedHttp  # noqa: E402
from humidor_gateway.app import SERVICE, create_gateway  # noqa: E402
from humidor_gateway.bootstrap import bootstrap_admin  # noqa: E402
from humidor_gateway.settings import GatewaySettings  # noqa: E402


def serve(settings: GatewaySettings) -> None:
    configure_logs("gateway-api", settings.log_level)
    configure_tracing("gateway-api")
    gateway = create_gateway(settings)
    spare_the_collector()
    uvicorn.run(
        gateway,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=BoundedHttp,
        ws="none",
        access_log=False,
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=10,
        server_header=False,
        proxy_headers=False,  # the gateway reads X-Forwarded-For itself, from trusted_proxies alone
    )


if __name__ == "__main__":
    command = sys.argv[1:]
    if command == ["api"]:
        serve(GatewaySettings())
    elif command == ["bootstrap-admin"]:
        bootstrap_admin(GatewaySettings())
    else:
        sys.exit(main(SERVICE))
