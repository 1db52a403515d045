"""What is presented in a session, and the draws for its order and for ties."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from judging.models.session import Session
from projects.models import Proposal, ProposalVersion


class Entry(models.Model):
    """A proposal that is presented in a session, in the version that is judged; `position` comes from the draw."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="entries", verbose_name="评审会")
    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="+", verbose_name="项目")
    version = models.ForeignKey(ProposalVersion, models.PROTECT, related_name="+", verbose_name="评审版本")
    position = models.PositiveSmallIntegerField("出场顺序", null=True, blank=True)
    parts = models.JSONField("其他部分得分", default=dict, blank=True, help_text="part of the rule → decimal string")
    factor = models.DecimalField("系数", max_digits=7, decimal_places=4, default=1)
    bonus = models.DecimalField("加分", max_digits=9, decimal_places=4, default=0)
    penalty = models.DecimalField("扣分", max_digits=9, decimal_places=4, default=0)
    opened_at = models.DateTimeField("开放评分", null=True, blank=True, help_text="used where the session is paced")
    closed_at = models.DateTimeField("关闭评分", null=True, blank=True)

    class Meta:
        verbose_name = "参评项目"
        verbose_name_plural = "参评项目"
        constraints = [
            models.UniqueConstraint(
                fields=["session", "proposal"],
                name="entry_once_per_session",
                violation_error_message="该项目已在本场。",
            ),
            models.UniqueConstraint(
                fields=["session", "position"],
                condition=Q(position__isnull=False),
                name="entry_position_once",
                violation_error_message="出场顺序重复。",
            ),
            models.CheckConstraint(
                condition=Q(factor__gt=0, bonus__gte=0, penalty__gte=0),
                name="entry_figures_not_negative",
                violation_error_message="系数应大于 0，加分和扣分不能为负数。",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(opened_at__isnull=False),
                name="entry_closed_was_open",
                violation_error_message="没有开放过的项目不能关闭评分。",
            ),
        ]


class Draw(models.Model):
    """A witnessed draw for the order: the commitment is published first, the public number typed in before witnesses."""

    session = models.OneToOneField(Session, models.PROTECT, related_name="draw", verbose_name="评审会")
    commitment = models.CharField("承诺值", max_length=64, help_text="SHA-256 of the secret, shown before the draw")
    secret = models.CharField("密语", max_length=64, help_text="shown only after the draw")
    public_number = models.CharField("现场号码", max_length=20, blank=True)
    witnesses = models.CharField("见证人", max_length=100, blank=True)
    committed_at = models.DateTimeField("承诺时间")
    drawn_at = models.DateTimeField("抽签时间", null=True, blank=True)
    drawn_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="操作人")

    class Meta:
        verbose_name = "抽签"
        verbose_name_plural = "抽签"
        constraints = [
            models.CheckConstraint(
                condition=Q(drawn_at__isnull=True) | (~Q(public_number="") & ~Q(witnesses="")),
                name="draw_has_number_and_witnesses",
                violation_error_message="抽签必须有现场号码和见证人。",
            )
        ]


class LotDraw(models.Model):
    """A witnessed draw of lots for ties 同分抽签: every entry's lot, in the order drawn. Made as the running order is."""

    session = models.OneToOneField(Session, models.PROTECT, related_name="lots", verbose_name="评审会")
    commitment = models.CharField("承诺值", max_length=64, help_text="SHA-256 of the secret, shown before the draw")
    secret = models.CharField("密语", max_length=64, help_text="shown only after the draw")
    public_number = models.CharField("现场号码", max_length=20, blank=True)
    witnesses = models.CharField("见证人", max_length=100, blank=True)
    order = models.JSONField("签号顺序", default=list, help_text="receipt numbers; the first has lot 1")
    committed_at = models.DateTimeField("承诺时间")
    drawn_at = models.DateTimeField("抽签时间", null=True, blank=True)
    drawn_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="操作人")

    class Meta:
        verbose_name = "同分抽签"
        verbose_name_plural = "同分抽签"
        constraints = [
            models.CheckConstraint(
                condition=Q(drawn_at__isnull=True) | (~Q(public_number="") & ~Q(witnesses="")),
                name="lots_have_number_and_witnesses",
                violation_error_message="抽签必须有现场号码和见证人。",
            )
        ]
