"""The process that answers, as `python -m humidor_common.engine.answering MODULE:FUNCTION`.

It reads a question a line, writes an answer a line, and ends with its input.
"""

import sys
import warnings

from humidor_common.engine.work import load


def main() -> None:
    """Answer until the input ends. Whatever libraries print goes to the errors, not between the answers."""
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    warnings.simplefilter("ignore")
    answer = load(sys.argv[1])
    answers.write(b"ready\n")
    answers.flush()
    for line in sys.stdin.buffer:
        answers.write(answer(line) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
