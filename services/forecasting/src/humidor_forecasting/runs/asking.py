"""Has series forecast by an engine, and says what came of each."""

import msgspec

from humidor_common.engine.work import Engine, WorkFailed
from humidor_forecasting.choosing.work import SeriesInput, SeriesOutput

TARGET = "humidor_forecasting.runs.answering:answer"
"""The one function that imports models; see `answering`."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one series."""

    output: SeriesOutput | None
    failure: str | None
    seconds: float


async def ask_series(engine: Engine, series: SeriesInput, *, seconds: float) -> Answer:
    """Forecast a series; one that hangs or kills its process gets the plainest model, and it is said.

    Raises:
        EngineLost: Nobody is there to work.
    """
    try:
        return await _ask(engine, series, seconds)
    except WorkFailed as first:
        plainly = msgspec.structs.replace(series, fall_back=True)
        try:
            plain = await _ask(engine, plainly, seconds)
        except WorkFailed as second:
            return Answer(output=None, failure=str(second), seconds=seconds)
        return _noted(plain, str(first))


async def _ask(engine: Engine, series: SeriesInput, seconds: float) -> Answer:
    line = await engine.ask(msgspec.json.encode(series), seconds=seconds)
    return msgspec.json.decode(line, type=Answer)


def _noted(answer: Answer, what: str) -> Answer:
    if answer.output is None:
        return answer
    output = msgspec.structs.replace(answer.output, notes=[*answer.output.notes, what])
    return msgspec.structs.replace(answer, output=output)
