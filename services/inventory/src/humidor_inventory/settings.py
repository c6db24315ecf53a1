"""Settings of the inventory service."""

from humidor_common.delivery.settings import DeliverySettings


class InventorySettings(DeliverySettings):
    """How messages are sent and readings are taken, on top of what every service has."""

    inventory_mqtt_url: str = ""
    inventory_mqtt_cafile: str = ""
    inventory_mqtt_client_id: str = "humidor-inventory-climate"
    inventory_mqtt_needs_keys: bool = False
    inventory_mqtt_password_file: str = ""
    inventory_climate_late_days: int = 7
    inventory_climate_readings_days: int = 90
    inventory_climate_rollups_days: int = 730
