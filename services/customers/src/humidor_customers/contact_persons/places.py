"""Every place where something about a contact person of a trade customer may stand: the one list of them.

A slice that keeps free text, documents or addresses about trade customers adds its columns here. A test names
every column of the database that could hold such data and is neither here nor known to be without.
"""

from typing import NamedTuple

from humidor_customers.retailers.schemas import RetailerInput

_FACTS = tuple(name for name in RetailerInput.model_fields if name not in ("contacts", "custom"))
_RETAILER = "t.retailer_id = ANY($1::text[])"
_PARTY = "t.party_kind = 'retailer' AND t.party_id = ANY($1::text[])"
_MESSAGE = f"t.interaction_id IN (SELECT interaction_id FROM interactions t WHERE {_PARTY})"  # noqa: S608
_ORDER = f"t.order_id IN (SELECT order_id FROM orders t WHERE {_RETAILER})"  # noqa: S608
_MERGE = "(t.survivor_id = ANY($1::text[]) OR t.merged_id = ANY($1::text[]))"
_PAIR = "(t.first_id = ANY($1::text[]) OR t.second_id = ANY($1::text[]))"
# What people did with the customer, by what they did it to.
_TRAIL = f"""(t.entity, t.entity_id) IN (
    SELECT kind, kind_id FROM unnest($1::text[]) r(id),
           LATERAL (VALUES ('retailer', id), ('order_member', id), ('channel_handle', 'retailer/' || id))
                   v(kind, kind_id)
    UNION ALL SELECT 'interaction', interaction_id::text FROM interactions t WHERE {_PARTY}
    UNION ALL SELECT 'presale', presale_id::text FROM presales t WHERE {_RETAILER}
    UNION ALL SELECT 'visit', visit_id::text FROM visits t WHERE {_RETAILER}
    UNION ALL SELECT 'order', order_id::text FROM orders t WHERE {_RETAILER}
    UNION ALL SELECT 'claim', claim_id::text FROM order_claims t WHERE {_ORDER}
    UNION ALL SELECT 'sync_failure', failure_id::text FROM sync_failures t WHERE {_RETAILER}
    UNION ALL SELECT 'duplicate', first_id || '/' || second_id FROM duplicate_candidates t WHERE {_PAIR}
    UNION ALL SELECT 'customer_tier', scheme_code || '/' || retailer_id FROM retailer_tiers t
              WHERE {_RETAILER})"""  # noqa: S608


class Place(NamedTuple):
    """Columns of a table, and which rows of it concern some trade customers ($1); part of a `holding`.

    In documents the fields of `keep` are the business's own.
    """

    holding: str
    table: str
    columns: tuple[str, ...]
    of: str
    keep: tuple[str, ...] = ()


PLACES = (
    Place("records", "licence_checks", ("reason", "source"), _RETAILER),
    Place("records", "retailer_tiers", ("override_reason",), _RETAILER),
    Place("notes", "retailer_notes", ("text",), _RETAILER),
    Place("messages", "interactions", ("outcome", "reason"), _PARTY),
    Place("messages", "interaction_texts", ("subject", "text", "template"), _MESSAGE),
    Place("tasks", "tasks", ("title", "note", "outcome"), _PARTY),
    Place("visits", "visits", ("outcome", "note"), _RETAILER),
    Place("presales", "presales", ("subject",), _RETAILER),
    Place(
        "presales",
        "presale_steps",
        ("note",),
        f"t.presale_id IN (SELECT presale_id FROM presales t WHERE {_RETAILER})",  # noqa: S608
    ),
    Place("orders", "orders", ("note", "closed_reason", "proof"), _RETAILER),
    Place("orders", "order_claims", ("evidence", "decided_reason"), _ORDER),
    Place("orders", "order_debits", ("reason",), _ORDER),
    Place("orders", "window_exceptions", ("reason",), _RETAILER),
    Place("survey_answers", "survey_responses", ("answers",), _RETAILER),
    Place(
        "merges",
        "merges",
        ("survivor_before", "survivor_after", "moved", "kept", "reason", "undo_reason"),
        _MERGE,
        _FACTS,
    ),
    Place("merges", "duplicate_candidates", ("reasons", "decision_reason"), _PAIR),
    Place("connectors", "sync_failures", ("errors", "settled_reason"), _RETAILER),
    Place("connectors", "sync_items", ("fields",), _RETAILER),
    Place("history", "audit_trail", ("before", "after", "reason"), _TRAIL, _FACTS),
)
"""What is read and written word by word."""

OWN_WAYS = {
    "retailers": ("contacts", "phone_keys", "email_keys", "custom"),
    "interaction_texts": ("address",),
    "channel_handles": ("handle",),
    "crm_links": ("shadow",),
    "hook_messages": ("answer",),
    "idempotency_keys": ("response",),
    "export_parts": ("content",),
    "exports": ("path",),
    "privacy_answers": ("document",),
    "privacy_requests": ("person",),
}
"""What `erasing` has ways of its own for."""

STAYS = {
    "contacts": "",
    "records": "what the record says of the business, its name and address among it",
    "notes": "the notes, without the person",
    "messages": "that there were messages, and what they say of the business",
    "channel_names": "",
    "tasks": "the tasks, without the person",
    "visits": "the visits, without the person",
    "presales": "the consultations and samples, without the person",
    "orders": "the orders, without the person",
    "survey_answers": "the answers, without the person",
    "merges": "that records were merged, without the person",
    "connectors": "a digest, until the other system has been told: it keeps the person from coming back",
    "history": "who changed what and when, without the person",
    "kept_answers": "",
    "files": "that there were files, without their content",
    "requests": "that they were made, without what was handed out",
}
