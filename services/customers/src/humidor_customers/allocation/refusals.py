"""What a strategy of supply may not say, with the rule and where that stands.

Caps bound from above. There is no field that would oblige a customer to take anything, and whoever sends one
is told why.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from humidor_common.web.problems import FieldError, Problem


class Refusal(NamedTuple):
    """A kind of term that is not modelled.

    `fields` are names under which callers try it over HTTP, `headings` parts of headings in workbooks.
    """

    code: str
    rule: str
    rule_zh: str
    source: str
    fields: frozenset[str]
    headings: tuple[str, ...]


TYING = Refusal(
    "tying-forbidden",
    "Goods are never offered on condition of taking others.",
    "不得搭售：不得以购进其他商品作为供货条件",
    "Anti-Monopoly Law of the People's Republic of China (as amended in 2022), article 22 (1) no. 5: no "
    "tying of goods and no other unreasonable terms without a justified reason; for a state monopoly also "
    "article 8",
    frozenset(
        ("bundle", "bundle_with", "bundles", "tied_to", "requires", "requires_gtin", "only_with", "condition")
    ),
    ("搭售", "搭配", "捆绑", "配售", "bundle", "tied to", "requires"),
)
QUOTA = Refusal(
    "quota-forbidden",
    "What a customer may order is capped; no minimum and no quantity of a product is imposed.",
    "只可控制上限，不得规定销量下限，也不得按规格约定销量",
    "Policy of the trade on supply to retailers (货源供应): a total may be capped, but no floor and no "
    "agreed quantity by product be set; known from a secondary source, so ask the local bureau for the text "
    "in force; imposed quantities are also unreasonable terms by the Anti-Monopoly Law, article 22 (1) no. 5",
    frozenset(
        (
            "minimum",
            "minimum_sticks",
            "minimum_cartons",
            "minimums_cartons",
            "floor",
            "floor_sticks",
            "floors_cartons",
            "quota",
            "quota_sticks",
            "quotas_cartons",
            "must_order",
            "must_order_sticks",
        )
    ),
    ("下限", "最低", "必订", "任务量", "约定量", "minimum", "floor", "quota"),
)
REFUSALS = (TYING, QUOTA)


class ForbiddenTerm(Problem):
    """Somebody tried to oblige customers; the problem document says which rule that breaks."""

    def __init__(self, refusal: Refusal, field: str) -> None:
        detail = f"{field}: {refusal.rule} {refusal.source}."
        errors = [FieldError(field, refusal.rule)]
        super().__init__(422, refusal.code, detail, errors=errors)
        self.refusal = refusal

    def document(self, trace_id: str | None = None) -> dict[str, Any]:
        rule = {"rule": self.refusal.rule, "rule_zh": self.refusal.rule_zh, "source": self.refusal.source}
        return super().document(trace_id) | rule


def check_terms(names: Iterable[str], where: str = "") -> None:
    """Refuse fields that would oblige a customer.

    Raises:
        ForbiddenTerm: `tying-forbidden` or `quota-forbidden`.
    """
    for name in names:
        for refusal in REFUSALS:
            if name in refusal.fields:
                raise ForbiddenTerm(refusal, f"{where}{name}")


def forbidden_heading(heading: str) -> Refusal | None:
    """Find the rule that a heading of a workbook breaks: `最低订购量` and `搭售规格` do."""
    said = heading.lower()
    return next((each for each in REFUSALS if any(part in said for part in each.headings)), None)
