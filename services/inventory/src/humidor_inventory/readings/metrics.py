"""Metrics of readings; names carry their unit."""

from prometheus_client import Counter, Gauge, Histogram

READINGS = Counter(
    "humidor_inventory_climate_readings_total",
    "Readings taken, by how they came and what became of them",
    ["channel", "outcome"],
)
MQTT_BATCH_READINGS = Histogram(
    "humidor_inventory_mqtt_batch_readings",
    "Readings written in one transaction of the MQTT subscriber",
    buckets=(1, 4, 16, 64, 256, 1024, 4096, 16384),
)
MQTT_CONNECTED = Gauge(
    "humidor_inventory_mqtt_connected", "1 where this process takes readings from the MQTT broker"
)
