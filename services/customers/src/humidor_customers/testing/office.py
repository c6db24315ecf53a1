"""For tests: the service with accounts at providers that answer as the real ones do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from humidor_common.delivery.sender import Sender
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.receiving import Receiver, receiving
from humidor_common.testing.running import running
from humidor_customers.app import SERVICE
from humidor_customers.interactions.sending import own_way
from humidor_customers.settings import CustomersSettings
from humidor_customers.testing.desk import Desk, store
from humidor_customers.testing.providers import WecomService, sms_config, tencent_sms, wecom_config

CONNECTOR_KEYS = "office-key-" + "k" * 32
CALLBACK_KEY = "a-callback-key-of-24-letters"
WEBHOOK_SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"


class Mailbox:
    """A mail server that knows everybody but those called nobody."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's hook
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return f"550 no such user <{address}>"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(message_from_bytes(envelope.original_content or b"", policy=policy.default))
        return "250 OK"


@dataclass
class Office(Desk):
    """A desk with accounts at providers: `mail`, `sms`, `wecom` and `bridge`."""

    mails: Mailbox = field(default_factory=Mailbox)
    sms: Receiver = field(default_factory=Receiver)
    wecom: WecomService = field(default_factory=WecomService)
    bridge: Receiver = field(default_factory=Receiver)

    async def send_due(self, **changes: Any) -> int:
        """Send what is due, once, by the settings of the service with some `changes`."""
        pool = self.runtime.pool
        settings = cast("CustomersSettings", self.runtime.settings).model_copy(update=changes)
        return await Sender(pool, settings, own=own_way(pool, settings, self.runtime.wake_relay)).send_due()

    async def put_account(self, account_id: str, config: dict[str, Any], *, expect: int = 201) -> Any:
        body = {"name": account_id, "config": config}
        return await self.ask("PUT", f"/v1/channels/{account_id}", json=body, expect=expect)

    async def join(self, member_id: str, *allowed: str, **contact: str) -> None:
        """Record a member who allows to be served over some channels."""
        consents = [
            {"purpose": "service", "channel": each, "given": True, "source": "app", "text_version": "1"}
            for each in allowed
        ]
        body = {
            "member_id": member_id,
            "store_id": "S0001",
            "adult": {"outcome": "adult", "method": "id_seen", "checked_on": "2026-01-02"},
            "contact": contact,
            "consents": consents,
        }
        await self.ask("POST", "/v1/consumers", json=body, expect=201)

    async def message(self, customer: str, account_id: str, *, expect: int = 201, **more: Any) -> Any:
        kind = "consumer" if customer.startswith("M") else "retailer"
        said = {"template_id": "1110", "params": ["12:00"]} if account_id == "sms" else {"text": "您好"}
        body = {"customer": {"kind": kind, "id": customer}, "account_id": account_id, "purpose": "service"}
        return await self.ask("POST", "/v1/messages", json=body | said | more, expect=expect)

    async def state(self, message: Any) -> tuple[str, str | None]:
        found = await self.ask("GET", f"/v1/interactions/{message['interaction_id']}")
        return found["state"], found["reason"]

    async def text(self, interaction_id: str) -> Any:
        return await self.ask("GET", f"/v1/interactions/{interaction_id}/text")

    async def call(self, account_id: str, *, expect: int = 200, method: str = "POST", **more: Any) -> str:
        """Call as a provider does, without any token of ours."""
        answer = await self.client.request(method, f"/v1/channels/{account_id}/inbound", **more)
        if answer.status_code != expect:
            raise AssertionError(f"{answer.status_code} instead of {expect}: {answer.text}")
        return answer.text


@asynccontextmanager
async def open_office(
    settings_for: SettingsFor, auth: Callable[..., dict[str, str]]
) -> AsyncIterator[Office]:
    """Run the service beside its providers; it knows the stores S0001 and S0002."""
    mails, wecom = Mailbox(), WecomService()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mails, loop=loop), "127.0.0.1", 0)
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": server.sockets[0].getsockname()[1]}
    settings = settings_for(
        SERVICE,
        bus=False,
        delivery_private_targets=True,
        smtp_security="none",
        connector_keys=CONNECTOR_KEYS,
        **smtp,
    )
    async with (
        receiving(tencent_sms(blocked=("+8613900000000",))) as sms,
        receiving(wecom.answer) as kf,
        receiving() as bridge,
        running(SERVICE, settings) as process,
    ):
        made = Office(process.runtime, process.client, auth, mails, sms, wecom, bridge)
        await made.tell(store("S0001"), store("S0002"))
        await made.put_account("mail", {"adapter": "email", "inbound_secret": WEBHOOK_SECRET})
        await made.put_account("sms", sms_config(sms.url, CALLBACK_KEY))
        await made.put_account("wecom", wecom_config(kf.url))
        await made.put_account(
            "bridge", {"adapter": "bridge", "url": bridge.url, "webhook_secret": WEBHOOK_SECRET}
        )
        yield made
    server.close()
