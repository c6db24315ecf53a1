"""The process that takes a series apart: reads it from its input, writes the parts, ends."""

import sys
import warnings

import msgspec

from humidor_forecasting.decompositions.parting import decompose
from humidor_forecasting.decompositions.work import DecompositionInput


def main() -> None:
    warnings.simplefilter("ignore")
    answer = decompose(msgspec.json.decode(sys.stdin.buffer.read(), type=DecompositionInput))
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()
