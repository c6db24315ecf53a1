"""Directories for unix sockets, whose paths the kernel limits to 107 bytes."""

import hashlib
import os
import tempfile
from pathlib import Path


def socket_directory(owner: Path) -> Path:
    """A short directory that belongs to one state directory of one user, the same at every call."""
    base = Path("/tmp")  # noqa: S108 - made with mode 0700 by its user, who owns the name by sticky bit
    if not base.is_dir():
        base = Path(tempfile.gettempdir())
    digest = hashlib.sha256(str(owner.resolve()).encode()).hexdigest()[:12]
    return base / f"humidor-{os.getuid()}-{digest}"
