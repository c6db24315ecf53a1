"""The loopback ports of one local system: kept between starts, apart from those of other copies."""

import hashlib

from humidor_cli.errors import CliError
from humidor_cli.home import Home
from humidor_cli.services import BUSINESS_SERVICES, SERVICES
from humidor_embedded.ports import free_ports, is_free

NAMES = (
    *BUSINESS_SERVICES,
    *(f"{spec.name}-worker" for spec in SERVICES if "worker" in spec.roles),
    "kafka",
    "kafka-controller",
    "mqtt",
)
# Below the range that Linux gives to outgoing connections, which could take a port between two starts.
_FIRST, _BLOCKS, _BLOCK_SIZE = 20_000, 500, 20


def check_gateway_port(port: int) -> None:
    """Refuse a taken port with words that help."""
    if not is_free(port):
        raise CliError(
            f"port {port} is taken{_holder(port)}.\n"
            f"Stop that program, or choose another port: HUMIDOR_PORT={port + 1} make run"
        )


def choose_ports(home: Home) -> dict[str, int]:
    """The ports of the last start where they are still free; `pos` is the one terminals know."""
    block = int(hashlib.sha256(str(home.directory.resolve()).encode()).hexdigest(), 16) % _BLOCKS
    first = _FIRST + block * _BLOCK_SIZE
    kept = home.read("ports.json")
    ports: dict[str, int] = {}
    for offset, name in enumerate(NAMES):
        wanted = kept.get(name, first + offset)
        ports[name] = wanted if is_free(wanted) else free_ports(1)[0]
    home.write("ports.json", dict(ports))
    return ports


def _holder(port: int) -> str:
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return ""
