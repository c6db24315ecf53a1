import gc
import sys

gc.disable()  # set up once everything is imported: a fifth of the start was the collector's

from humidor_common.main import main, spare_the_collector  # noqa: E402
from humidor_common.telemetry.logs import configure_logs  # noqa: E402
from humidor_common.telemetry.traces import configure_tracing  # noqa: E402
from humidor_common.web.serving import serve as serve_until_stopped  # noqa: E402
from humidor_gateway.app import SERVICE, create_gateway  # noqa: E402
from humidor_gateway.bootstrap import bootstrap_admin  # noqa: E402
from humidor_gateway.settings import GatewaySettings  # noqa: E402


def serve(settings: GatewaySettings) -> None:
    configure_logs("gateway-api", settings.log_level)
    configure_tracing("gateway-api")
    gateway = create_gateway(settings)
    spare_the_collector()
    serve_until_stopped(gateway, host=settings.host, port=settings.port, ws="none")


if __name__ == "__main__":
    command = sys.argv[1:]
    if command == ["api"]:
        serve(GatewaySettings())
    elif command == ["bootstrap-admin"]:
        bootstrap_admin(GatewaySettings())
    else:
        sys.exit(main(SERVICE))
