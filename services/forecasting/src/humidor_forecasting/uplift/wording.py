"""What readers of an evaluation are told: codes of what stands against it, what methods take for granted."""

from humidor_forecasting.uplift.work import Reason

TEXTS = {
    "cancelled": "the promotion was cancelled: it never took place",
    "in-future": "the promotion has not begun",
    "no-stores": "no store of the promotion is known to have sold anything",
    "no-sales-before": "the stores sold none of the products before it, so nothing can be compared with it",
    "too-short-before": "there are fewer than 14 days before it to compare with",
    "no-method": "no method came through",
    "sampled": "it took place in so many stores that the figures are of a sample of them",
    "still-running": "the promotion is still running: these are the days until now",
    "short-before": "there are fewer than 28 days before it: the usual level is known badly",
    "one-day": "a single day shows little",
    "no-controls": "no store without the promotion can be compared with: only the stores' own past is",
    "few-controls": "fewer than five stores without the promotion are compared with",
    "pre-trend": "sales of the stores were drifting apart before it already",
    "poor-fit": "no mix of other stores follows these stores well before it",
    "placebo-in-time": "the same method finds effects on days before the promotion, when there was none",
    "methods-disagree": "other methods find something else",
    "unchecked": "no second method could check it",
    "stock-outs": "promoted products were sold out meanwhile: more would have been sold",
    "many-stock-outs": "products were sold out on a large part of the days: the uplift is too low",
    "sold-nothing": "nothing was sold during it",
    "absurd-sales": "absurd amounts were cut before anything was compared",
    "prices-moved": "prices moved for other reasons at the same time",
    "many-prices-moved": "prices of a large part of the goods moved for other reasons at the same time",
    "other-promotions": "other promotions of the same stores and products fall into these days",
    "stores-left-out": "stores that sold none of the products before it are left out",
    "after-not-over": "what was pulled forward will be known when the days after it are over",
    "no-margin": "profit is not known: nobody told a margin",
    "no-price": "profit is not known: no price was seen",
    "no-others": "the stores sell nothing else that could lose by it",
}

FORBIDDING = frozenset(
    {
        "still-running", "short-before", "one-day", "pre-trend", "poor-fit", "placebo-in-time",
        "methods-disagree", "unchecked", "many-stock-outs", "many-prices-moved", "other-promotions",
    }
)  # fmt: skip
"""With one of these an evaluation is not trusted."""


def reason(code: str) -> Reason:
    return Reason(code=code, text=TEXTS[code])


COMMON = (
    "nobody bought less before the promotion because it was known to come",
    "stores without it were not touched by it: customers did not change the store",
)

ASSUMPTIONS = {
    "difference_in_differences": (
        "without it the stores would have changed in proportion to those compared with (see pre-trend)",
        "a store's days go together, different stores do not: errors are clustered by store",
        "hold-outs were drawn at random; without any, the stores most alike stand in for them",
        *COMMON,
    ),
    "synthetic_control": (
        "the mix of other stores that followed these before would have followed them on",
        "no single other store had a shock of its own meanwhile",
        "placebos: every other store is treated as if it had had the promotion, and strays as these would",
        *COMMON,
    ),
    "structural_time_series": (
        "level, weekdays and the link to other stores and the calendar go on as before",
        "errors are normal; the level moves as a random walk",
        *COMMON,
    ),
    "prophet": (
        "trend, weekdays and the link to other stores and the calendar go on as before",
        "days are independent about the trend, so intervals are rather too narrow",
        *COMMON,
    ),
}
