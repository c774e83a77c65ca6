"""Django's own SMTP backend, which also tells whether the mail had been handed over when the connection broke."""

from __future__ import annotations

import smtplib
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

from marketplace.notifications.outcomes import OutcomeUnknown


class _Tells:
    """Mixed into a client: once the text of a mail goes out, a broken connection means that nobody knows."""

    def data(self, msg: Any) -> tuple[int, bytes]:
        try:
            return super().data(msg)  # type: ignore[misc, no-any-return]
        except (smtplib.SMTPServerDisconnected, OSError) as broken:
            if isinstance(broken, smtplib.SMTPDataError):
                raise  # it was answered: the server does not want the text
            raise OutcomeUnknown(f"no answer after the text was sent ({broken})") from broken


class _Plain(_Tells, smtplib.SMTP):
    pass


class _Tls(_Tells, smtplib.SMTP_SSL):
    pass


class Backend(EmailBackend):
    """One connection per mail; nothing fails silently."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Tls if self.use_ssl else _Plain
