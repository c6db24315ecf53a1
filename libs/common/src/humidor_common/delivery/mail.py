"""Mail by SMTP."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

import aiosmtplib

from humidor_common.delivery.messages import Outgoing
from humidor_common.delivery.retries import Outcome
from humidor_common.delivery.settings import DeliverySettings

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


async def send_mail(
    settings: DeliverySettings, message: Outgoing, delivery_id: UUID, text: str, *, now: datetime
) -> Outcome:
    """Hand a mail to the server of the settings; its Message-ID stays the same over all attempts."""
    if not settings.smtp_host:
        return Outcome(result="refused", detail="no mail server is set up: HUMIDOR_SMTP_HOST")
    try:
        await aiosmtplib.send(
            _compose(settings, message, delivery_id, text, now),
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username or None,
            password=settings.smtp_password or None,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            timeout=settings.delivery_timeout_seconds,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        return _answered(error.recipients[0])
    except aiosmtplib.SMTPAuthenticationError as error:
        return Outcome(result="failed", status=error.code, detail=f"SMTP {error.code}: {error.message}"[:500])
    except aiosmtplib.SMTPResponseException as error:
        return _answered(error)
    except (aiosmtplib.SMTPException, OSError) as error:
        return Outcome(result="failed", detail=f"{type(error).__name__}: {error}"[:500])
    return Outcome(result="sent", status=250)


def _answered(error: aiosmtplib.SMTPResponseException) -> Outcome:
    """Read the server's answer: 4xx is for now, 5xx for good (RFC 5321 §4.2.1)."""
    detail = f"SMTP {error.code}: {error.message}"[:500]
    return Outcome(result="refused" if error.code >= 500 else "failed", status=error.code, detail=detail)


def _compose(
    settings: DeliverySettings, message: Outgoing, delivery_id: UUID, text: str, now: datetime
) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address("Humidor", addr_spec=settings.smtp_sender)
    mail["To"] = message.target
    mail["Subject"] = _CONTROLS.sub(" ", message.subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{delivery_id}@{settings.smtp_sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return mail
