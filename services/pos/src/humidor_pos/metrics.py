"""Metrics of pos alone; names carry their unit."""

from prometheus_client import Counter, Gauge, Histogram

FACTS = Counter(
    "humidor_pos_facts_total", "Sales, returns and voids, by what became of them", ["kind", "outcome"]
)
GROUP_SALES = Histogram(
    "humidor_pos_group_sales",
    "Sales written in one transaction",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
)
WAITING_SALES = Gauge("humidor_pos_waiting_sales", "Sales waiting to be written")
EXCEPTIONS = Counter("humidor_pos_exceptions_total", "Exceptions raised", ["code"])
