from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


class InboxConfig(AppConfig):
    name = "inbox"
    verbose_name = _("消息")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        checks.register(check_channels)


def check_channels(app_configs, **kwargs):
    """Settings that would otherwise fail at night, at the first message."""
    from django.conf import settings

    from inbox import channels, quiet

    found = []
    for ask in (channels.sms_channel, quiet.hours):
        try:
            ask()
        except ImproperlyConfigured as error:
            found.append(checks.Error(str(error), id="inbox.E001"))
    if settings.PRODUCTION and settings.SMS_CHANNEL == "inbox.channels.ConsoleSms":
        text = _("短信只写入日志，没有人会收到；请在 SMS_CHANNEL 中设置短信通道")
        found.append(checks.Warning(text, id="inbox.W001"))
    return found
