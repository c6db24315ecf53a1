import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from humidor_embedded.errors import EmbeddedError
from humidor_embedded.kafka import KafkaBroker
from humidor_embedded.process import is_alive


async def _create_topic(kafka: KafkaBroker, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def _publish(kafka: KafkaBroker, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def _first(kafka: KafkaBroker, topic: str) -> bytes | None:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, group_id="readers")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        value: bytes | None = (await consumer.getone()).value
        await consumer.commit()
        return value
    finally:
        await consumer.stop()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with KafkaBroker.for_tests(tmp_path_factory.mktemp("broker")) as running:
        yield running


async def test_a_record_is_published_and_read_in_a_group(broker: KafkaBroker) -> None:
    await _create_topic(broker, "plain")
    await _publish(broker, "plain", b"hello")
    assert await _first(broker, "plain") == b"hello"


async def test_asking_for_an_unknown_topic_does_not_make_it(broker: KafkaBroker) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    try:
        await admin.describe_topics(["nobody-made-me"])
        assert "nobody-made-me" not in await admin.list_topics()
    finally:
        await admin.close()


def test_the_broker_says_what_it_does_in_its_log(broker: KafkaBroker) -> None:
    assert "Kafka Server started" in broker.log.read_text()


async def test_acknowledged_records_survive_a_killed_broker(tmp_path: Path) -> None:
    broker = KafkaBroker.for_tests(tmp_path)
    broker.start()
    try:
        await _create_topic(broker, "kept")
        await _publish(broker, "kept", b"still here")
        broker.kill()
        broker.start()
        assert await _first(broker, "kept") == b"still here"
    finally:
        broker.stop()


def test_storage_half_formatted_is_formatted_anew(tmp_path: Path) -> None:
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new" / "bootstrap.checkpoint").write_text("cut short")
    broker = KafkaBroker.for_tests(tmp_path)
    broker.prepare()
    assert (tmp_path / "data" / "meta.properties").exists()


def test_data_without_their_description_are_not_wiped(tmp_path: Path) -> None:
    (tmp_path / "data" / "pos.sale.v1-0").mkdir(parents=True)
    with pytest.raises(EmbeddedError, match="damaged"):
        KafkaBroker.for_tests(tmp_path).prepare()
    assert (tmp_path / "data" / "pos.sale.v1-0").exists()


_OWNER = """
import sys, time
from pathlib import Path
from humidor_embedded.kafka import KafkaBroker
broker = KafkaBroker(Path(sys.argv[1]))
broker.prepare()
broker.launch()
print(broker.pid, flush=True)
time.sleep(600)
"""


def test_the_broker_ends_with_a_killed_parent(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", _OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    broker = psutil.Process(int(owner.stdout.readline()))
    owner.stdout.close()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    KafkaBroker.for_tests(tmp_path).prepare()
    assert not is_alive(broker)
