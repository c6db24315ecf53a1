"""What can go wrong between a process and its database, for those who answer, retry or wait."""

import asyncpg

# The server's own trouble, in classes of their own: a transaction cut off for lasting too long (behind a
# rebuild's lock, say), a standby after a switch-over, a disk that cannot be read.
_OUT_OF_ORDER = (
    asyncpg.TransactionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresSystemError,
)

OUT_OF_REACH = (
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    # The driver lost track of a connection: so it says when the server's farewell came while it was idle.
    asyncpg.InternalClientError,
    *_OUT_OF_ORDER,
    OSError,
    TimeoutError,
)
"""The database or the way to it is in trouble: every statement would have met it."""

TRANSIENT = (
    *OUT_OF_REACH,
    asyncpg.InterfaceError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
"""The same transaction may well succeed later."""

DATABASE_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""Anything that work on the database can raise, for work that comes again by itself."""
