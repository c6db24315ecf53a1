"""What a killed replay leaves, and what the next one makes of it."""

from pathlib import Path

import pytest

from humidor_cli.home import Home
from humidor_cli.replay.mapping import Mapping
from humidor_cli.replay.progress import Progress


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home", 8080)
    made.prepare()
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "sales.csv"
    made.write_text("a")
    return made


def test_what_was_acknowledged_is_there_for_the_next_run(home: Home, file: Path) -> None:
    progress = Progress(home, file, Mapping())
    progress.acknowledge("S1", 3)
    progress.acknowledge("S2", 1)
    progress.acknowledge("S1", 2)
    progress.close(finished=False)
    again = Progress(home, file, Mapping())
    assert (again.before("S1"), again.before("S2"), again.before("S3")) == (5, 1, 0)
    assert again.resumed == 6


def test_a_killed_run_has_lost_only_its_last_moments(home: Home, file: Path) -> None:
    Progress(home, file, Mapping()).acknowledge("S1", 3)
    assert Progress(home, file, Mapping()).before("S1") == 3


def test_a_finished_replay_begins_anew(home: Home, file: Path) -> None:
    progress = Progress(home, file, Mapping())
    progress.acknowledge("S1", 3)
    progress.close(finished=True)
    assert Progress(home, file, Mapping()).resumed == 0


def test_a_restart_forgets(home: Home, file: Path) -> None:
    progress = Progress(home, file, Mapping())
    progress.acknowledge("S1", 3)
    progress.close(finished=False)
    again = Progress(home, file, Mapping())
    again.forget()
    assert again.resumed == 0


def test_another_content_or_mapping_is_another_replay(home: Home, file: Path) -> None:
    Progress(home, file, Mapping()).acknowledge("S1", 3)
    assert Progress(home, file, Mapping(stores=3)).resumed == 0
    file.write_text("b")
    assert Progress(home, file, Mapping()).resumed == 0


def test_the_same_content_under_another_mapping_is_known(home: Home, file: Path) -> None:
    Progress(home, file, Mapping()).close(finished=True)
    assert not Progress(home, file, Mapping()).under_another_mapping()
    assert Progress(home, file, Mapping(stores=3)).under_another_mapping()
    file.write_text("b")
    assert not Progress(home, file, Mapping(stores=3)).under_another_mapping()
