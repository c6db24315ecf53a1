"""Pure algorithms over arrays: no I/O, no clock; numpy at module level, scipy inside the functions."""
