"""The statement that makes profiles of what customers bought; each part of it is one step.

Its arguments: customers ($1, kind and id), the records that each is made of ($2, place in $1 and id), the
moment ($3), whether members have to have consented to analysis ($4), and merged records, which have no
profile ($5). It gives those of whom there is nothing to say.

Nobody tells the planner how many rows its steps have, so nested loops are turned off while it runs: it would
choose them for steps that it takes for small. What has to be looked up by an index is looked up by LATERAL.
"""

from humidor_customers.profiles import rules

_HOURS = ", ".join(f"count(*) FILTER (WHERE d.sold AND d.local_hour = {n})" for n in range(24))
_WEEKDAYS = ", ".join(f"count(*) FILTER (WHERE d.sold AND d.weekday = {n})" for n in range(1, 8))
_COLUMNS = (
    "party_kind, party_id, computed_at, last_at, spend_minor, spend_year_minor, repeat_spend_minor, "
    "sticks_year, first_on, last_on, active_days, purchases, purchases_year, returns_year, basket_sticks, "
    "basket_minor, basket_lines, gap_days, favourite_brand_share, price_sensitivity, satisfaction, "
    "usual_hour, usual_weekday, contacts_year, store_id, currency, channel, lifecycle, favourite_brand, "
    "favourite_price_class, recommendation, stated_brand, stated_price_class"
)
_UPDATE = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ")[2:])


def _big(expression: str, name: str = "") -> str:
    """Keep a sum within a bigint, whatever absurd sales it is made of."""
    bounded = f"least(greatest(coalesce({expression}, 0), -9e18), 9e18)::bigint"
    return f"{bounded} AS {name or expression.partition('.')[2]}"


# Whom there may be a profile of: not who refused analysis, nor who was found to be no adult.
_PARTIES = f"""
parties AS MATERIALIZED (
    SELECT k.n::int AS n, e->>0 AS party_kind, e->>1 AS party_id,
           r.state = 'closed' OR r.licence_status = 'revoked'
               OR r.licence_valid_until < ($3::timestamptz AT TIME ZONE r.time_zone)::date
               OR c.ended_why IS NOT NULL AS ended
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY k(e, n)
    LEFT JOIN LATERAL (SELECT state, licence_status, licence_valid_until, time_zone FROM retailers
                       WHERE e->>0 = 'retailer' AND retailer_id = e->>1 OFFSET 0) r ON true
    LEFT JOIN LATERAL (SELECT ended_why FROM consumers
                       WHERE e->>0 = 'consumer' AND member_id = e->>1 OFFSET 0) c ON true
    WHERE c.ended_why IS NULL OR c.ended_why = 'left'
), refused AS (
    SELECT t.n FROM parties t WHERE t.party_kind = 'consumer' AND (EXISTS (
        SELECT FROM consent_states s WHERE s.member_id = t.party_id AND s.purpose = 'analysis' AND NOT s.given
    ) OR ($4 AND NOT EXISTS (
        SELECT FROM consent_states s WHERE s.member_id = t.party_id AND s.purpose = 'analysis' AND s.given)))
), parts AS MATERIALIZED (
    SELECT (e->>0)::int AS n, t.party_kind, e->>1 AS part
    FROM jsonb_array_elements($2::jsonb) e JOIN parties t ON t.n = (e->>0)::int
    WHERE t.n NOT IN (SELECT n FROM refused)
), lines AS MATERIALIZED (
    SELECT t.n, p.* FROM parts t CROSS JOIN LATERAL (
        SELECT document_id, kind, bought_at, local_day, local_hour, store_id, gtin, sticks, net_minor,
               currency
        FROM purchases p WHERE p.party_id = t.part AND p.party_kind = t.party_kind
          AND p.bought_at >= $3::timestamptz - interval '{rules.LOOKBACK_DAYS} days' OFFSET 0) p
)"""  # noqa: S608 - made of constants
# Money counts in the currency of the newest purchase alone.
_FIGURES = f"""
docs AS MATERIALIZED (
    SELECT n, document_id, kind <> 'return' AS sold, kind, min(bought_at) AS bought_at,
           min(local_day) AS local_day, min(local_hour) AS local_hour, min(store_id) AS store_id,
           min(currency) AS currency, sum(net_minor) AS net_minor, sum(sticks) AS sticks, count(*) AS lines
    FROM lines GROUP BY n, document_id, kind
), newest AS (
    SELECT DISTINCT ON (n) n, currency FROM docs ORDER BY n, bought_at DESC, document_id
), days AS MATERIALIZED (
    SELECT d.n, d.local_day, sum(d.net_minor) FILTER (WHERE d.currency = w.currency) AS net_minor
    FROM docs d JOIN newest w USING (n) WHERE d.sold GROUP BY d.n, d.local_day
), spans AS (
    SELECT n, count(*) AS active_days, min(local_day) AS first_on, max(local_day) AS last_on
    FROM days GROUP BY n
), repeats AS (
    SELECT d.n, sum(d.net_minor) AS net_minor FROM days d JOIN spans s USING (n)
    WHERE d.local_day > s.first_on GROUP BY d.n
), base AS (
    SELECT d.n, max(d.bought_at) FILTER (WHERE d.sold) AS last_at,
           count(*) FILTER (WHERE d.sold) AS purchases,
           count(*) FILTER (WHERE d.sold AND d.recent) AS purchases_year,
           count(*) FILTER (WHERE NOT d.sold AND d.recent) AS returns_year,
           sum(d.net_minor) FILTER (WHERE d.own) AS spend_minor,
           sum(d.net_minor) FILTER (WHERE d.own AND d.recent) AS spend_year_minor,
           sum(d.sticks) FILTER (WHERE d.recent) AS sticks_year,
           avg(d.sticks) FILTER (WHERE d.sold) AS basket_sticks,
           avg(d.net_minor) FILTER (WHERE d.sold AND d.own) AS basket_minor,
           avg(d.lines) FILTER (WHERE d.sold) AS basket_lines,
           bool_or(d.kind = 'order') AS orders, bool_or(d.kind = 'sale') AS sales,
           count(DISTINCT d.currency) AS currencies,
           ARRAY[{_HOURS}] AS hours, ARRAY[{_WEEKDAYS}] AS weekdays
    FROM (SELECT d.*, d.currency = w.currency AS own, extract(isodow FROM d.local_day)::int AS weekday,
                 d.local_day > $3::timestamptz::date - {rules.YEAR_DAYS} AS recent
          FROM docs d JOIN newest w USING (n)) d
    GROUP BY d.n
)"""  # noqa: S608 - made of constants
_FAVOURITES = f"""
facets AS (
    SELECT l.n, 'brand' AS facet, p.brand AS value, sum(l.sticks) AS weight
    FROM lines l JOIN products p USING (gtin) WHERE p.brand <> '' GROUP BY 1, 3 HAVING sum(l.sticks) > 0
    UNION ALL
    SELECT l.n, 'class', p.price_class, sum(l.sticks)
    FROM lines l JOIN products p USING (gtin) WHERE p.price_class IS NOT NULL
    GROUP BY 1, 3 HAVING sum(l.sticks) > 0
    UNION ALL
    SELECT n, 'store', store_id, count(*) FROM docs WHERE sold GROUP BY 1, 3
), tops AS MATERIALIZED (
    SELECT n, facet, (array_agg(value ORDER BY weight DESC, value))[1:3] AS values,
           (array_agg(weight ORDER BY weight DESC, value))[1:3] AS weights, sum(weight) AS total
    FROM facets GROUP BY n, facet
), favourites AS (
    SELECT n, max(values[1]) FILTER (WHERE facet = 'brand') AS brand,
           max(weights[1] / total) FILTER (WHERE facet = 'brand') AS brand_share,
           max(values[1]) FILTER (WHERE facet = 'class') AS price_class,
           max(values[1]) FILTER (WHERE facet = 'store') AS store_id,
           jsonb_object_agg(facet, jsonb_build_array(values, weights, total)) AS tops
    FROM tops GROUP BY n
), prices AS (
    SELECT l.n, count(*) AS lines,
           sum(l.sticks) FILTER (WHERE l.net_minor::numeric * p.sticks_per_pack
               < l.sticks::numeric * p.retail_price_per_pack * {1 - rules.DISCOUNT}) / sum(l.sticks) AS share
    FROM lines l JOIN products p USING (gtin)
    WHERE l.kind = 'sale' AND l.sticks > 0 AND p.retail_price_per_pack > 0 AND p.currency = l.currency
    GROUP BY l.n
)"""  # noqa: S608 - made of constants


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
answered AS MATERIALIZED (
    SELECT t.n, r.survey, r.response_id, r.answered_at, q.key, q.value,
           r.questions->q.key->>'kind' AS kind, r.questions->q.key->>'about' AS about,
           (r.questions->q.key->>'lowest')::numeric AS lowest,
           (r.questions->q.key->>'highest')::numeric AS highest
    FROM parts t CROSS JOIN LATERAL (
        SELECT survey, response_id, answers, answered_at, questions FROM survey_responses s
        WHERE t.party_kind = 'retailer' AND s.retailer_id = t.part
        UNION ALL SELECT survey, response_id, answers, answered_at, questions FROM survey_responses s
        WHERE t.party_kind = 'consumer' AND s.member_id = t.part) r
    CROSS JOIN LATERAL jsonb_each_text(r.answers) q
    WHERE r.answered_at > $3::timestamptz - interval '{rules.ANSWERS_DAYS} days'
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
    SELECT t.n, sum(i.count)::int AS contacts FROM parts t CROSS JOIN LATERAL (
        SELECT count(*) FROM interactions WHERE party_kind = t.party_kind AND party_id = t.part
           AND direction = 'in' AND occurred_at > $3::timestamptz - interval '365 days' OFFSET 0) i
    GROUP BY t.n
)"""  # noqa: S608 - made of constants
_GAP = f"""CASE WHEN s.active_days >= {rules.KNOWN_GAP_DAYS}
                THEN (s.last_on - s.first_on)::numeric / (s.active_days - 1)
                WHEN t.party_kind = 'retailer' THEN {rules.USUAL_GAP_DAYS["retailer"]}
                ELSE {rules.USUAL_GAP_DAYS["consumer"]} END"""
_WHOLE = f"""
whole AS MATERIALIZED (
    SELECT t.party_kind, t.party_id, $3::timestamptz AS computed_at, b.last_at,
           {_big("b.spend_minor")}, {_big("b.spend_year_minor")},
           {_big("rp.net_minor", "repeat_spend_minor")}, {_big("b.sticks_year")},
           s.first_on, s.last_on, s.active_days, b.purchases, b.purchases_year, b.returns_year,
           b.basket_sticks, b.basket_minor, b.basket_lines,
           (s.last_on - s.first_on)::numeric / nullif(s.active_days - 1, 0) AS gap_days,
           f.brand_share AS favourite_brand_share,
           CASE WHEN pr.lines >= {rules.DISCOUNT_LINES} THEN coalesce(pr.share, 0) END AS price_sensitivity,
           sa.score AS satisfaction,
           array_position(b.hours, (SELECT max(x) FROM unnest(b.hours) x)) - 1 AS usual_hour,
           array_position(b.weekdays, (SELECT max(x) FROM unnest(b.weekdays) x)) AS usual_weekday,
           coalesce(co.contacts, 0) AS contacts_year, f.store_id, w.currency,
           CASE WHEN b.orders AND b.sales THEN 'both' WHEN b.orders THEN 'order' ELSE 'till' END AS channel,
           CASE WHEN t.ended THEN 'ended'
                WHEN k.silent <= {rules.COOLING} THEN
                    CASE WHEN $3::timestamptz::date - s.first_on <= {rules.NEW_DAYS} THEN 'new'
                         ELSE 'active' END
                WHEN k.silent <= {rules.DORMANT} THEN 'cooling'
                WHEN k.silent <= {rules.LOST} THEN 'dormant' ELSE 'lost' END AS lifecycle,
           f.brand AS favourite_brand, f.price_class AS favourite_price_class,
           st.recommendation, st.stated_brand, st.stated_price_class,
           jsonb_strip_nulls(jsonb_build_object('hours', b.hours, 'weekdays', b.weekdays, 'tops', f.tops,
               'currencies', b.currencies, 'priced_lines', pr.lines, 'answers', sa.answers,
               'answered_at', sa.newest_at, 'stated', st.told)) AS details
    FROM parties t JOIN base b USING (n) JOIN spans s USING (n) JOIN newest w USING (n)
    LEFT JOIN repeats rp USING (n) LEFT JOIN favourites f USING (n) LEFT JOIN prices pr USING (n)
    LEFT JOIN said sa USING (n) LEFT JOIN stated st USING (n) LEFT JOIN contacts co USING (n)
    CROSS JOIN LATERAL (SELECT ($3::timestamptz::date - s.last_on)
                               / greatest({_GAP}, {rules.LEAST_GAP_DAYS}) AS silent) k
)"""  # noqa: S608 - made of constants
_WRITE = f"""
written AS (
    INSERT INTO profiles ({_COLUMNS}) SELECT {_COLUMNS} FROM whole ORDER BY party_kind, party_id
    ON CONFLICT (party_kind, party_id) DO UPDATE SET {_UPDATE}
    WHERE profiles.computed_at <= excluded.computed_at RETURNING party_kind, party_id
), explained AS (
    INSERT INTO profile_details (party_kind, party_id, details)
    SELECT party_kind, party_id, details FROM whole JOIN written USING (party_kind, party_id)
    ORDER BY party_kind, party_id
    ON CONFLICT (party_kind, party_id) DO UPDATE SET details = excluded.details
), gone AS (
    SELECT e->>0 AS party_kind, e->>1 AS party_id FROM jsonb_array_elements($1::jsonb || $5::jsonb) e
    EXCEPT SELECT party_kind, party_id FROM whole
) SELECT party_kind, party_id FROM gone
"""  # noqa: S608 - made of constants
COMPUTE = f"WITH {_PARTIES},{_FIGURES},{_FAVOURITES},{_SAID},{_WHOLE},{_WRITE}"
