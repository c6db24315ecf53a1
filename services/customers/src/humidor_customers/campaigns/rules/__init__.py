"""What a campaign may become, who is drawn, and when it stops: decided on values alone."""
