import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from humidor_cli.errors import CliError
from humidor_cli.home import Home
from humidor_cli.run.ports import NAMES, check_gateway_port, choose_ports


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home", 8080)
    made.prepare()
    return made


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_ports_stay_the_same_from_start_to_start(home: Home) -> None:
    assert choose_ports(home) == choose_ports(home)


def test_two_homes_do_not_share_ports(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other", 8081)
    other.prepare()
    assert not set(choose_ports(home).values()) & set(choose_ports(other).values())


def test_a_port_taken_since_the_last_start_is_replaced(home: Home, taken_port: int) -> None:
    home.write("ports.json", {**choose_ports(home), "pos": taken_port})
    ports = choose_ports(home)
    assert ports["pos"] != taken_port
    assert len(set(ports.values())) == len(NAMES)


def test_a_taken_gateway_port_names_its_holder_and_the_way_out(taken_port: int) -> None:
    with pytest.raises(CliError, match=r"port \d+ is taken by .*pid \d+.*\n.*HUMIDOR_PORT"):
        check_gateway_port(taken_port)
