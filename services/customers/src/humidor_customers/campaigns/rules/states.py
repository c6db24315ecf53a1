"""What may become of a campaign, step by step."""

from typing import Literal, TypeAlias

State: TypeAlias = Literal[
    "draft", "submitted", "approved", "scheduled", "running", "ended", "stopped", "cancelled"
]
Step: TypeAlias = Literal["change", "submit", "return", "approve", "schedule", "stop", "cancel", "spend"]

STEPS: dict[Step, tuple[frozenset[State], State | None]] = {
    "change": (frozenset({"draft"}), None),
    "submit": (frozenset({"draft"}), "submitted"),
    "return": (frozenset({"submitted", "approved"}), "draft"),
    "approve": (frozenset({"submitted"}), "approved"),
    "schedule": (frozenset({"approved"}), "scheduled"),
    "stop": (frozenset({"scheduled", "running"}), "stopped"),
    "cancel": (frozenset({"draft", "submitted", "approved", "scheduled"}), "cancelled"),
    "spend": (frozenset({"approved", "scheduled", "running", "ended", "stopped"}), None),
}
"""From which states a person takes each step, and to which it leads; None leaves the state."""

LIVE: tuple[State, ...] = ("scheduled", "running")
TOLD: frozenset[State] = frozenset({"scheduled", "running", "ended", "stopped", "cancelled"})


def allowed(step: Step, state: State) -> bool:
    return state in STEPS[step][0]
