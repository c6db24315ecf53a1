"""The process that estimates: reads one question from its input, writes one answer, ends."""

import sys
import warnings

import msgspec

from humidor_forecasting.elasticity.estimating import Unidentified, estimate
from humidor_forecasting.elasticity.work import ElasticityInput, Estimated


def main() -> None:
    warnings.simplefilter("ignore")
    try:
        answer = Estimated(
            output=estimate(msgspec.json.decode(sys.stdin.buffer.read(), type=ElasticityInput))
        )
    except Unidentified as error:
        answer = Estimated(refusal=str(error))
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()
