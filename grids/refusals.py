"""What an issue refuses, each in a sentence for the person who asked."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from orgs.models import Organization
from rules.refusals import Refused


class NotACandidate(Refused):
    def __init__(self, organization: Organization):
        text = _("%(name)s不能承办这件事项：不服务这个地点，或没有可以承办的人员")
        super().__init__(text % {"name": organization.name})


class StillPrivate(Refused):
    def __init__(self, kinds: Sequence[str]):
        self.kinds = list(kinds)
        text = _("公开内容里还有%(kinds)s，请删去后再提交")
        super().__init__(text % {"kinds": "、".join(kinds)})


class RatingOver(Refused):
    def __init__(self):
        super().__init__(_("评价期已过"))


class ReopenedBefore(Refused):
    def __init__(self):
        super().__init__(_("每件事项只能重新办理一次；如有新情况，请重新反映"))


class NotDissatisfied(Refused):
    def __init__(self):
        text = _("选择“没有解决”或评价两星及以下时，才能要求重新办理")
        super().__init__(text)
