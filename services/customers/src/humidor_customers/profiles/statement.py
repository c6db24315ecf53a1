"""The statements that make profiles of what customers bought; each part of one is a step."""

from datetime import date

from humidor_customers.purchases.copying import LINE, SEPARATOR

# Planned once, because a plan for thousands of keys takes longer than what is to be done. Nobody tells the
# planner then how many rows there will be: it would take nested loops for steps that it believes small. What
# has to be looked up by an index is by LATERAL.
TO_WRITE = {"plan_cache_mode": "force_generic_plan", "enable_nestloop": "off", "enable_mergejoin": "off"}
# By way of bitmaps each page is read once, however many of the customers have lines on it.
TO_READ = {**TO_WRITE, "enable_indexscan": "off", "enable_seqscan": "off"}

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
# The documents of the records that customers are made of ($1 to $3: place, kind and id) since $4, as arrays:
# those of numbers as PostgreSQL sends them, which costs no object a number. Moments count from 2000; small
# numbers share one, because each array costs every document as much as any other: from the lowest bits on
# the day from the beginning of the calendar, hour, kind, how many lines, and place. All lines, and the
# numbers of products on them, come one after the other.
DAY_BITS, HOUR_BITS, KIND_BITS, SIZE_BITS = 22, 5, 2, 18
BEFORE_2000 = (date(2000, 1, 1) - date.min).days
_KIND = "CASE p.kind WHEN 'sale' THEN 0 WHEN 'return' THEN 1 ELSE 2 END"
_PACKED = f"""
(((t.n::bigint << {SIZE_BITS} | length(p.figures) / {LINE.itemsize}) << {KIND_BITS} | {_KIND})
    << {HOUR_BITS} | p.local_hour) << {DAY_BITS} | (p.local_day - date '0001-01-01')
"""
DOCUMENTS = f"""
SELECT array_send(array_agg({_PACKED})) AS packed, array_send(array_agg(p.bought_at)) AS bought_at,
       array_send(array_agg(p.document_id)) AS document,
       array_agg(p.currency || ' ' || p.store_id) AS till,
       string_agg(p.figures, '') AS figures, string_agg(p.gtins, '{SEPARATOR}') AS gtins
FROM unnest($1::int[], $2::text[], $3::text[]) t(n, party_kind, part)
JOIN purchase_documents p ON p.party_id = t.part AND p.party_kind = t.party_kind
WHERE p.party_id = ANY($3::text[]) AND p.bought_at >= $4::timestamptz
"""  # noqa: S608 - made of constants
GOODS = """
SELECT gtin, brand, price_class, sticks_per_pack, retail_price_per_pack, currency
FROM products WHERE gtin = ANY($1::text[])
"""
