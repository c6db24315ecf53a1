import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from humidor_cli.errors import CliError
from humidor_cli.home import Home
from humidor_cli.main import app

COMMANDS = ("up", "down", "status", "reset", "import")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HUMIDOR_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HUMIDOR_PORT", raising=False)
    return Home.from_environment()


def _humidor(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=answer)


def _with_data(home: Home) -> Home:
    home.prepare()
    home.postgres.mkdir()
    return home


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    shown = _humidor(command, "--help")
    assert shown.exit_code == 0
    assert "Example:  " in shown.output
    assert "--json" in shown.output


def test_the_status_of_a_stopped_system_names_its_parts_and_fails(home: Home) -> None:
    shown = _humidor("status", "--json")
    document = json.loads(shown.output)
    assert shown.exit_code == 1
    assert document["ready"] is False
    assert set(document) >= {"ready", "services", "lag", "dead_letters"}
    assert set(document["services"]) >= {"pos", "inventory", "gateway"}
    assert not home.directory.exists()


def test_stopping_what_does_not_run_is_no_mistake(home: Home) -> None:
    assert json.loads(_humidor("down", "--json").output) == {"stopped": False}
    assert not home.directory.exists()


def test_reset_asks_and_no_keeps_everything(home: Home) -> None:
    _with_data(home)
    shown = _humidor("reset", answer="n\n")
    assert shown.exit_code == 1
    assert home.postgres.exists()


def test_reset_deletes_after_a_yes(home: Home) -> None:
    _with_data(home)
    assert _humidor("reset", answer="y\n").exit_code == 0
    assert not home.directory.exists()


def test_reset_does_not_ask_when_told_so(home: Home) -> None:
    _with_data(home)
    assert "postgres" in json.loads(_humidor("reset", "--yes", "--json").output)["deleted"]


def test_a_running_system_is_not_reset(home: Home) -> None:
    _with_data(home)
    with home.locked():
        shown = _humidor("reset", "--yes")
    assert isinstance(shown.exception, CliError)
    assert home.postgres.exists()
