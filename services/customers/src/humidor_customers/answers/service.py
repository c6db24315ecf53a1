"""Imports answers of surveys, as LimeSurvey exports them or as a plain table."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import create_model

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.imports.kinds import Finding, Item, Key, Kind, Values
from humidor_common.tables.headings import Column
from humidor_customers.answers import queries
from humidor_customers.answers.queries import Whose
from humidor_customers.answers.rules import answered_at
from humidor_customers.answers.schemas import AnswerText, Response, ResponseItem
from humidor_customers.inputs import Party
from humidor_customers.purchases import queries as purchases
from humidor_customers.timeline.service import Entry, add_entries, take_off

_NOBODY = Whose(None, None)
_SAYS = {
    "unknown-customer": ("no live customer or member has this id or licence", "没有这个客户或会员"),
    "no-consent": ("the member gave no consent to surveys", "该会员未同意参加调查"),
    "not-a-time": ("is not a time such as 2026-11-20 10:15:00", "不是时间，例如 2026-11-20 10:15:00"),
    "told-by-feedback": ("the service feedback has told this response already", "该答卷已由反馈系统传入"),
    "incomplete": ("the survey was not sent in, so it is left out", "未提交的答卷不导入"),
}


class Answers:
    """The import of one survey's file, whose questions are `headings`."""

    def __init__(self, survey: str, headings: Sequence[str], time_zone: str) -> None:
        self._survey = survey
        self._questions = {f"q{n}": heading for n, heading in enumerate(headings)}
        self._time_zone = time_zone

    def kind(self) -> Kind:
        """Give what the common import needs to know."""
        fields: dict[str, Any] = dict.fromkeys(self._questions, (AnswerText | None, None))
        return Kind(
            name="survey-responses",
            title=("Survey answers", "问卷答卷"),
            model=create_model("SurveyResponse", __base__=ResponseItem, **fields),
            key=("response_id",),
            columns=(
                Column("response_id", ("答卷编号", "序号"), ("id",), digits=True),
                Column("answered_at", ("提交时间", "提交答卷时间"), ("submitdate", "date submitted")),
                Column(
                    "customer",
                    ("客户编码",),
                    ("token", "access code", "retailer_id", "member_id"),
                    digits=True,
                ),
                *(Column(name, (heading,)) for name, heading in self._questions.items()),
            ),
            current=self._current,
            check=self._check,
            write=self._write,
            same=self._same,
            permit=Principal.check_every_store,
        )

    async def _current(self, conn: Connection, keys: Sequence[Key]) -> Mapping[Key, Values]:
        found = await queries.read(conn, self._survey, [key[0] for key in keys])
        return {(response_id,): {"stored": each} for response_id, each in found.items()}

    def _same(self, item: Item) -> bool:
        """Tell whether there is nothing to write: it is not complete, or known with the same answers.

        Whose it is does not change by itself: it may have been merged since.
        """
        try:
            moment = answered_at(item.values.answered_at, self._time_zone)
        except ValueError:
            return False
        stored: Response | None = item.before["stored"] if item.before else None
        if moment is None or stored is None:
            return moment is None
        return (stored.answered_at, stored.answers) == (moment, self._answers(item))

    def _answers(self, item: Item) -> dict[str, str]:
        values = {heading: getattr(item.values, name) for name, heading in self._questions.items()}
        return {heading: value for heading, value in values.items() if value is not None}

    async def _check(self, conn: Connection, _: Principal, items: Sequence[Item]) -> list[Finding]:
        known = await queries.find_customers(conn, [e.values.customer for e in items if e.values.customer])
        findings = []
        for place, item in enumerate(items):
            try:
                if answered_at(item.values.answered_at, self._time_zone) is None:
                    findings.append(_finding(place, "answered_at", "incomplete", warning=True))
                    continue
            except ValueError:
                findings.append(_finding(place, "answered_at", "not-a-time"))
            whose = known.get(item.values.customer) if item.values.customer else _NOBODY
            if item.before and item.before["stored"].source != "file":
                findings.append(_finding(place, "response_id", "told-by-feedback"))
            if whose is None:
                findings.append(_finding(place, "customer", "unknown-customer"))
            elif not whose.allowed:
                findings.append(_finding(place, "customer", "no-consent"))
        return findings

    async def _write(
        self, conn: Connection, _: Principal, items: Sequence[Item], now: datetime
    ) -> list[Finding]:
        await queries.share(conn)
        known = await queries.find_customers(conn, [e.values.customer for e in items if e.values.customer])
        ids = [item.values.response_id for item in items]
        before = await queries.read(conn, self._survey, ids, lock=True)
        responses = [
            self._response(
                item, known.get(item.values.customer, _NOBODY), before.get(item.values.response_id), now
            )
            for item in items
        ]
        await keep_responses(conn, responses, list(before.values()))
        return []

    def _response(self, item: Item, whose: Whose, before: Response | None, now: datetime) -> Response:
        made = Response(
            survey=self._survey,
            response_id=item.values.response_id,
            response_key=before.response_key if before else uuid7(),
            retailer_id=whose.retailer_id,
            member_id=whose.member_id,
            answered_at=answered_at(item.values.answered_at, self._time_zone) or now,
            answers=self._answers(item),
            received_at=now,
        )
        party = owner_of(made)
        return made.model_copy(update={"told_kind": party.kind, "told_id": party.id}) if party else made


async def keep_responses(conn: Connection, responses: Sequence[Response], before: Sequence[Response]) -> None:
    """Write responses, put them on the timelines, and let their customers' profiles be looked at anew.

    `before` are those of them that are known already, as they were.
    """
    if not responses:
        return
    keys = {each.response_key for each in responses}
    replaced = [each for each in before if each.response_key in keys]
    await queries.write(conn, responses)
    await take_off(conn, [entry for each in replaced if (entry := _entry(each))])
    await add_entries(conn, [entry for each in responses if (entry := _entry(each))])
    await purchases.mark(conn, {party for each in (*responses, *replaced) if (party := owner_of(each))})


def owner_of(response: Response) -> Party | None:
    """Name whose profile a response is part of."""
    if response.retailer_id:
        return Party("retailer", response.retailer_id)
    return Party("consumer", response.member_id) if response.member_id else None


def _entry(response: Response) -> Entry | None:
    """Put a response on the timeline under the id by which it came: merges move nothing there."""
    if owner_of(response) is None or response.told_kind is None or response.told_id is None:
        return None
    details: dict[str, Any] = {"survey": response.survey, "response_id": response.response_id}
    told = {"version": response.survey_version, "channel": response.channel}
    details |= {name: value for name, value in told.items() if value is not None}
    details["answers"] = len(response.questions or response.answers)
    party = Party(response.told_kind, response.told_id)
    return Entry(party, response.response_key, "survey", response.answered_at, details, response.store_id)


def _finding(place: int, field: str, code: str, *, warning: bool = False) -> Finding:
    return Finding(place, field, code, *_SAYS[code], warning=warning)
