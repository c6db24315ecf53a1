"""The events that services tell each other: one module for each service that tells them."""

from humidor_common.events import customers, feedback, forecasting, inventory, pos
from humidor_common.events.base import EVENTS, Event

__all__ = ["EVENTS", "Event", "customers", "feedback", "forecasting", "inventory", "pos"]
