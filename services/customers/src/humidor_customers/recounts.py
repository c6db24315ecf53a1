"""Notes for what purchases have to be counted anew; `purchases.mending` does it.

Whoever takes over a correction ends its statement by this, in the transaction of the correction.
"""

FROM_THE_FIRST_DAY = "ON CONFLICT (kind, id) DO UPDATE SET after_day = NULL, after_store = NULL"
"""What is noted already, and perhaps under way, begins once more."""
