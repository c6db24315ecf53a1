"""The pytest plugin: a real database, real topics and signed tokens for any test, in milliseconds."""

import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from humidor_common.auth import SigningKey, generate_signing_key, issue_token, jwks
from humidor_common.clock import utc_now
from humidor_common.ids import uuid7
from humidor_common.service import Service
from humidor_common.settings import ServiceSettings
from humidor_common.testing.databases import Databases
from humidor_common.testing.engines import kafka_broker, postgres_server
from humidor_common.testing.midnights import seconds_until_days_last

MakeDatabase = Callable[[str | None], str]
SettingsFor = Callable[..., ServiceSettings]
Token = Callable[..., str]


def pytest_configure() -> None:
    """Fail no property because the machine is busy: what takes too long runs into the test's time."""
    settings.register_profile("humidor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("humidor")


def pytest_collection_finish() -> None:
    """Spare the collector what stays for the whole session anyway, as the services' processes do."""
    from humidor_common.main import spare_the_collector

    spare_the_collector()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Begin no test just before midnight, and before its timeout begins."""
    time.sleep(seconds_until_days_last(utc_now()))
    return (yield)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A superuser DSN."""
    with postgres_server() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Bootstrap servers."""
    with kafka_broker() as bootstrap_servers:
        yield bootstrap_servers


@pytest.fixture(scope="session")
def databases(postgres: str) -> Iterator[Databases]:
    made = Databases(postgres)
    yield made
    made.drop_all()


@pytest.fixture
def make_database(databases: Databases) -> Iterator[MakeDatabase]:
    """Make a database of this test's own: `make_database("humidor_pos")`."""
    yield databases.make
    databases.take_back()


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that makes topics and groups this test's own."""
    return f"t{uuid7().hex}."


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    return generate_signing_key()


@pytest.fixture(scope="session")
def jwks_file(signing_key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import msgspec

    path = tmp_path_factory.mktemp("auth") / "jwks.json"
    path.write_bytes(msgspec.json.encode(jwks([signing_key])))
    return path


@pytest.fixture
def token(signing_key: SigningKey) -> Token:
    """Sign a token: `token("manager", stores=["S0001"])`."""

    def sign(role: str = "admin", *, stores: list[str] | None = None, subject: str = "tester") -> str:
        return issue_token(signing_key, subject=subject, roles=[role], stores=stores)

    return sign


@pytest.fixture
def auth(token: Token) -> Callable[..., dict[str, str]]:
    """Headers of a caller: `auth("clerk", stores=["S0001"])`."""
    return lambda *args, **kwargs: {"Authorization": f"Bearer {token(*args, **kwargs)}"}


@pytest.fixture
def settings_for(
    make_database: MakeDatabase, jwks_file: Path, topic_prefix: str, request: pytest.FixtureRequest
) -> SettingsFor:
    """Make settings with a database of the test's own; the broker starts when first asked for.

    `settings_for(SERVICE)` has topics; `settings_for(SERVICE, bus=False)` leaves the broker out, for tests
    that never reach it.
    """

    def make(service: Service, *, bus: bool = True, **changes: object) -> ServiceSettings:
        bootstrap = request.getfixturevalue("kafka") if bus else "127.0.0.1:1"
        values: dict[str, object] = {
            "pg_dsn": make_database(service.package),
            "kafka_bootstrap_servers": bootstrap,
            "kafka_partitions": 3,
            "topic_prefix": topic_prefix,
            "relay_patience_seconds": 0,
            "jwks": str(jwks_file),
            "pg_pool_size": 4,
        }
        return service.settings.model_validate(values | changes)

    return make
