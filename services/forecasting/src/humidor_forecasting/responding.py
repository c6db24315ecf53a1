"""A process that answers one question of `asking`: reads it from its input, writes the answer, ends."""

import sys
import warnings
from collections.abc import Callable
from typing import TypeVar

import msgspec

Q = TypeVar("Q", bound=msgspec.Struct)


def respond(kind: type[Q], answer: Callable[[Q], msgspec.Struct]) -> None:
    """Answer; whatever libraries print goes to the errors, not into the answer."""
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    warnings.simplefilter("ignore")
    made = answer(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=kind))
    answers.write(msgspec.msgpack.encode(made))
