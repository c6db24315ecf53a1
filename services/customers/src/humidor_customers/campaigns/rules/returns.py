"""What has come back of what a campaign cost."""


def return_on(gain_minor: float, spent_minor: int) -> float:
    """Give the return on investment: (gain − spent) ÷ spent; −1 is all lost, 0 is just paid back."""
    return (gain_minor - spent_minor) / spent_minor
