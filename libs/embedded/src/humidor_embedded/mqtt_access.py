"""Who may do what at the broker of Python packages: what `deploy/mosquitto` says of Mosquitto."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session


class PasswordFile:
    """Mosquitto's password file, read again whenever it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = (0, 0)
        self._hashes: dict[str, str] = {}

    def allows(self, user: str, password: str) -> bool:
        """Compare a password with `$7$rounds$salt$hash`, PBKDF2 with SHA-512."""
        self._refresh()
        parts = self._hashes.get(user, "").split("$")
        if len(parts) != 5 or parts[1] != "7":
            return False
        wanted = base64.b64decode(parts[4])
        found = hashlib.pbkdf2_hmac("sha512", password.encode(), base64.b64decode(parts[3]), int(parts[2]))
        return hmac.compare_digest(wanted, found)

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_ino)
            if seen != self._seen:
                lines = self._path.read_text().splitlines()
                self._hashes = dict(line.split(":", 1) for line in lines if ":" in line)
                self._seen = seen
        except OSError:
            self._hashes, self._seen = {}, (0, 0)


def may(user: str, topic: str, action: Action, reader: str) -> bool:
    """The reader reads all climate topics; everyone else writes its own and reads nothing."""
    if user == reader:
        return action != Action.PUBLISH and topic.startswith("site/")
    parts = topic.removesuffix("/status").split("/")
    return (
        action == Action.PUBLISH
        and len(parts) == 4
        and parts[::2] == ["site", "climate"]
        and parts[3] == user
    )


@dataclass
class _Config:
    password_file: str
    reader: str


class KnownUsers(BaseAuthPlugin):  # type: ignore[misc]  # amqtt has no types
    """Lets in who stands in the password file."""

    Config = _Config  # amqtt looks the class up by this name

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._file = PasswordFile(Path(self._get_config_option("password_file")))

    async def authenticate(self, *, session: Session) -> bool | None:
        return bool(session.username) and self._file.allows(session.username or "", session.password or "")


class OwnTopics(BaseTopicPlugin):  # type: ignore[misc]  # amqtt has no types
    """Keeps devices to their own topics."""

    Config = _Config  # amqtt looks the class up by this name

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        if session is None or topic is None or action is None:
            return False
        return may(session.username or "", topic, action, str(self._get_config_option("reader")))
