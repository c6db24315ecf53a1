"""How files of survey answers are built; pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from humidor_common.clock import zone_of
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
