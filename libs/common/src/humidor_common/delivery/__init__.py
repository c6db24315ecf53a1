"""Messages to the outside: put in with the change that they tell of, sent by the worker, parked if dead."""

from humidor_common.delivery.messages import Channel, Outgoing, enqueue

__all__ = ["Channel", "Outgoing", "enqueue"]
