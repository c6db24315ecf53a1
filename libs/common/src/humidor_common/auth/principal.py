"""The caller of a request, as its token or terminal key proved it."""

from typing import Literal

import msgspec

from humidor_common.web.problems import Problem

Kind = Literal["user", "system", "terminal"]


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A proven caller.

    `subject` is the user name, client id or terminal id; `stores` is None for every store.
    """

    subject: str
    kind: Kind
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    stores: frozenset[str] | None = None

    def may_use_store(self, store_id: str) -> bool:
        return self.stores is None or store_id in self.stores

    def check_store(self, store_id: str) -> None:
        """Refuse a store that the caller is not bound to.

        Raises:
            Problem: 403 `store-forbidden`.
        """
        if not self.may_use_store(store_id):
            raise Problem(
                403, "store-forbidden", f"This credential is not valid for store {store_id[:64]!r}."
            )

    def check_every_store(self) -> None:
        """Refuse a caller who is bound to some stores: what is asked for concerns all of them.

        Raises:
            Problem: 403 `store-forbidden`.
        """
        if self.stores is not None:
            raise Problem(
                403, "store-forbidden", "This concerns every store; this credential is bound to some."
            )

    def check_scope(self, scope: str) -> None:
        """Refuse a caller without the scope.

        Raises:
            Problem: 403 `scope-missing`.
        """
        if scope not in self.scopes:
            challenge = f'Bearer realm="humidor", error="insufficient_scope", scope="{scope}"'
            raise Problem(
                403,
                "scope-missing",
                f"This needs the scope {scope}.",
                headers={"WWW-Authenticate": challenge},
            )
