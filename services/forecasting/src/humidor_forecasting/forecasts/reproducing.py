"""The process that makes a forecast again: reads its data cut, writes what comes of it, ends."""

import sys
import warnings

import msgspec

from humidor_forecasting.choosing.pipeline import forecast_series
from humidor_forecasting.choosing.work import unpack_cut


def main() -> None:
    """Answer; whatever libraries print goes to the errors, not into the answer."""
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    warnings.simplefilter("ignore")
    answers.write(msgspec.json.encode(forecast_series(unpack_cut(sys.stdin.buffer.read()))))


if __name__ == "__main__":
    main()
