"""The SQL that sums up what daily flows are made of: the ledger, and the moves of sales documents."""

from collections.abc import Mapping

OF_SALES = ("sale", "return", "void")
"""The reasons of entries that a sales document of that kind made; it says on which day they are counted."""

_OF_FLOWS = (*OF_SALES, "receipt", "opening", "transfer_in", "transfer_out", "delivery", "write_off")
_GONE = "((m->>2)::bigint + (m->>3)::bigint)"


def among(reasons: tuple[str, ...]) -> str:
    return f"reason IN ({', '.join(map(repr, reasons))})"


def sums_of_entries(sign: int | str = 1) -> Mapping[str, str]:
    """Give the sum of ledger entries for each column of `daily_flows`, but for money; `sign` is SQL."""

    def entered(where: str, way: str = "") -> str:
        return f"{way}coalesce(sum({sign} * delta_sticks) FILTER (WHERE {where}), 0)::bigint"

    return {
        "sold_sticks": entered(among(("sale", "void")), "-"),
        "returned_sticks": entered(among(("return",))),
        "quarantined_sticks": entered("bucket = 'quarantined'"),
        "received_sticks": entered(among(("receipt",))),
        "opened_sticks": entered(among(("opening",))),
        "transferred_in_sticks": entered(among(("transfer_in",))),
        "transferred_out_sticks": entered(among(("transfer_out", "delivery")), "-"),
        "written_off_sticks": entered(among(("write_off",)), "-"),
        "adjusted_sticks": entered(f"NOT {among(_OF_FLOWS)}"),
    }


def sums_of_moves(sign: int | str = 1) -> Mapping[str, str]:
    """Give the sum of moves m of sales documents of a `kind` for each column that sales change."""

    def moved(what: str, where: str, way: str = "") -> str:
        return f"{way}coalesce(sum({sign} * {what}) FILTER (WHERE {where}), 0)::bigint"

    return {
        "sold_sticks": moved(_GONE, "kind <> 'return'", "-"),
        "returned_sticks": moved(_GONE, "kind = 'return'"),
        "quarantined_sticks": moved("(m->>3)::bigint", "true"),
        "revenue_minor": moved("(m->>4)::bigint", "true"),
        "unpriced_sticks": moved(_GONE, "m->>4 IS NULL", "-"),
    }


def named(sums: Mapping[str, str]) -> str:
    return ", ".join(f"{what} AS {name}" for name, what in sums.items())


_MONEY = {
    name: what for name, what in sums_of_moves().items() if name in {"revenue_minor", "unpriced_sticks"}
}
FROM_BOOKS = f"""
SELECT store_id, gtin, day, sold_sticks, returned_sticks, quarantined_sticks, revenue_minor, unpriced_sticks,
       received_sticks, opened_sticks, transferred_in_sticks, transferred_out_sticks, written_off_sticks,
       adjusted_sticks
FROM (
    SELECT e.store_id, e.gtin, coalesce(d.day, c.day, e.day) AS day, {named(sums_of_entries())}
    FROM stock_ledger e LEFT JOIN entry_days c USING (store_id, entry_id)
    LEFT JOIN (SELECT store_id, document_id AS source_id, kind AS reason, min(day) AS day
               FROM sale_documents WHERE $1::text[] IS NULL OR store_id = ANY($1) GROUP BY 1, 2, 3
              ) d USING (store_id, source_id, reason)
    WHERE $1::text[] IS NULL OR e.store_id = ANY($1) GROUP BY 1, 2, 3
) moved FULL JOIN (
    SELECT store_id, m->>0 AS gtin, day, {named(_MONEY)}
    FROM sale_documents CROSS JOIN jsonb_array_elements(moves) m
    WHERE $1::text[] IS NULL OR store_id = ANY($1) GROUP BY 1, 2, 3
) earned USING (store_id, gtin, day)
"""  # noqa: S608 - made of our own names
"""Flows as the books have them, of stores $1 or (NULL) all; figures may be NULL. A document, or else what was
corrected of an entry, tells the day; what a rebuild has taken back has lost its document and keeps its own.
"""
