from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from orgs import posts


class Command(BaseCommand):
    help = "Bring the rights of all appointments in line with their positions; safe to repeat."

    def handle(self, *args, **options):
        added, removed = posts.sync_grants()
        text = _("权限已同步：新增 %(added)d 项，收回 %(removed)d 项")
        self.stdout.write(text % {"added": added, "removed": removed})
