"""Opens the CRM of a connector."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

from humidor_customers.crm.fxiaoke import Fxiaoke
from humidor_customers.crm.fxiaoke_calls import Calls, new_pace
from humidor_customers.crm.mapping import Mapping as FieldMapping
from humidor_customers.crm.options import FxiaokeOptions, WebhookOptions, ZohoOptions
from humidor_customers.crm.remote import Access, KeepAccess, Remote, RemoteRefused
from humidor_customers.crm.transport import Transport, new_client
from humidor_customers.crm.zoho import Zoho


class Target(NamedTuple):
    """What a connector knows of its CRM; `access` is the token that was kept, if any."""

    options: ZohoOptions | FxiaokeOptions | WebhookOptions
    secrets: Mapping[str, str]
    mapping: FieldMapping
    access: Access | None


@asynccontextmanager
async def open_remote(
    target: Target, keep: KeepAccess, *, clock: Callable[[], datetime]
) -> AsyncIterator[Remote]:
    """Open it for the length of the block; `keep` is called with each new token.

    Raises:
        RemoteRefused: It is a webhook, which cannot be asked.
    """
    options, access = target.options, (target.access, keep)
    async with new_client() as client:
        if isinstance(options, ZohoOptions):
            yield Zoho(Transport(client), options, target.secrets, target.mapping, access, clock=clock)
        elif isinstance(options, FxiaokeOptions):
            calls = Calls(Transport(client, new_pace()), options, target.secrets, access, clock=clock)
            yield Fxiaoke(calls, options, target.mapping)
        else:
            raise RemoteRefused("not-asked", "a webhook sends by itself")
