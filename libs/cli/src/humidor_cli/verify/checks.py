"""Compares what should be with what is; every check names its figures and lists what differs."""

from collections.abc import Iterable
from typing import Any

import msgspec

from humidor_cli.client import Client
from humidor_cli.deadletters import list_letters
from humidor_cli.verify.actual import Store
from humidor_cli.verify.expected import Expected, Facts

LISTED_MAX = 1000


class Difference(msgspec.Struct):
    """One figure that is not as it should be."""

    store_id: str
    what: str
    expected: Any
    actual: Any


class Check(msgspec.Struct):
    """One comparison; `expected` and `actual` are its totals."""

    name: str
    expected: Any
    actual: Any
    equal: bool
    compared: int = 1
    differences: list[Difference] = msgspec.field(default_factory=list)


def quiet_checks(client: Client, statuses: dict[str, Any]) -> Iterable[Check]:
    """Nothing may be under way, and nothing may wait for a person."""
    if statuses:
        left = sum(status["outbox"] + sum(status["lag"].values()) for status in statuses.values())
        yield Check("events under way", 0, left, equal=left == 0)
    dead = sum(1 for _ in list_letters(client, None, "open"))
    yield Check("open dead letters", 0, dead, equal=dead == 0)


def ledger_check(client: Client) -> Check:
    """Every balance must be the sum of its ledger entries, as inventory proves by itself."""
    found = client.get("inventory", "/v1/checks/ledger")
    differences = [
        Difference(
            each["store_id"],
            f"{each['figure']} of {each['gtin']} {each['lot'] or ''}".strip(),
            each["expected_sticks"],
            each["actual_sticks"],
        )
        for each in found["differences"]
    ]
    return Check(
        "balances unlike the ledger",
        0,
        len(differences),
        equal=found["equal"],
        compared=found["balances"] + found["lots"],
        differences=differences,
    )


def once_check(stores: list[Store]) -> Iterable[Check]:
    """Every fact of pos must be in inventory exactly once, with what its lines say."""
    ids = _Comparison("facts: pos = inventory")
    lines = _Comparison("sticks moved: pos = inventory")
    unequal = _Comparison("facts wrong in the ledger")
    for store in stores:
        told = {each["kind"]: each for each in store.totals["documents"]}
        applied = {each["kind"]: each for each in store.movements["documents"]}
        for kind in told.keys() | applied.keys():
            left, right = told.get(kind, {}), applied.get(kind, {})
            ids.add(left.get("documents", 0), right.get("documents", 0))
            if left.get("digest") != right.get("digest"):
                ids.differ(store.store_id, f"{kind}s", left.get("documents", 0), right.get("documents", 0))
        stated = {(s["kind"], s["gtin"]): s["sticks"] for s in store.movements["stated"]}
        sold = {(s["kind"], s["gtin"]): s["sticks"] for s in store.totals["lines"] if s["sticks"] is not None}
        for kind, gtin in sold.keys() | stated.keys():
            key = (kind, gtin)
            lines.compare(store.store_id, f"{kind} of {gtin}", sold.get(key, 0), stated.get(key, 0))
        unequal.compare(store.store_id, "documents", 0, store.movements["unequal_documents"])
    return [ids.check(), lines.check(), unequal.check()]


def file_checks(expected: Expected, stores: list[Store]) -> Iterable[Check]:
    """Compare stock by store and product, and pos's counts, with the raw files."""
    on_hand = _Comparison("sticks on hand")
    aside = _Comparison("sticks in quarantine")
    written_off = _Comparison("sticks written off")
    facts = {
        (kind, field): _Comparison(f"{kind}s: {field.replace('_', ' ')}")
        for kind in ("sale", "return")
        for field in Facts.__struct_fields__
        # Into how many documents a return was cut depends on the sales it was linked to.
        if (kind, field) != ("return", "documents")
    }
    moved = expected.moved()
    for store in stores:
        where = store.store_id
        given = store.other_movements("on_hand", expected.write_off_lots)
        given_aside = store.other_movements("quarantined", ())
        for gtin in sorted(moved[where] | store.on_hand.keys() | given.keys()):
            pair = (where, gtin)
            change = expected.came_back[pair] - expected.sold[pair] - expected.written_off[pair]
            on_hand.compare(where, gtin, given[gtin] + change, store.on_hand.get(gtin, 0))
            aside.compare(
                where, gtin, given_aside[gtin] + expected.quarantined[pair], store.quarantined.get(gtin, 0)
            )
        own = store.own_write_offs(expected.write_off_lots)
        for gtin in sorted(moved[where] | own.keys()):
            written_off.compare(where, gtin, expected.written_off[where, gtin], own[gtin])
        for (kind, field), comparison in facts.items():
            wanted, found = expected.fact(kind, where), store.facts(kind)
            comparison.compare(where, f"{kind}s", getattr(wanted, field), getattr(found, field))
    return [each.check() for each in (on_hand, aside, written_off, *facts.values())]


class _Comparison:
    """Gathers one check."""

    def __init__(self, name: str) -> None:
        self._check = Check(name, 0, 0, equal=True, compared=0)

    def add(self, expected: int, actual: int) -> None:
        self._check.expected += expected
        self._check.actual += actual
        self._check.compared += 1

    def compare(self, store_id: str, what: str, expected: int, actual: int) -> None:
        self.add(expected, actual)
        if expected != actual:
            self.differ(store_id, what, expected, actual)

    def differ(self, store_id: str, what: str, expected: int, actual: int) -> None:
        self._check.equal = False
        if len(self._check.differences) < LISTED_MAX:
            self._check.differences.append(Difference(store_id, what, expected, actual))

    def check(self) -> Check:
        return self._check
