"""The settings of pos alone; each is read from the environment with the prefix `HUMIDOR_`."""

from humidor_common.settings import ServiceSettings


class PosSettings(ServiceSettings):
    """`HUMIDOR_POS_TERMINAL_REQUESTS_PER_SECOND` and so on."""

    # Far above any till: it keeps one terminal that loops from taking the service away from all others.
    pos_terminal_requests_per_second: float = 5000.0
    pos_terminal_burst_requests: float = 20_000.0
    pos_late_after_hours: float = 72.0
    pos_default_time_zone: str = "Asia/Shanghai"
    pos_expiring_within_days: int = 30
    pos_writers: int = 2
    pos_group_max_sales: int = 256
    pos_waiting_max_sales: int = 8192
    pos_write_timeout_seconds: float = 10.0
    pos_settle_every_seconds: float = 1.0
