"""Leave in this environment only what one distribution needs: `python prune.py humidor-pos`.

The lock holds everything that any member of the workspace needs, the tools for development and the embedded
engines included. Installing all of it and taking away the rest keeps one lock with hashes for every image.
"""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distributions, requires

from pip._vendor.packaging.requirements import Requirement


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed_by(distribution: str) -> set[str]:
    """Name the distribution and all that it depends on, with the extras that are asked for."""
    waiting: list[tuple[str, frozenset[str]]] = [(distribution, frozenset())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (normal(name), extras) in seen:
            continue
        try:
            lines = requires(name) or []
        except PackageNotFoundError:
            continue  # wanted by an extra or a marker of another platform
        seen.add((normal(name), extras))
        for requirement in map(Requirement, lines):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""}):
                waiting.append((requirement.name, frozenset(requirement.extras)))
    return {name for name, _ in seen}


def main(distribution: str) -> None:
    installed = {normal(each.metadata["Name"]) for each in distributions()}
    kept = needed_by(distribution)
    if normal(distribution) not in kept:
        sys.exit(f"{distribution} is not installed here")
    surplus = sorted(installed - kept - {"pip"})
    command = [sys.executable, "-m", "pip", "uninstall", "--quiet", "--yes", *surplus]
    if surplus:
        subprocess.run(command, check=True)
    sys.stdout.write(f"kept {len(kept)} distributions, removed {len(surplus)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
