"""What the published supply strategy lets customers order; `allocation` answers."""

from humidor_customers.allocation.caps import Caps, caps_of

__all__ = ["Caps", "caps_of"]
