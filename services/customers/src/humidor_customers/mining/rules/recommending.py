"""What else a customer may buy: by products bought by the same customers, tried on what came later."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from humidor_customers.hearing import Heard, part, unheard
from humidor_customers.mining.rules.baskets import Floats, Ints, distinct

_BLOCK = 4096
SHRINKAGE = 10.0
"""So many customers in common halve what a likeness counts: few in common are little evidence."""


LEAST_CUSTOMERS = 30
"""Of fewer customers the normal interval of a mean says nothing; of a single one it would have no width."""


class Bought(NamedTuple):
    """Pairs of customer and product, repeated at will."""

    customers: Ints
    products: Ints


class Measured(NamedTuple):
    """How often one of the first k was bought, and how early in the list; `difference` is against popularity.

    `hits` and `gains` (NDCG) are means over `customers`; `low` and `high` are the 95 % interval of the
    difference of gains, None for fewer than `LEAST_CUSTOMERS`.
    """

    customers: int
    hits: float
    gains: float
    popular_hits: float
    popular_gains: float
    difference: float
    low: float | None
    high: float | None


class Recommendation(NamedTuple):
    """One product for one customer: its rank from 1, its score, and the product that says most for it."""

    customer: int
    rank: int
    product: int
    score: float
    because: int


class Model:
    """Likeness of products: cosine of who bought them (Sarwar et al. 2001), shrunk where few bought both."""

    def __init__(self, bought: Bought, customers: int, products: int) -> None:
        from scipy.sparse import csr_matrix

        pairs = distinct(bought.customers, bought.products)
        ones = np.ones(len(pairs[0]), np.float32)
        self.owned = csr_matrix((ones, pairs), shape=(customers, products))
        common = np.asarray((self.owned.T @ self.owned).todense(), np.float64)
        self.popularity: Floats = np.diag(common).copy()
        norm = np.sqrt(np.outer(self.popularity, self.popularity))
        self.likeness = np.divide(common, norm, out=np.zeros_like(common), where=norm > 0)
        self.likeness *= common / (common + SHRINKAGE)
        np.fill_diagonal(self.likeness, 0.0)

    def rank(self, customers: Ints, k: int, *, popular: bool) -> Iterator[tuple[Ints, Ints, Floats]]:
        """Give blocks of customers with their best k products that they have not bought, and the scores.

        A product that nothing speaks for has the score 0 and stands by its popularity.
        """
        share = self.popularity / max(float(self.popularity.max(initial=0.0)), 1.0)
        for begin in range(0, len(customers), _BLOCK):
            block = customers[begin : begin + _BLOCK]
            owned = np.asarray(self.owned[block].todense(), np.float64)
            scores = np.tile(share, (len(block), 1)) if popular else owned @ self.likeness
            ordering = scores + share * 1e-9
            ordering[owned > 0] = -1.0
            best = np.argsort(-ordering, axis=1, kind="stable")[:, :k]
            yield block, best, np.take_along_axis(np.where(owned > 0, -1.0, scores), best, axis=1)

    def because(self, customer: int, product: int) -> int:
        """Name the product that the customer has and that says most for the other one; -1 where none does."""
        owned = self.owned[[customer]].indices
        says = self.likeness[owned, product]
        return int(owned[int(np.argmax(says))]) if len(owned) and says.max() > 0 else -1


def evaluate(model: Model, later: Bought, k: int, heard: Heard = unheard) -> Measured | None:
    """Measure on what was bought for the first time after the model's data; None where nobody did.

    Both lists leave out what a customer already has, so popularity is the fair rival. NDCG is that of
    Järvelin & Kekäläinen (2002), with a gain of 1 for what was bought.
    """
    if not len(later.customers):
        return None
    who, what = distinct(later.customers, later.products)
    owned = np.asarray(model.owned[who, what]).reshape(-1)
    new = (np.diff(model.owned.indptr)[who] > 0) & (owned == 0)
    if not new.any():
        return None
    customers, index, counts = np.unique(who[new], return_inverse=True, return_counts=True)
    wanted = _Wanted(customers, counts, set(zip(index.tolist(), what[new].tolist(), strict=True)))
    ours = _scores(model, wanted, k, part(heard, 0.0, 0.5), popular=False)
    rivals = _scores(model, wanted, k, part(heard, 0.5, 1.0), popular=True)
    difference = ours[1] - rivals[1]
    return Measured(
        len(customers),
        float(ours[0].mean()),
        float(ours[1].mean()),
        float(rivals[0].mean()),
        float(rivals[1].mean()),
        float(difference.mean()),
        *_interval(difference),
    )


def _interval(difference: Floats) -> tuple[float | None, float | None]:
    if len(difference) < LEAST_CUSTOMERS:
        return None, None
    middle, spread = float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))
    return middle - 1.96 * spread, middle + 1.96 * spread


class _Wanted(NamedTuple):
    """Customers who bought something new, how many products, and which: pairs of their place and product."""

    customers: Ints
    counts: Ints
    pairs: set[tuple[int, int]]


def _scores(model: Model, wanted: _Wanted, k: int, heard: Heard, *, popular: bool) -> tuple[Floats, Floats]:
    discounts = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discounts)
    hits, gains = np.zeros(len(wanted.customers)), np.zeros(len(wanted.customers))
    place = 0
    for _, best, scores in model.rank(wanted.customers, k, popular=popular):
        heard(place / len(wanted.customers))
        for products, score in zip(best.tolist(), scores.tolist(), strict=True):
            good = [n for n, each in enumerate(products) if score[n] >= 0 and (place, each) in wanted.pairs]
            hits[place] = bool(good)
            gains[place] = discounts[good].sum() / ideal[min(int(wanted.counts[place]), k) - 1]
            place += 1
    return hits, gains


def recommend(model: Model, k: int, *, popular: bool, heard: Heard = unheard) -> Iterator[Recommendation]:
    """Give every customer with a purchase the best k products that they have not bought."""
    customers = np.flatnonzero(np.diff(model.owned.indptr)).astype(np.int64)
    done = 0
    for block, best, scores in model.rank(customers, k, popular=popular):
        heard(done / len(customers))
        done += len(block)
        for customer, products, score in zip(block.tolist(), best.tolist(), scores.tolist(), strict=True):
            for rank, (product, value) in enumerate(zip(products, score, strict=True), 1):
                if value >= 0:
                    because = -1 if popular else model.because(customer, product)
                    yield Recommendation(customer, rank, product, value, because)
