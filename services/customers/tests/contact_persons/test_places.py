"""No column that could hold words of people is forgotten: it is swept, or somebody has said why not."""

from humidor_customers.contact_persons.places import OWN_WAYS, PLACES, STAYS
from humidor_customers.testing.desk import Desk

# Columns that could hold words of people and do not: what our own code writes, names of goods, stores and
# staff, what is said about campaigns, rules and goods. A new column stands here once it was thought about.
ELSEWHERE = {
    "of members, with a holding in `rights.holdings`": {
        "consumer_contacts": "email name phone",
        "consumers": "adult_method ended_why",
        "consents": "channel purpose recorded_by source text_version",
        "consent_states": "source text_version",
        "profile_details": "details",
        "timeline": "details",
        "timeline_waiting": "details",
    },
    "of staff, or written by staff about what is no customer": {
        "allocation_runs": "kind ran_by rule supply",
        "calendar_days": "name",
        "campaign_limits": "changed_by",
        "campaign_rule_versions": "changed_by reason rule",
        "campaign_rules": "article changed_by conditions law says source",
        "campaign_spendings": "booked_by note",
        "campaign_stores": "reason stratum",
        "campaigns": "approval_reason approved_by created_by exclusions findings goal gtins mechanics name"
        " owner plan stop_detail store_ids submitted_by variants",
        "channel_accounts": "changed_by cursor name sealed_secrets secret_names secrets settings",
        "connectors": "mapping name options sealed_access sealed_secrets secret_names",
        "custom_fields": "choices kind label",
        "order_cycles": "created_by",
        "order_groups": "name time_zone",
        "order_windows": "reason",
        "retention_rules": "changed_by",
        "retention_runs": "outcomes requested_by",
        "segments": "created_by name rule",
        "strategies": "barred_grades created_by name published_by state unlisted",
        "strategy_lines": "audience mode subject",
        "tier_schemes": "cadence created_by direction locked_by name published_by state terms",
        "tier_scorings": "calculated_by published_by state",
        "visit_places": "changed_by",
        "visit_plans": "created_by",
        "webhooks": "changed_by filters name previous_secret secret target types",
    },
    "figures, codes and ids": {
        "campaign_effects": "effect",
        "jobs": "created_by detail parameters result stage",
        **{
            f"market_{period}s_of_{holder}": "left_out net_minor products sales sticks"
            for period in ("day", "month", "quarter")
            for holder in ("stores", "places", "all")
        },
        "mining_rows": "found",
        "model_scores": "label",
        "models": "fit fitted_by holdout parameters reason",
        "offers": "currency",
        "order_lines": "cuts unit",
        "orders_not_taken": "reason",
        "privacy_ledger": "entry hash previous",
        "product_units": "unit",
        "products": "brand currency manufacturer name price_class status",
        "profiles": "favourite_brand favourite_price_class stated_brand stated_price_class",
        "purchase_documents": "figures",
        "retailer_plans": "currency lines made_by terms",
        "segment_chunks": "party_ids",
        "stores": "kind licence_number name status time_zone",
        "sync_runs": "code counts cursor detail started_by",
        "tier_scores": "inputs",
    },
    "events and their deliveries, which carry nothing personal": {
        "dead_letters": "consumer headers key payload reason settled_by settled_reason state topic"
        " traceparent type",
        "deliveries": "body reason secret subject traceparent",
        "delivery_attempts": "detail",
        "inbox": "consumer",
        "outbox": "headers key payload subject topic traceparent type",
    },
    "beside what is swept: codes, and who of the staff": {
        "audit_trail": "action actor actor_kind entity entity_id trace_id",
        "duplicate_candidates": "decided_by",
        "exports": "file_name media_type principal",
        "hook_messages": "body_hash",
        "idempotency_keys": "key principal request_hash",
        "interactions": "recorded_by",
        "licence_checks": "checked_by licence_number status",
        "merges": "merged_by take undone_by",
        "order_claims": "decided_by lines raised_by state",
        "order_debits": "outcome recorded_by",
        "orders": "closed_code currency exceptions payment placed_by refusal_code state stock",
        "presale_steps": "taken_by",
        "presales": "currency licence_number lines order_reference",
        "privacy_answers": "answer",
        "privacy_requests": "basis fetch_key identity_check received_by refused_why",
        "retailer_notes": "written_by",
        "retailer_tiers": "overridden_by",
        "retailers": "address business_format currency licence_status market_type name state tags time_zone",
        "survey_responses": "questions",
        "tasks": "closed_by created_by",
        "visits": "closed_by",
    },
}
_COLUMNS = """
SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_collation k ON k.oid = a.attcollation
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'alembic_version'
  AND (format_type(a.atttypid, a.atttypmod) IN ('jsonb', 'bytea', 'json')
       -- Ids and codes are told by their collation.
       OR format_type(a.atttypid, a.atttypmod) IN ('text', 'text[]') AND k.collname <> 'C')
"""


async def test_every_column_that_could_hold_words_of_people_is_swept_or_known_to_be_without(
    desk: Desk,
) -> None:
    columns = {(row[0], row[1]) for row in await desk.runtime.pool.fetch(_COLUMNS)}
    swept = {(place.table, name) for place in PLACES for name in place.columns}
    swept |= {(table, name) for table, names in OWN_WAYS.items() for name in names}
    known = {
        (table, name)
        for tables in ELSEWHERE.values()
        for table, names in tables.items()
        for name in names.split()
    }
    assert columns - swept - known == set(), "sweep it in contact_persons.places, or say here why not"
    assert known - columns == set()
    assert known & swept == set()
    assert {place.holding for place in PLACES} < set(STAYS)
