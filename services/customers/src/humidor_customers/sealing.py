"""What seals secrets of other systems, which connectors and channels keep."""

from humidor_common.auth.sealing import Sealer
from humidor_common.web.problems import Problem
from humidor_customers.settings import CustomersSettings


def sealer_of(settings: CustomersSettings) -> Sealer:
    """Give what seals new secrets.

    Raises:
        Problem: 409 `no-connector-key`.
    """
    sealer = Sealer(settings.connector_keys)
    if not sealer:
        raise Problem(409, "no-connector-key", "Secrets cannot be sealed: HUMIDOR_CONNECTOR_KEYS is not set.")
    return sealer
