"""What a file of documents in the API's own form comes to."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from humidor_cli.replay.documents import Document
from humidor_cli.replay.ndjson import read_lines
from humidor_cli.verify.expected import Expected, Factors

SaleKey = tuple[str, str]


class _Voided(msgspec.Struct):
    """A sale that was voided, by product: what it took and what had come back of it."""

    sold: Counter[str] = msgspec.field(default_factory=Counter)
    restocked: Counter[str] = msgspec.field(default_factory=Counter)
    quarantined: Counter[str] = msgspec.field(default_factory=Counter)


def add_documents(path: Path, factors: Factors, expected: Expected) -> None:
    """Add up the documents; one that stands there twice counts once."""
    voided: dict[SaleKey, _Voided] = {}
    for line in read_lines(path):
        document = line.document
        if document is not None and document.kind == "void" and document.body.get("sale_id"):
            voided.setdefault((document.store_id, str(document.body["sale_id"])), _Voided())
    seen: set[tuple[str, str]] = set()
    for line in read_lines(path):
        expected.rows += 1
        document = line.document
        if document is None or (document.store_id, document.document_id) in seen:
            expected.not_counted += 1
            continue
        seen.add((document.store_id, document.document_id))
        expected.stores.add(document.store_id)
        _add(document, voided, factors, expected)
    for (store_id, _), sale in voided.items():
        _settle(store_id, sale, expected)


def _add(document: Document, voided: dict[SaleKey, _Voided], factors: Factors, expected: Expected) -> None:
    store_id, body = document.store_id, document.body
    sale_id = str(body.get("sale_id"))
    aside = voided.get((store_id, sale_id)) if body.get("sale_id") else None
    if document.kind == "void" and aside is not None:
        return
    if document.kind != "void":
        expected.fact(document.kind, store_id).documents += 1
    for line in body.get("lines") or ():
        gtin = str(line["gtin"]).zfill(14)
        sticks = line["quantity"] * factors.get(gtin, {}).get(line["unit"], 0)
        if document.kind != "void":
            _count(expected, document, line, sticks)
        where = _bucket(document, aside, expected)
        where[gtin if aside is not None else (store_id, gtin)] += sticks


def _bucket(document: Document, aside: _Voided | None, expected: Expected) -> Counter[Any]:
    """Choose what the lines add to; those of a voided sale are kept aside until all of them are known."""
    if document.kind == "sale":
        return aside.sold if aside else expected.sold
    if document.kind == "void" or document.body.get("restock", True):
        return aside.restocked if aside else expected.came_back
    return aside.quarantined if aside else expected.quarantined


def _count(expected: Expected, document: Document, line: dict[str, Any], sticks: int) -> None:
    facts = expected.fact(document.kind, document.store_id)
    facts.lines += 1
    facts.sticks += sticks
    facts.amount_minor += line["quantity"] * line["unit_price"]


def _settle(store_id: str, sale: _Voided, expected: Expected) -> None:
    """Take a voided sale back: all is on the shelf again but what a return had put into quarantine."""
    for gtin in sale.sold.keys() | sale.restocked.keys() | sale.quarantined.keys():
        pair = (store_id, gtin)
        expected.sold[pair] += sale.sold[gtin]
        expected.came_back[pair] += max(sale.sold[gtin] - sale.quarantined[gtin], sale.restocked[gtin])
        expected.quarantined[pair] += sale.quarantined[gtin]
