"""Server settings of the embedded PostgreSQL: one profile to keep data, one for tests."""

from collections.abc import Mapping

_COMMON = {
    "jit": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

DURABLE: Mapping[str, str] = _COMMON | {
    "checkpoint_completion_target": "0.9",
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "full_page_writes": "on",
    "max_wal_size": "2GB",
    "min_wal_size": "160MB",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "wal_buffers": "8MB",
    "wal_compression": "on",
    "work_mem": "8MB",
}

# Tests drop the whole cluster afterwards, so nothing needs to reach the disk.
DISPOSABLE: Mapping[str, str] = _COMMON | {
    # A test that needs statistics asks for them, and finds the same ones each time.
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "1GB",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}
