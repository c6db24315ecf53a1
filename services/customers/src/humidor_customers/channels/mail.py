"""Mail: out by SMTP, in as the raw message (RFC 5322) that a mail server or provider posts, signed."""

from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr

from humidor_common.delivery.mail import send_mail
from humidor_common.delivery.messages import Outgoing
from humidor_common.delivery.retries import Outcome
from humidor_customers.channels.adapter import (
    Account,
    Consent,
    Inbound,
    Incoming,
    Medium,
    Message,
    Received,
    Sent,
    Telling,
    Tools,
    Unreadable,
)
from humidor_customers.channels.signed import check_signature

MOST_CHARACTERS = 20_000


class Mail(Telling):
    """Sends through the server of the settings; the Message-ID holds the delivery, for answers to name."""

    medium: Medium = "email"
    consent: Consent = "email"
    by_template = False

    async def send(self, tools: Tools, account: Account, message: Message) -> Sent:
        mail = Outgoing(
            channel="email",
            target=message.address,
            topic=account.account_id,
            subject=message.subject or "",
            body=message.text or "",
        )
        outcome = await send_mail(
            tools.settings, mail, message.delivery_id, message.text or "", now=tools.now
        )
        domain = tools.settings.smtp_sender.rpartition("@")[2]
        return Sent(_nameless(outcome), f"<{message.delivery_id}@{domain}>")

    def receive(self, account: Account, incoming: Incoming, *, now: datetime) -> Received:
        call = check_signature(account.secrets.get("inbound_secret"), incoming, now=now)
        try:
            mail = message_from_bytes(incoming.body, policy=policy.default)
            address = parseaddr(str(mail["From"] or ""))[1].lower()
            message = Inbound(
                provider_id=_plain(mail["Message-ID"]) or call,
                address=address,
                text=_text_of(mail),
                sent_at=now,
                subject=_plain(mail["Subject"]),
                in_reply_to=_plain(mail["In-Reply-To"]),
            )
        except (ValueError, LookupError, AttributeError, TypeError, IndexError) as error:
            raise Unreadable("the body is not a mail") from error
        if "@" not in address:
            raise Unreadable("the mail does not say who sent it")
        return Received(messages=[message])


def _nameless(outcome: Outcome) -> Outcome:
    """Leave out what the server said: it likes to repeat the address."""
    if outcome.result == "sent" or outcome.status is None:
        detail = outcome.detail and outcome.detail.partition(":")[0]
        return Outcome(result=outcome.result, status=outcome.status, detail=detail)
    return Outcome(result=outcome.result, status=outcome.status, detail=f"SMTP {outcome.status}")


def _text_of(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("plain", "html"))
    text = "" if body is None else str(body.get_content())
    return text.replace("\x00", "")[:MOST_CHARACTERS]


def _plain(header: object) -> str | None:
    return str(header).replace("\x00", "").strip()[:500] if header else None
