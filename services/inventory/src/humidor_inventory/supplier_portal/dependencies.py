"""Who calls: a supplier's system, proven by its key."""

from typing import Annotated

import msgspec
from fastapi import Depends, Request

from humidor_common.auth import Principal
from humidor_common.auth.machine_keys import fits, owner_of
from humidor_common.runtime import Runtime
from humidor_common.web.authorization import Credentials, unauthorized

PREFIX = "hms"
_KEY = """
SELECT k.supplier_id, k.key_hash FROM supplier_keys k JOIN suppliers s USING (supplier_id)
WHERE k.key_id = $1 AND k.revoked_at IS NULL AND s.status = 'active'
"""


class Caller(msgspec.Struct, frozen=True):
    """A supplier's system; it sees and changes what is its supplier's alone."""

    supplier_id: str
    key_id: str

    @property
    def principal(self) -> Principal:
        """For the audit trail: no scope, no store."""
        subject = f"supplier:{self.supplier_id}"
        return Principal(subject=subject, kind="system", stores=frozenset())


async def _caller(request: Request, credentials: Credentials) -> Caller:
    if credentials is None:
        raise unauthorized("This needs a supplier's key: Authorization: Bearer <key>.")
    key = credentials.credentials
    key_id = owner_of(PREFIX, key)
    runtime: Runtime = request.app.state.runtime
    row = await runtime.pool.fetchrow(_KEY, key_id) if key_id else None
    if key_id is None or row is None or not fits(key, row["key_hash"]):
        raise unauthorized("The supplier's key is wrong or revoked.", error="invalid_token")
    return Caller(row["supplier_id"], key_id)


CallingSupplier = Annotated[Caller, Depends(_caller)]
