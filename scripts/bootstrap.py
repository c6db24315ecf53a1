"""Make .venv with every locked dependency and the members of the workspace; needs Python 3.11 alone.

Called by make. Packages come from whatever index the user's pip is set up for, and every file is checked
against the hashes of requirements.lock; HUMIDOR_VENV and HUMIDOR_LOCK name others. uv is used where it can be
had, because it is ten times as fast.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / os.environ.get("HUMIDOR_VENV", ".venv")
LOCK = os.environ.get("HUMIDOR_LOCK", "requirements.lock")
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".ready"
MEMBERS = sorted(
    path.parent for pattern in ("libs", "services") for path in (ROOT / pattern).glob("*/pyproject.toml")
)

# pip's settings and what uv calls them.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what tells a user with an older one
        sys.exit(f"Humidor needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable}).")
    started = time.monotonic()
    say("preparing .venv (once; about a minute at most)")
    STAMP.unlink(missing_ok=True)
    make_environment()
    if not install_with_uv():
        say("uv is not to be had; going on with pip, which takes longer")
        install([*pip(), "install", "--quiet", "--progress-bar=off"])
    if "HUMIDOR_VENV" not in os.environ:
        compile_modules()
    STAMP.touch()
    say(f".venv is ready ({time.monotonic() - started:.0f} s)")


def say(text: str) -> None:
    print(f"humidor: {text}", flush=True)  # noqa: T201 - talks to the person at the terminal


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make_environment() -> None:
    if works(str(PYTHON), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if works(sys.executable, "-m", "venv", str(VENV)):
        return
    # Debian ships venv without ensurepip; a pip outside can still fill an environment that has none.
    shutil.rmtree(VENV, ignore_errors=True)
    if works(sys.executable, "-m", "pip", "--version") and works(
        sys.executable, "-m", "venv", "--without-pip", str(VENV)
    ):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    sys.exit(
        f"{sys.executable} cannot make a virtual environment.\n"
        f"On Debian and Ubuntu:  apt install python{version}-venv\n"
        f"Elsewhere: install a complete Python {version} or newer, then run make again."
    )


def pip() -> list[str]:
    if works(str(PYTHON), "-m", "pip", "--version"):
        return [str(PYTHON), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def install_with_uv() -> bool:
    uv = VENV / "bin" / "uv"
    if not works(str(uv), "--version"):
        lock = ROOT / "requirements-bootstrap.txt"
        options = ("--quiet", "--progress-bar=off", "--only-binary=:all:", "--require-hashes")
        subprocess.run([*pip(), "install", *options, "-r", str(lock)], check=False)
    if not works(str(uv), "--version"):
        return False
    environment = {**uv_environment(), "UV_PYTHON_DOWNLOADS": "never"}
    try:
        install([str(uv), "pip", "install", "--quiet", f"--python={PYTHON}"], environment)
    except subprocess.CalledProcessError:
        return False
    return True


def uv_environment() -> dict[str, str]:
    """Give uv the index, mirror and certificate that pip is set up with; uv reads none of it itself."""
    environment = dict(os.environ)
    listed = subprocess.run([*pip(), "config", "list"], capture_output=True, text=True, check=False)
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        variable = PIP_TO_UV.get(name.rpartition(".")[2])
        if variable and variable not in environment:
            environment[variable] = " ".join(value.strip("'\"").replace("\\n", " ").split())
    return environment


def install(installer: list[str], environment: dict[str, str] | None = None) -> None:
    # The build back end is among the locked packages, so nothing unpinned is fetched to build members.
    editable = [argument for member in MEMBERS for argument in ("-e", f"./{member.relative_to(ROOT)}")]
    for what in (
        ["--require-hashes", "-r", LOCK],
        ["--no-deps", "--no-build-isolation", *editable],
    ):
        subprocess.run([*installer, *what], env=environment, check=True, cwd=ROOT)


def compile_modules() -> None:
    """Compile once what seven processes would else compile at each start, a second of work in each.

    uv compiles nothing, and Python itself keeps nothing where PYTHONDONTWRITEBYTECODE is set.
    """
    options = ("-q", "-j", "0", "-x", r"/tests?/")
    folders = [VENV / "lib", *MEMBERS]
    subprocess.run(
        [str(PYTHON), "-m", "compileall", *options, *map(str, folders)],
        check=False,
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"humidor: could not install the packages: {error}")
