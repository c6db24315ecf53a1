"""What a killed replay leaves, and what the next one makes of it."""

from pathlib import Path

import pytest

from humidor_cli.home import Home
from humidor_cli.replay.mapping import Mapping
from humidor_cli.replay.progress import Progress, name_of


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home", 8080)
    made.prepare()
    return made


def test_what_was_acknowledged_is_there_for_the_next_run(home: Home) -> None:
    progress = Progress(home, "run")
    progress.acknowledge("S1", 3)
    progress.acknowledge("S2", 1)
    progress.acknowledge("S1", 2)
    progress.close(finished=False)
    again = Progress(home, "run")
    assert (again.before("S1"), again.before("S2"), again.before("S3")) == (5, 1, 0)
    assert again.resumed == 6


def test_a_killed_run_has_lost_only_its_last_moments(home: Home) -> None:
    Progress(home, "run").acknowledge("S1", 3)
    assert Progress(home, "run").before("S1") == 3


def test_a_finished_replay_begins_anew(home: Home) -> None:
    progress = Progress(home, "run")
    progress.acknowledge("S1", 3)
    progress.close(finished=True)
    assert Progress(home, "run").resumed == 0


def test_a_restart_forgets(home: Home) -> None:
    progress = Progress(home, "run")
    progress.acknowledge("S1", 3)
    progress.close(finished=False)
    again = Progress(home, "run")
    again.forget()
    assert again.resumed == 0


def test_another_content_or_mapping_is_another_replay(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("a")
    name = name_of(file, Mapping())
    assert name_of(file, Mapping()) == name
    assert name_of(file, Mapping(stores=3)) != name
    file.write_text("b")
    assert name_of(file, Mapping()) != name
