"""The ways out of the house: e-mail and SMS.

``SMS_CHANNEL`` names the class that hands short messages to a gateway; any class with the
``send`` of ``ConsoleSms`` will do. A channel answers by returning; it raises ``Refused`` when
trying again is pointless (no such number) and anything else when it may work later.
"""

import hashlib
import logging
import re
from functools import cache as remember
from urllib.parse import urljoin

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, get_connection
from django.test.signals import setting_changed
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from inbox.models import Channel

logger = logging.getLogger(__name__)

SHOWN_SECONDS = 300  # how long the demo can show the last short message of a phone


class Refused(Exception):
    """The channel will never take this message; the text says why and names nobody."""


# --- SMS ---------------------------------------------------------------------------------------


class ConsoleSms:
    """Writes short messages to the log instead of a gateway.

    In a demo or with DEBUG the last one per phone can be read back for five minutes
    (``last_sms``), which is how the sign-in page shows the code. In production the words stay
    out of the log: they may be somebody's code.
    """

    def send(self, *, phone: str, text: str, dedupe_key: str) -> None:
        shown = _("（内容不记入日志）") if settings.PRODUCTION else text
        logger.info("SMS %s → %s: %s", dedupe_key, hide_numbers(phone), shown)
        if settings.DEMO or settings.DEBUG:
            cache.set(_memory(phone), text, SHOWN_SECONDS)


def sms(phone: str, text: str, dedupe_key: str) -> None:
    """Hand one short message to the configured channel, now. Raises what the channel raises.

    Sign-in uses it directly for codes; everything else goes through ``outbox.tell``.
    """
    if not phone:
        raise Refused(_("没有手机号"))
    sms_channel().send(phone=phone, text=text, dedupe_key=dedupe_key)


def last_sms(phone: str) -> str:
    """The last text sent to ``phone`` within five minutes; always "" outside demo and DEBUG."""
    if not (settings.DEMO or settings.DEBUG):
        return ""
    return cache.get(_memory(phone), "")


@remember
def sms_channel():
    """The one instance of the class that SMS_CHANNEL names."""
    path = settings.SMS_CHANNEL
    try:
        channel = import_string(path)()
    except ImportError as error:
        text = _("SMS_CHANNEL=%(path)r：找不到这个短信通道类（%(error)s）")
        raise ImproperlyConfigured(text % {"path": path, "error": error}) from error
    except TypeError as error:
        text = _("SMS_CHANNEL=%(path)r：短信通道须是无参数的类（%(error)s）")
        raise ImproperlyConfigured(text % {"path": path, "error": error}) from error
    if not callable(getattr(channel, "send", None)):
        text = _("SMS_CHANNEL=%(path)r：短信通道缺少 send(phone, text, dedupe_key) 方法")
        raise ImproperlyConfigured(text % {"path": path})
    return channel


def _settings_changed(*, setting, **_kwargs):
    if setting == "SMS_CHANNEL":
        sms_channel.cache_clear()


setting_changed.connect(_settings_changed)  # sent by override_settings only


def _memory(phone: str) -> str:
    return f"inbox:last-sms:{hashlib.sha256(phone.encode()).hexdigest()}"


# --- e-mail ------------------------------------------------------------------------------------


class Mailer:
    """One mail connection for a run of messages, opened at the first and closed at the end."""

    def __init__(self):
        self._connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._hang_up()

    def send(self, *, address: str, title: str, text: str, dedupe_key: str) -> None:
        if not address:
            raise Refused(_("没有电子邮箱"))
        # The same Message-ID at every try: mail stores and gateways drop the second copy.
        domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
        mail = EmailMessage(
            subject=title,
            body=text,
            to=[address],
            headers={"Message-ID": f"<{dedupe_key}@{domain}>", "Auto-Submitted": "auto-generated"},
        )
        try:
            if self._connection is None:
                self._connection = get_connection()
                self._connection.open()
            mail.connection = self._connection
            mail.send()
        except Exception:
            self._hang_up()  # the next message starts afresh, not on a half-broken line
            raise

    def _hang_up(self):
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except OSError:
                logger.warning("mail connection did not close cleanly", exc_info=True)


# --- what goes out of a delivery ---------------------------------------------------------------


def send(delivery, *, mailer: Mailer) -> None:
    """Hand one claimed delivery (with ``message`` and ``person``) to its outside channel."""
    message, person = delivery.message, delivery.person
    dedupe_key = str(delivery.dedupe_key)
    if person is None:
        _send_outside(delivery)
        return
    if not person.is_active:
        raise Refused(_("收件人已停用"))
    if delivery.channel == Channel.SMS:
        text = _("【邻里共治】%(title)s。详情请登录查看。") % {"title": message.title.rstrip("。")}
        sms(person.phone, text, dedupe_key)
    elif delivery.channel == Channel.EMAIL:
        mailer.send(
            address=person.email,
            title=message.title,
            text="\n\n".join(filter(None, [message.text, _where(message.url)])) or message.title,
            dedupe_key=dedupe_key,
        )
    else:
        raise Refused(_("没有这种通道：%(channel)s") % {"channel": delivery.channel})


def _send_outside(delivery) -> None:
    """To somebody who cannot sign in: no word about signing in, the public page if there is one."""
    from inbox import outbox

    message = delivery.message
    text = _("【邻里共治】%(title)s。") % {"title": message.title.rstrip("。")}
    if message.url and settings.PUBLIC_URL:
        text += urljoin(settings.PUBLIC_URL, message.url)
    sms(outbox.phone_outside(delivery.outside), text, str(delivery.dedupe_key))


def _where(url: str) -> str:
    """A link when the portal knows its public address, else a hint: a bare path helps nobody."""
    if url and settings.PUBLIC_URL:
        return _("查看办理：%(link)s") % {"link": urljoin(settings.PUBLIC_URL, url)}
    return _("详情请登录邻里共治查看。")


_PHONE = re.compile(r"(?<!\d)(1\d{2})\d{4}(\d{4})(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")


def hide_numbers(text: str) -> str:
    """``text`` with phone and identity numbers masked: 138****5678."""
    return _PHONE.sub(r"\1****\2", _IDENTITY.sub(r"\1********\2", text))


def why(error: Exception) -> str:
    """A short reason for a failed try that keeps no phone and no address."""
    said = " ".join(_ADDRESS.sub("…@…", hide_numbers(str(error))).split())
    if isinstance(error, Refused):
        return said[:200]
    return f"{type(error).__name__}: {said}"[:200]
