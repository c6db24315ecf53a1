from pathlib import Path

import pytest

from humidor_embedded import kafka_aot
from humidor_embedded.errors import EmbeddedError
from humidor_embedded.kafka import KafkaBroker


@pytest.fixture
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archives of the machine's cache, but a place of the test's own for the cached classes."""
    place = tmp_path / "classes.aot"
    monkeypatch.setattr(kafka_aot, "cache_file", lambda: place)
    monkeypatch.setattr("humidor_embedded.kafka.cache_file", lambda: place)
    return place


def test_the_cache_is_made_once_and_used_by_the_next_broker(tmp_path: Path) -> None:
    place = kafka_aot.cache_file()
    missing = not place.exists()
    assert kafka_aot.make() == missing
    assert not kafka_aot.make()
    with KafkaBroker.for_tests(tmp_path / "broker") as broker:
        assert broker.child is not None
        command = Path(f"/proc/{broker.pid}/cmdline").read_text()
        assert f"-XX:AOTCache={place}" in command


def test_a_damaged_cache_costs_at_most_one_start(own_place: Path, tmp_path: Path) -> None:
    own_place.write_bytes(b"not a cache" * 1000)
    broker = KafkaBroker.for_tests(tmp_path / "broker")
    try:
        broker.start()
    except EmbeddedError:
        broker.start()
    finally:
        broker.stop()


def test_a_cache_is_for_one_set_of_archives_and_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    before = kafka_aot.cache_file()
    monkeypatch.setattr(kafka_aot, "JVM_FLAGS", ("-Xmx1g",))
    assert kafka_aot.cache_file() != before
