"""The process that draws: reads charts from its input, writes the picture, ends."""

import sys
import warnings

import msgspec

from humidor_forecasting.plots.drawing import draw
from humidor_forecasting.plots.work import DrawInput


def main() -> None:
    warnings.simplefilter("ignore")
    answer = draw(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=DrawInput))
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    main()
