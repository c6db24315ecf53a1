"""Roles of people and the scopes that each carries."""

from collections.abc import Iterable
from types import MappingProxyType

SERVICES = ("pos", "inventory", "customers", "forecasting", "feedback", "quality", "gateway")
ACCESSES = ("read", "write", "admin")

SCOPES = frozenset(f"{service}:{access}" for service in SERVICES for access in ACCESSES)

_BUSINESS = tuple(service for service in SERVICES if service != "gateway")


def _reads(*services: str) -> frozenset[str]:
    return frozenset(f"{service}:read" for service in services)


def _writes(*services: str) -> frozenset[str]:
    return _reads(*services) | {f"{service}:write" for service in services}


ROLE_SCOPES = MappingProxyType(
    {
        "admin": SCOPES,
        "manager": _writes("pos", "inventory", "customers", "forecasting", "feedback") | _reads("quality"),
        "analyst": _reads(*_BUSINESS) | _writes("forecasting"),
        "quality": _writes("quality", "feedback") | _reads("pos", "inventory", "customers"),
        "clerk": _writes("pos", "feedback") | _reads("inventory", "customers"),
        "auditor": _reads(*SERVICES),
    }
)

ROLES = tuple(ROLE_SCOPES)


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Return the scopes that the roles carry together.

    Raises:
        ValueError: One of the roles does not exist.
    """
    granted: set[str] = set()
    for role in roles:
        if role not in ROLE_SCOPES:
            raise ValueError(f"unknown role {role[:40]!r}; the roles are {', '.join(ROLES)}")
        granted |= ROLE_SCOPES[role]
    return frozenset(granted)
