"""Keeps answers of surveys that `feedback` tells, and gives them to their customers once these are known."""

from collections.abc import Collection, Sequence
from datetime import datetime

from humidor_common.db.pool import Connection
from humidor_common.events.feedback import SurveyAnswered
from humidor_common.messaging.subscription import Poison
from humidor_customers.answers import queries
from humidor_customers.answers.queries import Whose
from humidor_customers.answers.rules import fault_of, questions_told, values_of
from humidor_customers.answers.schemas import Response
from humidor_customers.answers.service import keep_responses
from humidor_customers.inputs import CLOCKS_APART, Party
from humidor_customers.purchases import queries as purchases


async def take(conn: Connection, events: Sequence[SurveyAnswered], *, now: datetime) -> None:
    """Keep answers, of each response the highest revision, whatever the order they come in.

    Those of a member whose data was erased are put nowhere, however late they come.

    Raises:
        Poison: One can never be kept as it was told.
    """
    for event in events:
        if fault := fault_of(event, now + CLOCKS_APART):
            raise Poison(fault)
    newest: dict[object, SurveyAnswered] = {}
    for event in sorted(events, key=lambda event: event.revision, reverse=True):
        newest.setdefault(event.response_id, event)
    parties = {party for event in newest.values() if (party := _party_of(event))}
    await queries.share(conn)
    forgotten = await _erased(conn, parties)
    known = await queries.read_told(conn, [event.response_id for event in newest.values()])
    taken = [
        event
        for event in newest.values()
        if _party_of(event) not in forgotten and _is_newer(event, known.get(event.response_id))
    ]
    named = [(party, event.answered_at) for event in taken if (party := _party_of(event))]
    whose = iter(await queries.whose(conn, named))
    responses = [
        _response(each, next(whose) if _party_of(each) else Whose(None, None), now) for each in taken
    ]
    await keep_responses(conn, responses, list(known.values()))


async def settle(conn: Connection, parties: Collection[Party]) -> None:
    """Give answers to the customers who were not known when they came, or were merged or parted since."""
    # What is being taken at this moment would else be missed.
    await queries.own(conn)
    found = await queries.of_changed(conn, parties)
    told = [
        (Party(each.told_kind, each.told_id), each.answered_at)
        for each in found
        if each.told_kind and each.told_id
    ]
    whose = await queries.whose(conn, told)
    after = [_given(each, now) for each, now in zip(found, whose, strict=True)]
    changed = [each for each, before in zip(after, found, strict=True) if each != before]
    await keep_responses(conn, changed, found)


async def _erased(conn: Connection, parties: Collection[Party]) -> set[Party]:
    members = {each.id for each in parties if each.kind == "consumer"}
    return {Party("consumer", each) for each in await purchases.erased(conn, members)}


def _party_of(event: SurveyAnswered) -> Party | None:
    if event.retailer_id is not None:
        return Party("retailer", event.retailer_id)
    return Party("consumer", event.member_id) if event.member_id is not None else None


def _is_newer(event: SurveyAnswered, known: Response | None) -> bool:
    if known is not None and known.survey != event.survey_id:
        raise Poison(f"the response is one of survey {known.survey}")
    return known is None or event.revision > (known.revision or 0)


def _response(event: SurveyAnswered, whose: Whose, now: datetime) -> Response:
    made = Response(
        survey=event.survey_id,
        response_id=str(event.response_id),
        response_key=event.response_id,
        retailer_id=None,
        member_id=None,
        answered_at=event.answered_at,
        answers=values_of(event.answers),
        received_at=now,
        source="feedback",
        survey_version=event.survey_version,
        revision=event.revision,
        channel=event.channel,
        store_id=event.store_id,
        questions=questions_told(event.answers),
    )
    party = _party_of(event)
    told = {"told_kind": party.kind, "told_id": party.id} if party else {}
    return _given(made.model_copy(update=told), whose)


def _given(response: Response, whose: Whose) -> Response:
    """Give a response to its customer; one that may not be a member's keeps no id of whose it was."""
    told = {} if whose.unmatched in (None, "unknown-customer") else {"told_kind": None, "told_id": None}
    return response.model_copy(
        update={"retailer_id": whose.retailer_id, "member_id": whose.member_id, "unmatched": whose.unmatched}
        | told
    )
