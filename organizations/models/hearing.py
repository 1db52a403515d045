"""述职评议: a hearing of a year, the organizations due, ballots that name nobody, counts typed in twice, results.

A ballot holds a random id, a group and marks; who has voted and which code is used are kept elsewhere, without a time.
docs/decisions/hearings.md says what that keeps secret and what it does not.
"""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import Area, User
from core.sealed import SealedField
from organizations.domain.hearing import GROUPS
from organizations.models.rating import RatingSheet
from organizations.models.registry import Organization
from organizations.models.standing import Standing


class Hearing(models.Model):
    """One hearing. Its rule and the organizations due stand once ballots are open."""

    class State(models.TextChoices):
        PLANNED = "planned", "待召开"
        OPEN = "open", "正在评议"
        CLOSED = "closed", "已结束"

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    year = models.PositiveSmallIntegerField("述职年度")
    title = models.CharField("名称", max_length=100)
    held_on = models.DateField("述职日期")
    venue = models.CharField("地点", max_length=100, blank=True)
    votes_until = models.DateTimeField("评议截止时间")
    rule = models.JSONField("评议办法")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.PLANNED)
    planned_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="安排人")
    planned_at = models.DateTimeField("安排时间")
    opened_at = models.DateTimeField("开始评议时间", null=True, blank=True)
    closed_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", null=True, blank=True, verbose_name="结束评议人"
    )
    closed_at = models.DateTimeField("结束评议时间", null=True, blank=True)
    is_demo = models.BooleanField("演示", default=False)

    class Meta:
        verbose_name = "述职评议"
        verbose_name_plural = "述职评议"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "year", "title"], name="hearing_title_once", violation_error_message="这一年已有同名的述职评议。"
            ),
            models.CheckConstraint(
                condition=Q(state="planned", opened_at=None, closed_at=None, closed_by=None)
                | Q(state="open", opened_at__isnull=False, closed_at=None, closed_by=None)
                | Q(state="closed", opened_at__isnull=False, closed_at__isnull=False, closed_by__isnull=False),
                name="hearing_state_has_times", violation_error_message="述职评议的状态和时间不一致。",
            ),
        ]  # fmt: skip


class HearingDue(models.Model):
    """An organization that is heard, once a year, and the report it wrote."""

    hearing = models.ForeignKey(Hearing, models.PROTECT, related_name="dues", verbose_name="述职评议")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name="组织")
    year = models.PositiveSmallIntegerField("述职年度")
    report = models.TextField("述职报告", max_length=3000, blank=True)
    report_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", null=True, blank=True, verbose_name="报告提交人"
    )
    report_at = models.DateTimeField("报告提交时间", null=True, blank=True)

    class Meta:
        verbose_name = "述职组织"
        verbose_name_plural = "述职组织"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year"], name="hearing_due_once_a_year", violation_error_message="这个组织这一年已安排述职。"
            ),
            models.CheckConstraint(
                condition=Q(report="", report_by=None, report_at=None) | (~Q(report="") & Q(report_by__isnull=False, report_at__isnull=False)),
                name="hearing_report_has_author", violation_error_message="述职报告应有提交人和时间。",
            ),
        ]  # fmt: skip


class HearingCode(models.Model):
    """A printed code by which a resident of a community votes once; used or not, but never by which ballot."""

    hearing = models.ForeignKey(Hearing, models.PROTECT, related_name="codes", verbose_name="述职评议")
    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="社区")
    code = SealedField("评议码")
    digest = models.CharField("评议码摘要", max_length=64, unique=True)
    is_used = models.BooleanField("已用", default=False)
    printed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="打印人")
    printed_at = models.DateTimeField("打印时间")

    class Meta:
        verbose_name = "居民评议码"
        verbose_name_plural = "居民评议码"


class HearingVoter(models.Model):
    """That somebody of a community has voted by sign-in: no time, no ballot."""

    hearing = models.ForeignKey(Hearing, models.PROTECT, related_name="voters", verbose_name="述职评议")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="评议人")

    class Meta:
        verbose_name = "已评议人"
        verbose_name_plural = "已评议人"
        constraints = [
            models.UniqueConstraint(
                fields=["hearing", "user"], name="hearing_voter_once", violation_error_message="您已经投过票。"
            )
        ]


class HearingBallot(models.Model):
    """One ballot. Append-only. `marks`: id of the organization due → option."""

    id = models.UUIDField("编号", primary_key=True, default=uuid.uuid4, editable=False)
    hearing = models.ForeignKey(Hearing, models.PROTECT, related_name="ballots", verbose_name="述职评议")
    group = models.CharField("评议人类别", max_length=10, choices=list(GROUPS.items()))
    marks = models.JSONField("评议")

    class Meta:
        verbose_name = "评议票"
        verbose_name_plural = "评议票"


class HearingCount(models.Model):
    """Residents' paper ballots of a community as one person counted them. Append-only; two persons' newest must agree."""

    hearing = models.ForeignKey(Hearing, models.PROTECT, related_name="counts", verbose_name="述职评议")
    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="社区")
    number = models.PositiveSmallIntegerField("第几次录入")
    papers = models.PositiveIntegerField("收回票数")
    marks = models.JSONField("计票")
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="录入人")
    entered_at = models.DateTimeField("录入时间")

    class Meta:
        verbose_name = "现场计票"
        verbose_name_plural = "现场计票"
        constraints = [
            models.UniqueConstraint(
                fields=["hearing", "community", "entered_by", "number"],
                name="hearing_count_version_once", violation_error_message="您刚刚录入过，请刷新后再看。",
            )
        ]  # fmt: skip


class HearingResult(models.Model):
    """What an organization's ballots came to. Append-only: a correction is a new version with its reason."""

    due = models.ForeignKey(HearingDue, models.PROTECT, related_name="results", verbose_name="述职组织")
    number = models.PositiveSmallIntegerField("版本")
    tally = models.JSONField("计票")
    score = models.DecimalField("得分", max_digits=5, decimal_places=2, null=True, blank=True)
    hearing_class = models.CharField("述职等次", max_length=10, choices=Standing.Hearing.choices, blank=True)
    correction_reason = models.CharField("更正理由", max_length=500, blank=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")
    made_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = "述职评议结果"
        verbose_name_plural = "述职评议结果"
        constraints = [
            models.UniqueConstraint(
                fields=["due", "number"], name="hearing_result_version_once", violation_error_message="结果刚刚被别人更正过。"
            ),
            models.CheckConstraint(
                condition=Q(number=1) ^ ~Q(correction_reason=""), name="hearing_correction_has_reason",
                violation_error_message="更正述职评议结果必须写明理由。",
            ),
            models.CheckConstraint(
                condition=Q(score=None, hearing_class="") | (Q(score__isnull=False) & ~Q(hearing_class="")),
                name="hearing_class_has_score", violation_error_message="有得分才有等次。",
            ),
        ]  # fmt: skip


class RatingConfirmation(models.Model):
    """A leader's word on one organization's stars of a year, and the number of its certificate. Append-only.

    Names are as they were: the certificate made from it stays the same file.
    """

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name="组织")
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("版本")
    standing = models.ForeignKey(Standing, models.PROTECT, related_name="+", verbose_name="述职和星级")
    sheet = models.ForeignKey(RatingSheet, models.PROTECT, related_name="+", verbose_name="年终评定")
    stars = models.PositiveSmallIntegerField("评定星级", choices=Standing.Stars.choices)
    proposed = models.PositiveSmallIntegerField("建议星级", choices=Standing.Stars.choices)
    total = models.DecimalField("总分", max_digits=5, decimal_places=2)
    reason = models.CharField("理由", max_length=500, blank=True)
    serial = models.PositiveIntegerField("证书序号", null=True, blank=True)
    name = models.CharField("组织名称", max_length=100)
    street_name = models.CharField("街道名称", max_length=60)
    confirmed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="确认人")
    confirmed_at = models.DateTimeField("确认时间")

    class Meta:
        verbose_name = "星级确认"
        verbose_name_plural = "星级确认"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "number"], name="rating_confirmed_version_once", violation_error_message="星级刚刚被别人确认过。"
            ),
            models.UniqueConstraint(
                fields=["street", "year", "serial"], name="certificate_serial_once", violation_error_message="证书序号重复。"
            ),
            models.CheckConstraint(
                condition=Q(stars=0, serial=None) | (Q(stars__gt=0) & Q(serial__isnull=False)),
                name="certificate_only_with_stars", violation_error_message="评了星级才有证书。",
            ),
            models.CheckConstraint(
                condition=Q(number=1, stars=models.F("proposed")) | ~Q(reason=""),
                name="rating_difference_has_reason", violation_error_message="与建议星级不同或重新确认的，必须写明理由。",
            ),
        ]  # fmt: skip
