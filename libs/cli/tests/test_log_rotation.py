from pathlib import Path

from humidor_cli.run.log_rotation import rotate


def _files(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_a_short_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "pos.log"
    log.write_text("few words")
    assert not rotate(log, most_bytes=100)
    assert _files(tmp_path) == {"pos.log": "few words"}


def test_a_long_log_is_set_aside_and_its_writer_goes_on_at_the_start(tmp_path: Path) -> None:
    log = tmp_path / "pos.log"
    with log.open("a") as writer:
        writer.write("old " * 100)
        writer.flush()
        assert rotate(log, most_bytes=100)
        writer.write("new")
    assert _files(tmp_path) == {"pos.log": "new", "pos.log.1": "old " * 100}


def test_only_so_many_old_logs_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "pos.log"
    for number in range(5):
        log.write_text(f"{number}" * 10)
        rotate(log, most_bytes=5, kept_files=2)
    assert _files(tmp_path) == {"pos.log": "", "pos.log.1": "4" * 10, "pos.log.2": "3" * 10}
