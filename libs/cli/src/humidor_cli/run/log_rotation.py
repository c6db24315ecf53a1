"""Keeps the log files of the local system from filling the disk."""

import asyncio
import shutil
from pathlib import Path

MOST_BYTES = 20 * 1024 * 1024
KEPT_FILES = 3
_EVERY_SECONDS = 10.0


async def keep_rotating(directory: Path) -> None:
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        await asyncio.to_thread(rotate_all, directory)


def rotate_all(directory: Path) -> None:
    for log in directory.glob("*.log"):
        rotate(log)


def rotate(log: Path, most_bytes: int = MOST_BYTES, kept_files: int = KEPT_FILES) -> bool:
    """Copy a log that has grown too long aside and empty it.

    The writers hold the file open for appending, so it is emptied in place: they need no signal and no
    pipe through the supervisor. Lines written between copy and cut are lost, which a log can bear.
    """
    if log.stat().st_size <= most_bytes:
        return False
    for number in range(kept_files - 1, 0, -1):
        older = log.with_suffix(f".log.{number}")
        if older.exists():
            older.replace(log.with_suffix(f".log.{number + 1}"))
    shutil.copyfile(log, log.with_suffix(".log.1"))
    with log.open("r+b") as file:
        file.truncate(0)
    return True
