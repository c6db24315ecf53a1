"""The process that adds forecasts up: reads them from its input, writes the sums, ends."""

import sys
import warnings

import msgspec

from humidor_forecasting.aggregates.adding import add_up
from humidor_forecasting.aggregates.work import AggregateInput


def main() -> None:
    warnings.simplefilter("ignore")
    answer = add_up(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=AggregateInput))
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    main()
