"""The operator's commands as far as they go without a running system."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from humidor_cli.errors import CliError
from humidor_cli.main import app

EXTRACT = Path(__file__).parents[3] / "tests" / "data" / "online_retail_extract.csv"
COMMANDS = (
    ("replay",),
    ("verify",),
    ("rebuild",),
    *(("deadletters", action) for action in ("list", "show", "retry", "drop")),
)
IDENTITY = "018f0000-0000-7000-8000-000000000001"


def _humidor(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=answer)


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUMIDOR_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HUMIDOR_URL", raising=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: tuple[str, ...]) -> None:
    shown = _humidor(*command, "--help")
    assert shown.exit_code == 0
    assert "Example:  humidor" in shown.output
    assert "--json" in shown.output


def test_a_dry_run_counts_by_kind_of_oddity_and_needs_no_system() -> None:
    shown = _humidor("replay", str(EXTRACT), "--currency", "GBP", "--dry-run", "--json")
    report = json.loads(shown.output)
    assert shown.exit_code == 0
    assert report["rows"] == 801
    assert report["documents"] == {"sale": 36, "return": 10, "linked return": 4, "adjustment": 13}
    oddities = {each["oddity"]: each["rows"] for each in report["oddities"]}
    assert oddities["not_replayed: negative_price"] == 2
    assert report["found"]["columns"]["sale"] == 1


def test_a_dry_run_shows_people_the_same() -> None:
    shown = _humidor("replay", str(EXTRACT), "--dry-run")
    assert shown.exit_code == 0
    assert "801 rows" in shown.output
    assert "negative price" in shown.output


def test_what_goods_are_not_is_said_in_the_mapping(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("not_goods: [POST, DOT, M, D]\n")
    report = json.loads(_humidor("replay", str(EXTRACT), "--map", str(mapping), "--dry-run", "--json").output)
    oddities = {each["oddity"]: each["rows"] for each in report["oddities"]}
    assert oddities["not_replayed: not_goods"] > 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay", str(EXTRACT), "--yes"),
        ("verify", str(EXTRACT)),
        ("verify",),
        ("rebuild", "inventory", "--yes"),
        ("deadletters", "list"),
        ("deadletters", "show", IDENTITY),
        ("deadletters", "retry", "--all"),
        ("deadletters", "drop", IDENTITY, "--reason", "test", "--yes"),
    ],
)
def test_without_a_system_it_says_so(arguments: tuple[str, ...]) -> None:
    shown = _humidor(*arguments)
    assert isinstance(shown.exception, CliError)
    assert "no system runs" in str(shown.exception)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay", str(EXTRACT), "--dry-run", "--time-zone", "Mars/Base"), "time zone"),
        (("replay", str(EXTRACT), "--dry-run", "--currency", "pounds"), "default_currency"),
        (("rebuild", "gateway", "--yes"), "no service gateway"),
        (("deadletters", "retry"), "--all"),
        (("deadletters", "retry", IDENTITY, "--all"), "--all"),
    ],
)
def test_a_wrong_wish_is_refused_with_words_that_help(arguments: tuple[str, ...], words: str) -> None:
    shown = _humidor(*arguments)
    assert isinstance(shown.exception, CliError)
    assert words in str(shown.exception)


def test_a_rebuild_asks_first() -> None:
    shown = _humidor("rebuild", "pos", answer="n\n")
    assert shown.exit_code == 1
    assert not isinstance(shown.exception, CliError)


def test_dropping_needs_a_reason() -> None:
    assert _humidor("deadletters", "drop", IDENTITY).exit_code == 2


def test_another_system_needs_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUMIDOR_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("HUMIDOR_TOKEN", raising=False)
    assert "HUMIDOR_TOKEN" in str(_humidor("deadletters", "list").exception)
