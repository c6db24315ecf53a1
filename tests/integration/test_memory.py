"""What the bench of memory reads, of the running system."""

from benchmarks.memory import pss_mb

from .conftest import System


def test_the_memory_of_every_process_is_told_apart(system: System) -> None:
    total_mb, parts = pss_mb(system.home)
    services = ("pos", "inventory", "customers", "forecasting")
    named = {f"{service} {role}" for service in services for role in ("api", "worker")}
    assert named | {"gateway api", "PostgreSQL", "Kafka", "supervisor"} <= parts.keys()
    assert all(10 < mb < total_mb for name, mb in parts.items() if name in named)
    assert total_mb == sum(parts.values())
