"""The statements that make profiles of what customers bought; each part of one is a step."""

from humidor_customers.profiles import rules

# Planned once, because a plan for thousands of keys takes longer than what is to be done. Nobody tells the
# planner then how many rows there will be: it would take nested loops for steps that it believes small. What
# has to be looked up by an index is by LATERAL.
TO_WRITE = {"plan_cache_mode": "force_generic_plan", "enable_nestloop": "off", "enable_mergejoin": "off"}
# By way of bitmaps each page is read once, however many of the customers have lines on it.
TO_READ = {**TO_WRITE, "enable_indexscan": "off", "enable_seqscan": "off"}

FIGURES = {
    "party_kind": "text",
    "party_id": "text",
    "ended": "boolean",
    "last_at": "timestamptz",
    "spend_minor": "bigint",
    "spend_year_minor": "bigint",
    "repeat_spend_minor": "bigint",
    "sticks_year": "bigint",
    "first_on": "date",
    "last_on": "date",
    "active_days": "int",
    "purchases": "int",
    "purchases_year": "int",
    "returns_year": "int",
    "basket_sticks": "float8",
    "basket_minor": "float8",
    "basket_lines": "float8",
    "favourite_brand_share": "float8",
    "price_sensitivity": "float8",
    "usual_hour": "smallint",
    "usual_weekday": "smallint",
    "store_id": "text",
    "currency": "text",
    "channel": "text",
    "favourite_brand": "text",
    "favourite_price_class": "text",
    "satisfaction": "float8",
    "contacts_year": "int",
    "recommendation": "int",
    "stated_brand": "text",
    "stated_price_class": "text",
}
"""What arrays hold of each customer who bought something."""
_COLUMNS = (
    "party_kind, party_id, computed_at, last_at, spend_minor, spend_year_minor, repeat_spend_minor, "
    "sticks_year, first_on, last_on, active_days, purchases, purchases_year, returns_year, basket_sticks, "
    "basket_minor, basket_lines, gap_days, favourite_brand_share, price_sensitivity, satisfaction, "
    "usual_hour, usual_weekday, contacts_year, store_id, currency, channel, lifecycle, favourite_brand, "
    "favourite_price_class, recommendation, stated_brand, stated_price_class"
)
_UPDATE = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ")[2:])

# Whom ($1 and $2, kinds and ids) there may be a profile of at a moment ($3), and whether its ties are over:
# not who refused analysis (or, with $4, did not consent to it), nor who was found to be no adult.
ALLOWED = """
SELECT t.n::int,
       coalesce(r.state = 'closed' OR r.licence_status = 'revoked'
           OR r.licence_valid_until < ($3::timestamptz AT TIME ZONE r.time_zone)::date
           OR c.ended_why IS NOT NULL, false) AS ended
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY t(party_kind, party_id, n)
LEFT JOIN LATERAL (SELECT state, licence_status, licence_valid_until, time_zone FROM retailers
                   WHERE t.party_kind = 'retailer' AND retailer_id = t.party_id OFFSET 0) r ON true
LEFT JOIN LATERAL (SELECT ended_why FROM consumers
                   WHERE t.party_kind = 'consumer' AND member_id = t.party_id OFFSET 0) c ON true
LEFT JOIN LATERAL (SELECT given FROM consent_states
                   WHERE t.party_kind = 'consumer' AND member_id = t.party_id AND purpose = 'analysis'
                   ORDER BY given LIMIT 1) s ON true
WHERE (c.ended_why IS NULL OR c.ended_why = 'left')
  AND (t.party_kind = 'retailer' OR coalesce(s.given, NOT $4::boolean))
"""
# The lines of the records that customers are made of ($1 to $3: place, kind and id) since $4, as arrays:
# those of numbers as PostgreSQL sends them, which costs no object a number. Moments count from 2000; small
# numbers share one, because each array costs every line as much as any other: from the lowest bits on the day
# from the beginning of the calendar, hour, kind and place.
DAY_BITS, HOUR_BITS, KIND_BITS = 22, 5, 2
BEFORE_2000 = 730_119
"""Days from 0001-01-01 to 2000-01-01."""
_KIND = "CASE p.kind WHEN 'sale' THEN 0 WHEN 'return' THEN 1 ELSE 2 END"
_LINE = {
    "packed": f"""((t.n::bigint << {KIND_BITS} | {_KIND}) << {HOUR_BITS} | p.local_hour) << {DAY_BITS}
                  | (p.local_day - date '0001-01-01')""",
    "bought_at": "p.bought_at",
    "sticks": "p.sticks",
    "net_minor": "p.net_minor",
}
LINES = f"""
SELECT {", ".join(f"array_send(array_agg({sql})) AS {name}" for name, sql in _LINE.items())},
       array_send(array_agg(p.document_id)) AS document, array_agg(p.store_id) AS store,
       array_agg(p.gtin) AS gtin, array_agg(p.currency) AS currency
FROM unnest($1::int[], $2::text[], $3::text[]) t(n, party_kind, part)
JOIN purchases p ON p.party_id = t.part AND p.party_kind = t.party_kind
WHERE p.party_id = ANY($3::text[]) AND p.bought_at >= $4::timestamptz
"""  # noqa: S608 - made of constants
GOODS = """
SELECT gtin, brand, price_class, sticks_per_pack, retail_price_per_pack, currency
FROM products WHERE gtin = ANY($1::text[])
"""

_GAP = f"""CASE WHEN f.active_days >= {rules.KNOWN_GAP_DAYS}
                THEN (f.last_on - f.first_on)::float8 / (f.active_days - 1)
                WHEN f.party_kind = 'retailer' THEN {rules.USUAL_GAP_DAYS["retailer"]}
                ELSE {rules.USUAL_GAP_DAYS["consumer"]} END"""
# The moment ($1), and from $2 on the figures of those who bought something, in the order of the key.
WRITE = f"""
INSERT INTO profiles ({_COLUMNS})
SELECT f.party_kind, f.party_id, $1, f.last_at, f.spend_minor, f.spend_year_minor, f.repeat_spend_minor,
       f.sticks_year, f.first_on, f.last_on, f.active_days, f.purchases, f.purchases_year, f.returns_year,
       f.basket_sticks, f.basket_minor, f.basket_lines,
       (f.last_on - f.first_on)::float8 / nullif(f.active_days - 1, 0),
       f.favourite_brand_share, f.price_sensitivity, f.satisfaction, f.usual_hour, f.usual_weekday,
       f.contacts_year, f.store_id, f.currency, f.channel,
       CASE WHEN f.ended THEN 'ended'
            WHEN k.silent <= {rules.COOLING} THEN
                CASE WHEN $1::timestamptz::date - f.first_on <= {rules.NEW_DAYS} THEN 'new' ELSE 'active' END
            WHEN k.silent <= {rules.DORMANT} THEN 'cooling'
            WHEN k.silent <= {rules.LOST} THEN 'dormant' ELSE 'lost' END,
       f.favourite_brand, f.favourite_price_class, f.recommendation, f.stated_brand, f.stated_price_class
FROM unnest({", ".join(f"${k}::{kind}[]" for k, kind in enumerate(FIGURES.values(), 2))})
    f({", ".join(FIGURES)})
CROSS JOIN LATERAL (SELECT ($1::timestamptz::date - f.last_on)
                           / greatest({_GAP}, {rules.LEAST_GAP_DAYS}) AS silent) k
ON CONFLICT (party_kind, party_id) DO UPDATE SET {_UPDATE}
WHERE profiles.computed_at <= excluded.computed_at
"""  # noqa: S608 - made of constants
# With a moment ($4), only those of profiles that are of this moment.
WRITE_DETAILS = """
INSERT INTO profile_details (party_kind, party_id, details)
SELECT party_kind, party_id, details::json
FROM unnest($1::text[], $2::text[], $3::text[]) f(party_kind, party_id, details)
WHERE $4::timestamptz IS NULL OR EXISTS (
    SELECT FROM profiles p WHERE (p.party_kind, p.party_id, p.computed_at) = (f.party_kind, f.party_id, $4))
ON CONFLICT (party_kind, party_id) DO UPDATE SET details = excluded.details
"""
