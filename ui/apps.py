from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UiConfig(AppConfig):
    name = "ui"
    verbose_name = _("界面组件")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from ui import words

        words.install()
