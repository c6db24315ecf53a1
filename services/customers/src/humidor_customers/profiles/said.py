"""Reads what customers said of themselves: in answers to surveys, and how often they got in touch."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from humidor_common.db.pool import Connection
from humidor_customers.profiles import rules

NOTHING: Mapping[str, Any] = {
    "satisfaction": None,
    "contacts_year": 0,
    "recommendation": None,
    "stated_brand": None,
    "stated_price_class": None,
}


# What a customer said last of one thing, and in which survey.
def _said_last(name: str, value: str, condition: str, join: str = "") -> str:
    return f"""
{name} AS (
    SELECT DISTINCT ON (a.n) a.n, {value} AS value,
           jsonb_build_object('survey', a.survey, 'response_id', a.response_id, 'question', a.key,
                              'answered_at', a.answered_at) AS told
    FROM answered a {join} WHERE {condition} ORDER BY a.n, a.answered_at DESC, a.survey, a.key, a.response_id
)"""  # noqa: S608 - made of constants


def _stated(name: str, column: str, headings: str) -> str:
    """Give what of the catalogue was named in an answer to such a question."""
    known = f"(SELECT DISTINCT {column} AS value FROM products WHERE {column} <> '') p"  # noqa: S608
    named = f"CASE WHEN a.kind IS NULL THEN a.key ~* '{headings}' ELSE a.about = '{column}' END"
    return _said_last(name, "p.value", named, f"JOIN {known} ON lower(p.value) = lower(btrim(a.value))")


_LAST = ",".join(
    (
        _said_last(
            "recommending",
            "a.value::int",
            f"coalesce(a.kind = 'nps', a.key ~* '{rules.RECOMMENDING}') AND a.value ~ '^([0-9]|10)$'",
        ),
        _stated("brands", "brand", rules.OF_BRANDS),
        _stated("classes", "price_class", rules.OF_CLASSES),
    )
)
# Answers about satisfaction and recommending: `feedback` tells what was asked, on which scale; in files the
# heading speaks of satisfaction (1 to 5, or to 10) or of recommending (0 to 10).
_SAID = f"""
WITH parts AS MATERIALIZED (
    SELECT n, party_kind, part FROM unnest($1::int[], $2::text[], $3::text[]) t(n, party_kind, part)
), answered AS MATERIALIZED (
    SELECT t.n, r.survey, r.response_id, r.answered_at, q.key, q.value,
           r.questions->q.key->>'kind' AS kind, r.questions->q.key->>'about' AS about,
           (r.questions->q.key->>'lowest')::numeric AS lowest,
           (r.questions->q.key->>'highest')::numeric AS highest
    FROM parts t JOIN (
        SELECT 'retailer' AS party_kind, retailer_id AS part,
               survey, response_id, answers, answered_at, questions
        FROM survey_responses WHERE retailer_id = ANY($3)
        UNION ALL SELECT 'consumer', member_id, survey, response_id, answers, answered_at, questions
        FROM survey_responses WHERE member_id = ANY($3)) r USING (party_kind, part)
    CROSS JOIN LATERAL jsonb_each_text(r.answers) q
    WHERE r.answered_at > $4::timestamptz - interval '{rules.ANSWERS_DAYS} days'
), said AS (
    SELECT a.n, avg(a.score) AS score, count(*) AS answers, max(a.answered_at) AS newest_at
    FROM (
        SELECT n, answered_at, CASE
            WHEN kind IS NOT NULL THEN (value::numeric - lowest) / (highest - lowest)
            WHEN key ~* '{rules.RECOMMENDING}' THEN value::numeric / 10
            WHEN value::numeric <= 5 THEN (value::numeric - 1) / 4
            ELSE (value::numeric - 1) / 9 END AS score
        FROM answered
        WHERE CASE WHEN kind IS NOT NULL THEN kind IN ('nps', 'csat') AND value ~ '^-?[0-9]+$'
                   ELSE key ~* '{rules.SATISFIED}|{rules.RECOMMENDING}'
                        AND value ~ '^([0-9]|10)([.][0-9]{{1,3}})?$' END) a
    WHERE a.score BETWEEN 0 AND 1 GROUP BY a.n
),{_LAST},
stated AS (
    SELECT n, r.value AS recommendation, b.value AS stated_brand, c.value AS stated_price_class,
           jsonb_strip_nulls(jsonb_build_object(
               'recommendation', r.told, 'stated_brand', b.told, 'stated_price_class', c.told)) AS told
    FROM recommending r FULL JOIN brands b USING (n) FULL JOIN classes c USING (n)
), contacts AS (
    SELECT t.n, count(*)::int AS contacts
    FROM parts t JOIN interactions i ON i.party_kind = t.party_kind AND i.party_id = t.part
    WHERE i.party_kind IN ('retailer', 'consumer') AND i.party_id = ANY($3) AND i.direction = 'in'
      AND i.occurred_at > $4::timestamptz - interval '365 days'
    GROUP BY t.n
)
SELECT n, sa.score::float8 AS satisfaction, coalesce(co.contacts, 0) AS contacts_year, st.recommendation,
       st.stated_brand, st.stated_price_class,
       jsonb_strip_nulls(jsonb_build_object(
           'answers', sa.answers, 'answered_at', sa.newest_at, 'stated', st.told)) AS told
FROM said sa FULL JOIN stated st USING (n) FULL JOIN contacts co USING (n)
"""  # noqa: S608 - made of constants


async def read_said(
    conn: Connection, parts: Sequence[Sequence[object]], now: datetime
) -> dict[int, asyncpg.Record]:
    """Give by place what those said who said anything: `NOTHING` has the names, `told` the evidence.

    Args:
        conn: Connection.
        parts: The records that customers are made of: places, kinds and ids.
        now: The moment up to which it counts.
    """
    return {row["n"]: row for row in await conn.fetch(_SAID, *parts, now)}
