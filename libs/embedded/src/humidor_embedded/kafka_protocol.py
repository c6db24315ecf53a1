"""The one request of Kafka's protocol needed to know that a broker serves."""

import socket
import struct

_METADATA = 3
_METADATA_VERSION = 4
_MOST_BYTES = 1 << 20


def broker_serves(host: str, port: int, timeout_seconds: float = 1.0) -> bool:
    """Whether a broker answers and counts itself as registered, so that topics can be made on it."""
    client_id = b"humidor"
    no_topics_no_creation = struct.pack(">i?", 0, False)
    request = struct.pack(">hhih", _METADATA, _METADATA_VERSION, 1, len(client_id)) + client_id
    request += no_topics_no_creation
    try:
        with socket.create_connection((host, port), timeout=timeout_seconds) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            (size,) = struct.unpack(">i", _read(connection, 4))
            if not 12 <= size <= _MOST_BYTES:
                return False
            _correlation, _throttle_ms, brokers = struct.unpack(">iii", _read(connection, 12))
    except OSError:
        return False
    return bool(brokers >= 1)


def _read(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        chunk = connection.recv(count - len(received))
        if not chunk:
            raise ConnectionResetError("the broker closed the connection")
        received += chunk
    return received
