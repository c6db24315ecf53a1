"""Who may make whom: pure decisions."""

from collections.abc import Collection, Iterable

from humidor_common.auth.principal import Principal
from humidor_common.web.problems import Problem, invalid


def check_grant(admin: Principal, stores: Iterable[str] | None) -> None:
    """Refuse to hand out more stores than the administrator has.

    Raises:
        Problem: 403 `grant-too-wide`.
    """
    if admin.stores is None:
        return
    if stores is None or not frozenset(stores) <= admin.stores:
        raise Problem(403, "grant-too-wide", "You can only hand out the stores that you have yourself.")


def check_roles(roles: Collection[str]) -> None:
    """Refuse a user without any role, or with one twice.

    Raises:
        Problem: 422 naming `roles`.
    """
    if not roles:
        raise invalid("roles", "needs at least one role")
    if len(set(roles)) != len(roles):
        raise invalid("roles", "names a role twice")


def is_full_admin(roles: Collection[str], stores: Collection[str] | None, state: str) -> bool:
    """Say whether the user can administer everything; one such user must always be left."""
    return "admin" in roles and stores is None and state == "active"
