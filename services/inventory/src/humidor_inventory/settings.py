"""Settings of the inventory service."""

from humidor_common.delivery.settings import DeliverySettings


class InventorySettings(DeliverySettings):
    """How messages are sent, on top of what every service has."""
