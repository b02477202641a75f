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
        text = _("评价“没有解决”或两星及以下，或者有新情况时，才能要求重新办理")
        super().__init__(text)


class TooLateToReopen(Refused):
    def __init__(self):
        super().__init__(_("办结已超过规定的期限，请重新反映，我们会一并查看以前的记录"))


class NoSuchParent(Refused):
    def __init__(self):
        text = _("只能并入同一社区里正在办理的另一件事项，请核对编号")
        super().__init__(text)


class ObjectedBefore(Refused):
    def __init__(self):
        super().__init__(_("异议只能提出一次；如有新的事实，请重新反映"))


class ObjectionOver(Refused):
    def __init__(self):
        super().__init__(_("提出异议的期限已过"))


class AcceptedAfterReview(Refused):
    def __init__(self):
        super().__init__(_("异议已经成立，不能再次不予受理"))


class Arbitrated(Refused):
    def __init__(self):
        super().__init__(_("承办单位已经裁定，不能再退回"))


class ReturnOver(Refused):
    def __init__(self):
        super().__init__(_("退回的期限已过，请先办理；确需外援的可以升级"))


class AlreadyAsked(Refused):
    def __init__(self):
        super().__init__(_("已有一份申请等待审批"))


class NothingAsked(Refused):
    def __init__(self):
        super().__init__(_("没有等待审批的申请，可能已经处理"))


class CannotCoHandle(Refused):
    def __init__(self, name: str):
        super().__init__(_("%(name)s不能联办：没有可以承办的人员，或已经在办") % {"name": name})


class NotYet(Refused):
    def __init__(self):
        super().__init__(_("归档期限未到"))


class CalledDepartment(Refused):
    def __init__(self):
        super().__init__(_("吹哨叫到的部门在办完之前不能离开；撤下部门请街道领导在吹哨页面办理"))
