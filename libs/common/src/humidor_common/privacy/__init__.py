"""What a service does about the data that it has of persons: erase it, hand it out, and not keep it for ever.

A service declares what it holds and for which purposes (`Privacy`); the rest is here.
"""

from humidor_common.privacy.holdings import Holding, Privacy, Purpose

__all__ = ["Holding", "Privacy", "Purpose"]
