import shutil
from pathlib import Path

import pytest

from humidor_embedded.cache import cache_directory
from humidor_embedded.errors import EmbeddedError
from humidor_embedded.kafka_archive import class_path, locked_jars, sha256_of


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A filled cache of the test's own, on a machine that cannot reach the internet."""
    filled = cache_directory() / "kafka"
    class_path()
    shutil.copytree(filled, tmp_path / "kafka")
    monkeypatch.setenv("HUMIDOR_CACHE", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("M2_REPO", str(tmp_path / "empty"))
    return tmp_path / "kafka"


def test_a_filled_cache_needs_no_network(own_cache: Path) -> None:
    assert {path.parent for path in class_path()} == {own_cache}


def test_every_archive_is_the_locked_one(own_cache: Path) -> None:
    assert [sha256_of(path) for path in class_path()] == [jar.sha256 for jar in locked_jars()]
    assert own_cache.is_dir()


def test_a_missing_archive_without_a_network_says_what_to_do(own_cache: Path) -> None:
    (own_cache / locked_jars()[0].file_name).unlink()
    with pytest.raises(EmbeddedError, match="HUMIDOR_CACHE"):
        class_path()


def test_an_altered_archive_is_never_used(own_cache: Path) -> None:
    altered = own_cache / locked_jars()[0].file_name
    altered.write_bytes(altered.read_bytes() + b"x")
    with pytest.raises(EmbeddedError, match=altered.name):
        class_path()


def test_an_altered_archive_is_fetched_anew(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = locked_jars()[0]
    good = own_cache / jar.file_name
    repository = own_cache.parent / "repository" / Path(*jar.group.split(".")) / jar.artifact / jar.version
    repository.mkdir(parents=True)
    shutil.copy(good, repository)
    good.write_bytes(b"cut short")
    monkeypatch.setenv("M2_REPO", str(own_cache.parent / "repository"))
    class_path()
    assert sha256_of(good) == jar.sha256


def test_the_list_names_no_place_to_download_from() -> None:
    text = (Path(__file__).parents[1] / "src/humidor_embedded/kafka_jars.sha256").read_text()
    assert "://" not in text
