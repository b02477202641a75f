import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# A place inside this portal: one leading slash, no host, no backslash, no blank.
SITE_RELATIVE = r"^/([^/\\\s][^\\\s]*)?$"


class Channel(models.TextChoices):
    SITE = "site", _("站内消息")
    EMAIL = "email", _("电子邮件")
    SMS = "sms", _("短信")


class Message(models.Model):
    """What is told, once, to one person or to many. Never edited after it is told."""

    key = models.CharField(max_length=160, unique=True)  # names the event: "issue:31:accepted"
    kind = models.CharField(_("类别"), max_length=60)
    title = models.CharField(_("标题"), max_length=120)
    text = models.TextField(_("正文"), blank=True)
    url = models.CharField(_("办理页面"), max_length=300, blank=True)
    # Copied from the kind when told: later changes of the registry leave old messages alone.
    urgent = models.BooleanField(_("紧急"), default=False)
    must_read = models.BooleanField(_("须本人确认"), default=False)
    created_at = models.DateTimeField(_("发出时间"), default=timezone.now)

    class Meta:
        verbose_name = _("消息")
        verbose_name_plural = _("消息")
        constraints = [
            models.CheckConstraint(
                name="inbox_message_says_something",
                condition=~Q(title="") & ~Q(key="") & ~Q(kind=""),
                violation_error_message=_("消息须有编号、类别和标题"),
            ),
            models.CheckConstraint(
                name="inbox_message_url_stays_on_site",
                condition=Q(url="") | Q(url__regex=SITE_RELATIVE),
                violation_error_message=_("链接只能指向本站页面"),
            ),
        ]

    def __str__(self):
        return self.title


class DeliveryQuerySet(models.QuerySet):
    def in_mailbox_of(self, person):
        """What ``person`` finds on the site: the only rows they may open."""
        return self.filter(person=person, channel=Channel.SITE)

    def unread(self):
        return self.filter(read_at=None)


class Delivery(models.Model):
    """One message on its way to one person through one channel.

    On the site the row itself is the delivery: born sent, visible when the transaction commits,
    and only once because of the unique constraint. Outside channels start waiting.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("待发送")
        CLAIMED = "claimed", _("发送中")
        SENT = "sent", _("已送出")
        FAILED = "failed", _("未送达")

    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="deliveries"
    )
    # Somebody without an account, by a plain key of the app that knows them: "caller:31".
    outside = models.CharField(max_length=60, blank=True)
    channel = models.CharField(max_length=5, choices=Channel)
    state = models.CharField(max_length=7, choices=State)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)  # of the last failed try
    # The same at every try, so that a gateway can drop the second of two. Random: tells nothing.
    dedupe_key = models.UUIDField(default=uuid.uuid4, editable=False)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("投递")
        verbose_name_plural = _("投递")
        constraints = [
            models.UniqueConstraint(
                "message", "person", "channel", name="inbox_delivery_once_per_channel"
            ),
            models.UniqueConstraint(
                "message",
                "outside",
                condition=~Q(outside=""),
                name="inbox_delivery_once_outside",
            ),
            models.CheckConstraint(
                name="inbox_delivery_to_a_person_or_outside_by_sms",
                condition=Q(person__isnull=False, outside="")
                | (Q(person=None, channel="sms") & ~Q(outside="")),
            ),
            models.CheckConstraint(
                name="inbox_delivery_state_matches_its_times",
                condition=(
                    Q(
                        state="waiting",
                        next_try_at__isnull=False,
                        claimed_until=None,
                        sent_at=None,
                    )
                    | Q(
                        state="claimed",
                        next_try_at=None,
                        claimed_until__isnull=False,
                        sent_at=None,
                        attempts__gt=0,
                    )
                    | Q(state="sent", next_try_at=None, claimed_until=None, sent_at__isnull=False)
                    | (
                        Q(state="failed", next_try_at=None, claimed_until=None, sent_at=None)
                        & ~Q(reason="")
                    )
                ),
            ),
            models.CheckConstraint(
                name="inbox_delivery_on_site_is_born_sent",
                condition=~Q(channel="site") | Q(state="sent"),
            ),
            models.CheckConstraint(
                name="inbox_delivery_read_on_site_only",
                condition=Q(read_at=None) | Q(channel="site"),
            ),
        ]
        indexes = [
            # The sweep: small, because delivered rows leave them.
            models.Index(
                fields=["next_try_at"], name="inbox_waiting", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["claimed_until"], name="inbox_claimed", condition=Q(state="claimed")
            ),
            # The badge and both halves of the mailbox page.
            models.Index(
                fields=["person", "-id"],
                name="inbox_unread",
                condition=Q(channel="site", read_at=None),
            ),
            models.Index(
                fields=["person", "-id"],
                name="inbox_read",
                condition=Q(channel="site", read_at__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.message_id} → {self.person_id or self.outside} ({self.channel})"


class Preference(models.Model):
    """A person's own word about one kind on one outside channel; absent: the kind's default."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    channel = models.CharField(max_length=5, choices=Channel)
    wanted = models.BooleanField()

    class Meta:
        verbose_name = _("接收设置")
        verbose_name_plural = _("接收设置")
        constraints = [
            models.UniqueConstraint(
                "person", "kind", "channel", name="inbox_preference_once_per_channel"
            ),
            models.CheckConstraint(
                name="inbox_preference_site_stays_on",
                condition=~Q(channel="site"),
                violation_error_message=_("站内消息不能关闭"),
            ),
        ]

    def __str__(self):
        return f"{self.person_id} {self.kind} {self.channel}: {self.wanted}"
