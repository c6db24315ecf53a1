"""How files of survey answers are built, and what of an answer that is told is kept; pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from humidor_common.clock import zone_of
from humidor_common.events.feedback import SurveyAnswer, SurveyAnswered
from humidor_common.tables.headings import heading_key

MOST_QUESTIONS = 150

RESPONSE = ("id", "responseid", "答卷编号", "序号")
_ANSWERED = ("submitdate", "datesubmitted", "answeredat", "提交时间", "提交答卷时间")
_CUSTOMER = ("token", "accesscode", "customer", "retailerid", "memberid", "客户编码")
# What LimeSurvey adds of its own, and of people more than is needed.
_LEFT_OUT = re.compile(
    r"lastpage|startlanguage|seed|startdate|datestarted|datestamp|datelastaction|ipaddr|ipaddress|refurl"
    r"|referrerurl|interviewtime|totaltime|firstname|lastname|email|emailaddress|attribute[0-9]+|grouptime.*"
    r"|.+time"
)


def find_headings(rows: Sequence[Sequence[object]]) -> list[str]:
    """Find the row of headings among the first ten: the one that names the response."""
    for cells in rows[:10]:
        found = [each if isinstance(each, str) else "" for each in cells]
        if any(heading_key(each) in RESPONSE for each in found):
            return found
    return []


def questions_of(headings: Iterable[str]) -> list[str]:
    """Give the headings that are questions: not what LimeSurvey adds, each once.

    `id`, `submitdate`, `token`, `ipaddr`, `Q01` and `Q02[SQ001]` give the last two.
    """
    known = {*RESPONSE, *_ANSWERED, *_CUSTOMER}
    found: dict[str, str] = {}
    for heading in headings:
        key = heading_key(heading)
        if key and key not in known and not _LEFT_OUT.fullmatch(key):
            found.setdefault(key, heading.strip())
    return list(found.values())


def answered_at(text: str | None, time_zone: str) -> datetime | None:
    """Read when it was sent in: `2026-11-20 10:15:00` by the survey's clock; None where it is not complete.

    LimeSurvey writes 1980-01-01 where the survey is anonymous and keeps no dates.

    Raises:
        ValueError: It is no time.
    """
    if not text:
        return None
    moment = datetime.fromisoformat(text.strip().replace("/", "-"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone_of(time_zone))
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is beyond the calendar") from error


SCORED = ("nps", "csat", "rating")
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f]")


def fault_of(event: SurveyAnswered, latest: datetime) -> str | None:
    """Say why an answer can never be kept as it was told; None where it can.

    `latest` is the last moment at which it can have been given.
    """
    if event.member_id is not None and event.retailer_id is not None:
        return "the answer is said to be of a member and of a trade customer"
    if event.revision < 1:
        return f"revision {event.revision} is none: the first is 1"
    if event.answered_at > latest:
        return "answered_at is in the future"
    names = [event.survey_id, event.channel, event.member_id, event.retailer_id, event.store_id]
    names += [each.code for each in event.answers]
    if any(_UNREADABLE.search(name) for name in names if name is not None):
        return "a code or id holds a control character"
    if len({each.code for each in event.answers}) < len(event.answers):
        return "two answers to one question"
    faults = (_fault_of(each) for each in event.answers)
    return next((fault for fault in faults if fault), None)


def _fault_of(answer: SurveyAnswer) -> str | None:
    """Say what is wrong with an answer that counts: a score has to lie on its scale, 0 to 10 for `nps`."""
    if answer.kind not in SCORED or answer.score is None:
        return None
    if answer.lowest is None or answer.highest is None or answer.lowest >= answer.highest:
        return f"question {answer.code}: a score without a scale"
    if answer.kind == "nps" and (answer.lowest, answer.highest) != (0, 10):
        return f"question {answer.code}: recommending is asked from 0 to 10"
    if not answer.lowest <= answer.score <= answer.highest:
        return f"question {answer.code}: {answer.score} is not on the scale"
    return None


def values_of(answers: Iterable[SurveyAnswer]) -> dict[str, str]:
    """Give what was answered as text by question, as files have it; words of people never are among it.

    `nps` 9 is `9`, the options `a` and `b` are `a; b`, consent is `yes`.
    """
    found = {each.code: _value_of(each) for each in answers}
    return {code: value for code, value in found.items() if value}


def _value_of(answer: SurveyAnswer) -> str:
    if answer.kind in SCORED:
        return "" if answer.score is None else str(answer.score)
    if answer.confirmed is not None:
        return "yes" if answer.confirmed else "no"
    if answer.number is not None:
        return f"{answer.number:g}"
    return "; ".join(answer.options or answer.topics)


def questions_told(answers: Iterable[SurveyAnswer]) -> dict[str, dict[str, Any]]:
    """Give of each question what it asked, so that nobody has to guess it from a heading."""
    names = ("kind", "lowest", "highest", "about", "text_length")
    return {
        each.code: {name: value for name in names if (value := getattr(each, name)) is not None}
        for each in answers
    }
