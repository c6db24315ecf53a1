import json
import stat
from pathlib import Path

import pytest

from humidor_cli.errors import CliError
from humidor_cli.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home", 8080)
    made.prepare()
    return made


def test_home_and_port_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUMIDOR_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("HUMIDOR_PORT", "9191")
    assert Home.from_environment() == Home(tmp_path / "elsewhere", 9191)


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "80 80"])
def test_a_port_that_is_none_is_refused(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUMIDOR_PORT", port)
    with pytest.raises(CliError, match="HUMIDOR_PORT"):
        Home.from_environment()


def test_secrets_are_closed_to_others(home: Home) -> None:
    home.write("secrets/database.json", {"pos": "secret"})
    assert stat.S_IMODE(home.secrets.stat().st_mode) == 0o700
    assert stat.S_IMODE((home.secrets / "database.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[1]", '"text"', "\x00"])
def test_a_damaged_document_counts_as_empty(home: Home, content: str) -> None:
    home.state_file.write_text(content)
    assert home.read("state.json") == {}


def test_only_one_supervisor_holds_a_home(home: Home) -> None:
    assert not home.is_running()
    with home.locked():
        assert home.is_running()
        with pytest.raises(CliError, match="already runs"), home.locked():
            pass
    assert not home.is_running()


def test_a_lock_file_left_behind_locks_nothing(home: Home) -> None:
    (home.directory / "supervisor.lock").write_text("4242")
    with home.locked():
        assert home.is_running()


def test_wiping_deletes_what_is_humidors_and_nothing_else(home: Home) -> None:
    home.state_file.write_text(json.dumps({}))
    home.postgres.mkdir()
    (home.directory / "thesis.txt").write_text("not ours")
    assert "postgres" in home.wipe()
    assert [path.name for path in home.directory.iterdir()] == ["thesis.txt"]


def test_a_file_in_place_of_the_home_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CliError, match="cannot be used"):
        Home(tmp_path / "file", 8080).prepare()
