from django.apps import AppConfig
from django.core.signals import request_finished, request_started
from django.utils.translation import gettext_lazy as _


class RulesConfig(AppConfig):
    name = "rules"
    verbose_name = _("规则与时钟")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from celery.signals import task_postrun, task_prerun

        from rules import calendar

        calendar.working_hours()  # nonsense in the settings stops the start
        for begins in (request_started, task_prerun):
            begins.connect(calendar.open_scope, dispatch_uid="rules.calendar.open")
        for ends in (request_finished, task_postrun):
            ends.connect(calendar.close_scope, dispatch_uid="rules.calendar.close")
