"""The process that answers a what-if: reads it from its input, writes the answer, ends."""

import sys
import warnings

import msgspec

from humidor_forecasting.whatifs.answering import answer
from humidor_forecasting.whatifs.work import WhatIfQuestion


def main() -> None:
    warnings.simplefilter("ignore")
    made = answer(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=WhatIfQuestion))
    sys.stdout.buffer.write(msgspec.msgpack.encode(made))


if __name__ == "__main__":
    main()
