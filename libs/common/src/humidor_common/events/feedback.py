"""Facts that `feedback` tells: what customers answered, in codes and figures, never in their own words."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from humidor_common.events.base import Event

SurveyCode = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
"""A code out of the survey's definition; whoever answers cannot write one."""


class SurveyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one question, by the question's `code`.

    `kind` says what was asked and which fields hold the answer: `nps` (how likely one recommends, 0 to 10),
    `csat` (how satisfied one is) and `rating` a `score` on the scale from `lowest` to `highest`, where high
    is good; `choice` and `choices` the codes of the chosen `options`; `number` a `number`; `yes_no`
    `confirmed`; `text` only how long the words are (`text_length`) and, where they were sorted, `topics` from
    a list: the words themselves are personal data and stay with `feedback`. `about` says of what the question
    is where others go by it: `brand` or `price_class`, whose options are those of the catalogue. A reader
    keeps a kind that it does not know and makes nothing of it.
    """

    code: SurveyCode
    kind: SurveyCode
    score: int | None = None
    lowest: int | None = None
    highest: int | None = None
    options: list[SurveyCode] = []
    number: float | None = None
    confirmed: bool | None = None
    text_length: int | None = None
    topics: list[SurveyCode] = []
    about: SurveyCode | None = None


class SurveyAnswered(Event, frozen=True, kw_only=True):
    """A survey was answered or, with a higher `revision`, an answer corrected: the whole of it, once more.

    Who answered is a member, a trade customer or nobody known. Of two revisions of a response the higher
    one counts, whatever the order they come in; the first is 1.
    """

    TYPE: ClassVar[str] = "feedback.survey-answered.v1"
    TOPIC: ClassVar[str] = "feedback.survey-answer.v1"
    KEY: ClassVar[str] = "response_id"
    SUBJECT: ClassVar[str] = "response_id"

    response_id: UUID
    revision: int
    survey_id: SurveyCode
    survey_version: int
    member_id: str | None
    retailer_id: str | None
    channel: SurveyCode
    store_id: str | None
    answered_at: datetime
    answers: list[SurveyAnswer]
