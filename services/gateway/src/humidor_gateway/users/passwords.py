"""Passwords: argon2id, off the event loop and a few at a time."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from humidor_common.web.problems import invalid, unavailable

T = TypeVar("T")

MIN_CHARACTERS = 12
MAX_CHARACTERS = 256
THREADS = 2
MAX_WAITING = 32

# OWASP's 19 MiB setting, so that many log-ins at once stay within the memory of a small machine.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Passwords:
    """Hashes and verifies; one for each process."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        # What unknown users are checked against, so that they take as long as known ones.
        self._decoy = _hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        return await self._run(_hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Compare; without a hash it takes just as long and says no."""
        matches = await self._run(_verify, password_hash or self._decoy, password)
        return matches and password_hash is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= MAX_WAITING:
            raise unavailable("Too many log-ins at once.", retry_after_seconds=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    return _hasher.check_needs_rehash(password_hash)


def make_one_time_password() -> str:
    """Make 20 characters (115 bits) that can be read aloud and typed."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def check_new_password(password: str, username: str, old: str | None = None) -> None:
    """Refuse a password that is too short or can be guessed from the name; length beats symbols.

    Raises:
        Problem: 422 naming `new_password`.
    """
    reason = None
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        reason = f"must have {MIN_CHARACTERS} to {MAX_CHARACTERS} characters"
    elif len(set(password)) < 5:
        reason = "must have at least 5 different characters"
    elif username.lower() in password.lower() and len(password) < len(username) + MIN_CHARACTERS - 2:
        reason = "must not be built from the user name"
    elif old is not None and secrets.compare_digest(password.encode(), old.encode()):
        reason = "must differ from the old one"
    if reason is not None:
        raise invalid("new_password", reason)
