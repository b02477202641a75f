"""A person's own messages: the list, one message, the printable notice, what to receive how.

Nothing is written on GET. Opening a message shows it; the receipt is a POST that the page sends
once it is on a screen (htmx, on load), or by a button where there is no JavaScript. Link scanners
and prefetching browsers thus leave no receipt. A message that starts a legal period is
receipted by the button only: the person says so.
"""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox import outbox
from inbox.models import Delivery
from orgs.access import signed_in

PAGE = 20


@signed_in
@require_safe
def mailbox(request):
    """Unread first, newest first; ``?after=u31`` goes on behind unread delivery 31 (r: read)."""
    rows, following = _page(request.user, request.GET.get("after", ""))
    for row in rows:
        row.kind_label = outbox.kind_label(row.message.kind)
    context = {"rows": rows, "following": following, "is_first": "after" not in request.GET}
    return render(request, "portal/mailbox/list.html", context)


def _page(person, after: str) -> tuple[list[Delivery], str]:
    """One page and the cursor of the next: two queries at most, on the two partial indexes."""
    part, number = after[:1], after[1:]
    if part not in {"u", "r"} or not number.isdecimal():
        part, number = "u", ""  # nonsense in the address: the first page
    mine = Delivery.objects.in_mailbox_of(person).select_related("message").order_by("-pk")
    unread, done = mine.unread(), mine.exclude(read_at=None)
    rows = []
    if part == "u":
        rows += (unread.filter(pk__lt=int(number)) if number else unread)[: PAGE + 1]
    elif number:
        done = done.filter(pk__lt=int(number))
    if len(rows) <= PAGE:
        rows += done[: PAGE + 1 - len(rows)]
    if len(rows) <= PAGE:
        return rows, ""
    last = rows[PAGE - 1]
    return rows[:PAGE], f"{'u' if last.read_at is None else 'r'}{last.pk}"


def _mine(request, pk: int) -> Delivery:
    """The person's own message or 404: a stranger learns nothing, not even that it exists."""
    mine = Delivery.objects.in_mailbox_of(request.user).select_related("message")
    return get_object_or_404(mine, pk=pk)


@signed_in
@require_safe
def message(request, pk):
    delivery = _mine(request, pk)
    context = {"delivery": delivery, "kind_label": outbox.kind_label(delivery.message.kind)}
    return render(request, "portal/mailbox/message.html", context)


@signed_in
@require_POST
def read(request, pk):
    """Write the receipt; ``then=go`` leads on to what the message is about."""
    delivery = _mine(request, pk)
    outbox.mark_read(delivery)
    if request.htmx:
        delivery.refresh_from_db(fields=["read_at"])
        return render(request, "portal/mailbox/message.html#receipt", {"delivery": delivery})
    if request.POST.get("then") == "go" and delivery.message.url:
        return redirect(delivery.message.url)  # site-relative: the database checks it
    return redirect("mailbox_message", pk)


@signed_in
@require_POST
def read_all(request):
    marked = outbox.mark_all_read(request.user)
    left = outbox.unread_count(request.user)
    text = ngettext("%(count)d 条消息已标为已读。", "%(count)d 条消息已标为已读。", marked)
    messages.success(request, text % {"count": marked})
    if left:
        text = ngettext(
            "还有 %(count)d 条涉及期限的消息，须逐条打开并确认。",
            "还有 %(count)d 条涉及期限的消息，须逐条打开并确认。",
            left,
        )
        messages.warning(request, text % {"count": left})
    return redirect("mailbox")


@signed_in
@require_safe
def notice(request, pk):
    """The message as a sheet to pin up in the building, for people without a phone."""
    return render(request, "portal/mailbox/notice.html", {"delivery": _mine(request, pk)})


class WishesForm(forms.Form):
    """One group of boxes per kind that leaves a choice."""

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.person = person
        self._kinds = {
            kind.code.replace(".", "-"): kind for kind in outbox.kinds() if not kind.must_read
        }
        outside = [(channel.value, channel.label) for channel in outbox.OUTSIDE]
        for name, kind in self._kinds.items():
            self.fields[name] = forms.MultipleChoiceField(
                label=kind.label,
                help_text=_("紧急消息，夜间也会发送短信。") if kind.urgent else "",
                choices=outside,
                widget=forms.CheckboxSelectMultiple,
                required=False,
                initial=[c for c, _label in outside if self._now[kind.code, c]],
            )
            self.fields[name].error_messages["invalid_choice"] = _("没有这种接收方式")

    @cached_property
    def _now(self):
        return outbox.wishes_of(self.person)

    def save(self):
        """Keep what was changed; what was not follows the kind's default, also a later one."""
        wanted = {
            (kind.code, channel.value): channel.value in self.cleaned_data[name]
            for name, kind in self._kinds.items()
            for channel in outbox.OUTSIDE
        }
        changed = {what: value for what, value in wanted.items() if value != self._now[what]}
        outbox.wish(self.person, changed)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def wishes(request):
    """Which kinds of message reach this person outside the site."""
    person = request.user
    form = WishesForm(request.POST if request.method == "POST" else None, person=person)
    if form.is_valid():
        form.save()
        messages.success(request, _("接收设置已保存。"))
        return redirect("mailbox_preferences")
    missing = [
        words
        for words, address in (
            (_("您还没有登记电子邮箱，选了电子邮件也暂时收不到。"), person.email),
            (_("您还没有登记手机号，选了短信也暂时收不到。"), person.phone),
        )
        if not address
    ]
    context = {
        "form": form,
        "missing": missing,
        "fixed": [kind for kind in outbox.kinds() if kind.must_read],
    }
    status = 422 if form.errors else 200
    return render(request, "portal/mailbox/preferences.html", context, status=status)
