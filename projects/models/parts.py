"""Parts of a proposal beside its texts and budget: attachments, partners, activities, indicators."""

from django.db import models
from django.db.models import F, Q

from accounts.models import User
from core.money import MoneyField
from jobs.models import StoredFile


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def standing(self) -> "AttachmentQuerySet":
        """Those that would be handed in now, in the order of the archive."""
        return self.filter(removed_at__isnull=True).order_by("rank", "pk")


class Attachment(models.Model):
    """A document handed in with a proposal. Taken off after a version was handed in, it stays for that version."""

    class Kind(models.TextChoices):
        REGISTRATION = "registration", "登记证书"
        INSPECTION = "inspection", "年检结论和信用证明"
        PROMISE = "promise", "签字盖章的承诺书"
        SEAL = "seal", "社区意见（盖章扫描件）"
        BUDGET = "budget", "预算依据"
        PARTNER = "partner", "合作单位证明"
        OWN1 = "own1", "本期另列材料一"
        OWN2 = "own2", "本期另列材料二"
        OTHER = "other", "其他材料"

    proposal = models.ForeignKey("projects.Proposal", models.CASCADE, related_name="attachments", verbose_name="申报书")
    kind = models.CharField("种类", max_length=12, choices=Kind.choices)
    rank = models.PositiveSmallIntegerField("次序", help_text="of the kind, for the order of the archive")
    name = models.CharField("文件名", max_length=100, help_text="safe on Windows, with the ending of its content")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="文件")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="上传人")
    added_at = models.DateTimeField("上传时间")
    removed_at = models.DateTimeField("删除时间", null=True, blank=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = "附件"
        verbose_name_plural = "附件"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "name"],
                condition=Q(removed_at__isnull=True),
                name="attachment_name_once",
                violation_error_message="已有同名的附件。",
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="attachment_has_name", violation_error_message="附件必须有文件名。"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Partner(models.Model):
    """Who does the project together with the applicant, and with how much of the grant. A draft's row may be incomplete."""

    class Kind(models.TextChoices):
        PARTY = "party", "党组织"
        COMMUNITY = "community", "社区（村）"
        SOCIAL = "social", "社会组织"
        COMPANY = "company", "企业商户"
        SCHOOL = "school", "学校、医院等单位"
        TEAM = "team", "志愿队伍"
        OTHER = "other", "其他"

    proposal = models.ForeignKey("projects.Proposal", models.CASCADE, related_name="partners", verbose_name="申报书")
    position = models.PositiveSmallIntegerField("行号")
    kind = models.CharField("性质", max_length=12, choices=Kind.choices)
    name = models.CharField("单位名称", max_length=60, blank=True)
    task = models.CharField("分工", max_length=200, blank=True)
    amount = MoneyField("使用申请资金（元）", null=True, blank=True)

    class Meta:
        verbose_name = "合作单位"
        verbose_name_plural = "合作单位"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "position"], name="partner_position_once", violation_error_message="行号重复。"
            )
        ]


class Activity(models.Model):
    """One row of the activity plan. A draft's row may be incomplete."""

    proposal = models.ForeignKey("projects.Proposal", models.CASCADE, related_name="activities", verbose_name="申报书")
    position = models.PositiveSmallIntegerField("行号")
    what = models.CharField("活动", max_length=100, blank=True)
    starts_on = models.DateField("开始日期", null=True, blank=True)
    ends_on = models.DateField("结束日期", null=True, blank=True, help_text="included")
    where = models.CharField("地点", max_length=60, blank=True)
    people = models.PositiveIntegerField("人次", null=True, blank=True)

    class Meta:
        verbose_name = "活动安排"
        verbose_name_plural = "活动安排"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "position"], name="activity_position_once", violation_error_message="行号重复。"
            ),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(starts_on__lte=F("ends_on")),
                name="activity_ends_after_start",
                violation_error_message="活动结束日期不能早于开始日期。",
            ),
        ]


class Indicator(models.Model):
    """One figure that the project promises. A draft's row may be incomplete."""

    proposal = models.ForeignKey("projects.Proposal", models.CASCADE, related_name="goals", verbose_name="申报书")
    position = models.PositiveSmallIntegerField("行号")
    name = models.CharField("指标", max_length=60, blank=True)
    number = models.DecimalField("目标值", max_digits=12, decimal_places=2, null=True, blank=True)
    unit = models.CharField("单位", max_length=10, blank=True)

    class Meta:
        verbose_name = "指标"
        verbose_name_plural = "指标"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "position"], name="indicator_position_once", violation_error_message="行号重复。"
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True) | Q(number__gte=0),
                name="indicator_not_negative",
                violation_error_message="指标不能为负数。",
            ),
        ]


class TeamMember(models.Model):
    """How many people of one function and qualification do the project: no names, no phones. A draft's row may be incomplete."""

    proposal = models.ForeignKey("projects.Proposal", models.CASCADE, related_name="team", verbose_name="申报书")
    position = models.PositiveSmallIntegerField("行号")
    function = models.CharField("分工", max_length=40, blank=True)
    qualification = models.CharField("资格或经验", max_length=60, blank=True)
    count = models.PositiveSmallIntegerField("人数", null=True, blank=True)
    task = models.CharField("主要工作", max_length=100, blank=True)

    class Meta:
        verbose_name = "项目团队"
        verbose_name_plural = "项目团队"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "position"], name="team_position_once", violation_error_message="行号重复。"
            )
        ]


class TargetGroup(models.Model):
    """One group of people who are served directly, and how many. A draft's row may be incomplete."""

    proposal = models.ForeignKey("projects.Proposal", models.CASCADE, related_name="targets", verbose_name="申报书")
    position = models.PositiveSmallIntegerField("行号")
    group = models.CharField("服务对象", max_length=60, blank=True)
    number = models.PositiveIntegerField("人数", null=True, blank=True)
    note = models.CharField("说明", max_length=100, blank=True)

    class Meta:
        verbose_name = "服务对象"
        verbose_name_plural = "服务对象"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "position"], name="target_position_once", violation_error_message="行号重复。"
            )
        ]
