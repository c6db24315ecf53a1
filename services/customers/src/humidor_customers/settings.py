"""The settings of customers alone; each is read from the environment with the prefix `HUMIDOR_`."""

from humidor_common.delivery.settings import DeliverySettings


class CustomersSettings(DeliverySettings):
    """How long webhooks are tried."""

    # With the back-off of `retries.delay` the last try comes after 25 to 50 hours.
    delivery_attempts: int = 15
