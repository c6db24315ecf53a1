"""What a channel does: sends a message, reads what comes in, and says so in words that name nobody."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias
from uuid import UUID

import httpx

from humidor_common.auth.sealing import Sealer
from humidor_common.delivery.retries import Outcome
from humidor_common.delivery.settings import DeliverySettings
from humidor_common.delivery.targets import TargetRefused

Medium: TypeAlias = Literal["call", "visit", "email", "sms", "wechat", "app", "post", "other"]
Consent: TypeAlias = Literal["sms", "email", "wechat", "app"]
AdapterName: TypeAlias = Literal["email", "sms_tencent", "wecom_kf", "bridge"]


class Account(NamedTuple):
    """An account with a provider; `cursor` is how far what came in has been fetched."""

    account_id: str
    adapter: AdapterName
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    cursor: str | None = None


class Message(NamedTuple):
    """What is sent to one address; `params` fill the template of a provider that takes no free text."""

    interaction_id: UUID
    delivery_id: UUID
    address: str
    subject: str | None
    text: str | None
    template_id: str | None = None
    params: Sequence[str] = ()


class Sent(NamedTuple):
    """What became of sending; the outcome's detail holds codes alone, never an address or text."""

    outcome: Outcome
    provider_id: str | None = None


class Inbound(NamedTuple):
    """A message that came in; `in_reply_to` is what the provider calls the one it answers."""

    provider_id: str
    address: str
    text: str
    sent_at: datetime
    subject: str | None = None
    in_reply_to: str | None = None


class Receipt(NamedTuple):
    """Whether a message that was sent has arrived, by the provider's id of it."""

    provider_id: str
    delivered: bool
    code: str


class Received(NamedTuple):
    """What a call of a provider brought; `pull` asks to fetch what is there with this token."""

    messages: Sequence[Inbound] = ()
    receipts: Sequence[Receipt] = ()
    pull: str | None = None
    answer: str = ""
    media_type: str = "text/plain"


class Pulled(NamedTuple):
    """One page of what was fetched, and where the next begins."""

    messages: Sequence[Inbound]
    cursor: str
    more: bool


class Incoming(NamedTuple):
    """A call of a provider as it came; names of headers are in lower case."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Tools(NamedTuple):
    """What adapters send with."""

    client: httpx.AsyncClient
    settings: DeliverySettings
    now: datetime
    sealer: Sealer


class Forged(Exception):  # noqa: N818 - says what the call is
    """A call that the provider did not make: its signature or key is wrong, or it is too old."""


class Unreadable(ValueError):  # noqa: N818 - says what the call is
    """A call of the provider that is not as its documentation says."""


class Adapter(Protocol):
    """One way to reach customers; `consent` is the channel that a consumer allows or does not."""

    medium: Medium
    consent: Consent
    by_template: bool

    async def send(self, tools: Tools, account: Account, message: Message) -> Sent:
        """Send a message; what goes wrong is in the outcome."""
        ...

    def receive(self, account: Account, incoming: Incoming, *, now: datetime) -> Received:
        """Read a call of the provider.

        Raises:
            Forged: It is not the provider's.
            Unreadable: It is not as it should be.
        """
        ...

    async def pull(self, tools: Tools, account: Account, token: str) -> Pulled:
        """Fetch a page of what came in since the account's cursor.

        Raises:
            PullFailed: The provider did not give it; trying again may help where the outcome says so.
        """
        ...


class PullFailed(Exception):  # noqa: N818 - says what has happened
    """The provider did not give what came in."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


@contextmanager
def as_documented() -> Iterator[None]:
    """Take an answer that lacks something, or has it otherwise than its documentation says, as a failure.

    Raises:
        PullFailed: With that as its outcome.
    """
    try:
        yield
    except TargetRefused:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        detail = f"the answer is not as documented: {type(error).__name__}"
        raise PullFailed(Outcome(result="failed", detail=detail)) from error


class Telling:
    """A provider that sends by itself all that comes in, so that nothing is fetched."""

    async def pull(self, tools: Tools, account: Account, token: str) -> Pulled:
        _ = tools, account, token
        raise PullFailed(Outcome(result="refused", detail="nothing is fetched over this channel"))
