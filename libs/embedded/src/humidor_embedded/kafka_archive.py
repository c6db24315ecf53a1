"""The broker's Java archives: fetched once by jgo, checked against our own list at every start."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from humidor_embedded.cache import cache_directory, exclusive
from humidor_embedded.errors import EmbeddedError

LOCK_FILE = Path(__file__).with_name("kafka_jars.sha256")
_DOWNLOADS_AT_ONCE = 8
_ATTEMPTS = 3


@dataclass(frozen=True)
class Jar:
    """One archive of the broker's class path, by its Maven coordinates."""

    sha256: str
    group: str
    artifact: str
    version: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


@cache
def locked_jars(lock_file: Path = LOCK_FILE) -> tuple[Jar, ...]:
    """The committed list, lines of ``sha256  group:artifact:version``."""
    lines = [line.split() for line in lock_file.read_text().splitlines() if line and not line.startswith("#")]
    return tuple(Jar(digest, *coordinates.split(":")) for digest, coordinates in lines)


def class_path(report: Callable[[int, int], None] = lambda _done, _total: None) -> list[Path]:
    """Every archive the broker needs, each one checked; missing ones are downloaded.

    Args:
        report: called with the number of archives at hand and their total while downloading.

    Raises:
        EmbeddedError: when an archive cannot be had or is not the one we locked.
    """
    jars = locked_jars()
    directory = cache_directory() / "kafka"
    if _unsound(directory, jars):
        with exclusive(directory / ".lock"):
            # Another process may have fetched them while this one waited for the lock.
            _fetch(directory, _unsound(directory, jars), len(jars), report)
    return [directory / jar.file_name for jar in jars]


def _unsound(directory: Path, jars: Sequence[Jar]) -> list[Jar]:
    return [jar for jar in jars if sha256_of(directory / jar.file_name) != jar.sha256]


def sha256_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _fetch(directory: Path, jars: Sequence[Jar], total: int, report: Callable[[int, int], None]) -> None:
    done = total - len(jars)
    staging = directory / ".staging"
    shutil.rmtree(staging, ignore_errors=True)
    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        for jar, downloaded in pool.map(lambda jar: (jar, _download(jar, staging)), jars):
            downloaded.replace(directory / jar.file_name)
            done += 1
            report(done, total)
    shutil.rmtree(staging, ignore_errors=True)


def _download(jar: Jar, staging: Path) -> Path:
    # jgo only warns of a checksum that does not match, so its word is never taken.
    reason = "it could not be downloaded"
    for attempt in range(_ATTEMPTS):
        try:
            path = _resolve(jar, staging / f"{jar.file_name}.{attempt}")
        except Exception as error:  # noqa: BLE001 - whatever the network or the resolver came upon
            reason = f"{type(error).__name__}: {error}"
            continue
        if sha256_of(path) == jar.sha256:
            return path
        reason = f"its SHA-256 is not the locked one ({LOCK_FILE.name})"
        path.unlink(missing_ok=True)
    raise EmbeddedError(
        f"Kafka's archive {jar.file_name} is missing: {reason}\n"
        f"The first start needs the internet once (45 MB). Without it, copy a filled cache directory from "
        f"another machine to {cache_directory()} or name one in HUMIDOR_CACHE."
    )


def _resolve(jar: Jar, repository: Path) -> Path:
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL, default_maven_repo
    from jgo.maven import MavenContext

    # Mirrors of the user's jgo configuration come first: they may be much nearer.
    mirrors = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
    context = MavenContext(
        repo_cache=repository,
        local_repos=[default_maven_repo()],
        remote_repos=mirrors,
        timeout=30,
    )
    found = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    if found.is_relative_to(repository):
        return Path(found)
    repository.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(found, repository))
