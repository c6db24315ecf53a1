"""Prometheus metrics that every service has; names carry their unit."""

from prometheus_client import Counter, Gauge, Histogram

HTTP_REQUEST_SECONDS = Histogram(
    "humidor_http_request_seconds",
    "Time from the request to its answer",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10),
)
RELAYED_EVENTS = Counter("humidor_outbox_relayed_events_total", "Events published from the outbox")
RELAY_ACTIVE = Gauge("humidor_outbox_relay_active", "1 where this process is the active relay")
CONSUMED_EVENTS = Counter(
    "humidor_consumed_events_total", "Events taken, by what became of them", ["group", "outcome"]
)
CONSUMER_BATCH_SECONDS = Histogram(
    "humidor_consumer_batch_seconds",
    "Time to apply one batch, commit included",
    ["group"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
EVENT_AGE_SECONDS = Histogram(
    "humidor_event_age_seconds",
    "Time from the event's own time to its effect being committed",
    ["group"],
    buckets=(0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.5, 1, 5, 30, 300),
)
DELIVERIES = Counter(
    "humidor_deliveries_total",
    "Attempts to send a message to the outside, by what became of the message",
    ["channel", "outcome"],
)
