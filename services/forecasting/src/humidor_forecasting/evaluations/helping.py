"""The process that evaluates: reads one promotion from its input, says how far it is, answers, ends."""

import sys
import warnings

import msgspec

from humidor_forecasting.uplift.evaluate import evaluate
from humidor_forecasting.uplift.work import EvaluationInput, Step


def main() -> None:
    """Answer a line a step. Whatever libraries print goes to the errors, not between the answers."""
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    warnings.simplefilter("ignore")

    def tell(step: Step) -> None:
        answers.write(msgspec.json.encode(step) + b"\n")
        answers.flush()

    given = msgspec.json.decode(sys.stdin.buffer.read(), type=EvaluationInput)
    try:
        output = evaluate(given, lambda stage, share: tell(Step(stage=stage, share_done=share)))
    except Exception as error:  # noqa: BLE001 - a mistake of ours is told too
        tell(Step(stage="failed", share_done=1.0, failure=f"{type(error).__name__}: {error}"[:500]))
    else:
        tell(Step(stage="done", share_done=1.0, output=output))


if __name__ == "__main__":
    main()
