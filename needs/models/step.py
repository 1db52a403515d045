"""What happened to a need: its history, feedback, ratings, seconds; what people and streets set for it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Area
from jobs.models import StoredFile
from needs.models.need import Need

STARS = [(5, "很满意"), (4, "满意"), (3, "一般"), (2, "不满意"), (1, "很不满意")]


class NeedStep(models.Model):
    """One act in the life of a need; append-only by trigger. Name and role are kept as they were at that moment."""

    class Act(models.TextChoices):
        POST = "post", "登记"
        ANALYSE = "analyse", "分析"
        BEGIN = "begin", "开始处置"
        ORDER = "order", "制成服务项目单"
        ORDER_OVER = "order_over", "服务项目单未成"
        FINISH = "finish", "处置完毕"
        TELL = "tell", "反馈"
        ANSWER = "answer", "反馈办理结果"
        RATE = "rate", "居民评议"
        CLOSE = "close", "办结"
        GIVE_BACK = "give_back", "退回"
        HOLD = "hold", "挂起"
        RESUME = "resume", "恢复办理"
        REFUSE = "refuse", "不予受理"
        REOPEN = "reopen", "重新办理"
        TRANSFER = "transfer", "转交其他社区"
        REFER = "refer", "转交部门"
        ESCALATE = "escalate", "上报"
        OVERDUE = "overdue", "逾期自动上报"
        ASSIGN = "assign", "确定承办人"
        MERGE = "merge", "并入同类需求"
        SPLIT = "split", "拆分"
        PUBLISH = "publish", "公开内容"
        UNPUBLISH = "unpublish", "撤回公开"

    need = models.ForeignKey(Need, models.PROTECT, related_name="steps", verbose_name="需求")
    act = models.CharField("动作", max_length=12, choices=Act.choices)
    from_state = models.CharField("原状态", max_length=10, choices=Need.State.choices, blank=True)
    to_state = models.CharField("新状态", max_length=10, choices=Need.State.choices)
    words = models.TextField("说明", max_length=1000, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="经办人"
    )
    by_name = models.CharField("姓名", max_length=40, blank=True)
    by_role = models.CharField("身份", max_length=40, blank=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "需求经过"
        verbose_name_plural = "需求经过"


class Feedback(models.Model):
    """What the people who asked are told, those of the merged needs included."""

    class Kind(models.TextChoices):
        CURRENT = "current", "动态反馈"
        SPECIAL = "special", "专项反馈"
        FOLLOW = "follow", "跟踪反馈"
        VISIT = "visit", "上门反馈"
        NETWORK = "network", "网络反馈"

    need = models.ForeignKey(Need, models.PROTECT, related_name="feedbacks", verbose_name="需求")
    kind = models.CharField("反馈方式", max_length=10, choices=Kind.choices)
    words = models.TextField("反馈内容", max_length=1000)
    is_final = models.BooleanField("是办理结果", default=False)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="佐证")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="反馈人")
    by_name = models.CharField("姓名", max_length=40)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "需求反馈"
        verbose_name_plural = "需求反馈"
        constraints = [
            models.CheckConstraint(
                condition=~Q(words=""), name="feedback_has_words", violation_error_message="请写明反馈内容。"
            )
        ]


class RatingSlip(models.Model):
    """评议单: a printed code by which somebody without an account rates a need once."""

    need = models.ForeignKey(Need, models.PROTECT, related_name="slips", verbose_name="需求")
    code = models.CharField("评议码", max_length=16, unique=True)
    printed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="打印人")
    printed_at = models.DateTimeField("打印时间")

    class Meta:
        verbose_name = "评议单"
        verbose_name_plural = "评议单"


class NeedRating(models.Model):
    """评议: one to five for how a need was handled; one per tracking code (`need`), one per slip."""

    need = models.ForeignKey(Need, models.PROTECT, related_name="ratings", verbose_name="需求")
    slip = models.OneToOneField(
        RatingSlip, models.PROTECT, null=True, blank=True, related_name="rating", verbose_name="评议单"
    )
    stars = models.PositiveSmallIntegerField("满意度", choices=STARS)
    words = models.CharField("意见", max_length=300, blank=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "需求评议"
        verbose_name_plural = "需求评议"
        constraints = [
            models.UniqueConstraint(
                fields=["need"], condition=Q(slip=None), name="need_rating_once", violation_error_message="您已评议过。"
            ),
            models.CheckConstraint(
                condition=Q(stars__gte=1, stars__lte=5),
                name="need_rating_stars",
                violation_error_message="请选择 1 至 5 星。",
            ),
        ]


class NeedSecond(models.Model):
    """附议: one device seconds a need once. `device` is a digest; nothing leads back to a person."""

    need = models.ForeignKey(Need, models.PROTECT, related_name="seconds", verbose_name="需求")
    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="社区")
    device = models.CharField("设备", max_length=64)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "附议"
        verbose_name_plural = "附议"
        constraints = [
            models.UniqueConstraint(
                fields=["need", "device"], name="second_once", violation_error_message="您已附议过。"
            )
        ]
        indexes = [models.Index(fields=["community", "-at"], name="second_community")]


class NeedTerms(models.Model):
    """Deadlines of a street in working days; without a row the usual ones hold."""

    street = models.OneToOneField(Area, models.PROTECT, related_name="+", verbose_name="街道")
    analyse = models.PositiveSmallIntegerField("分析", default=2)
    now = models.PositiveSmallIntegerField("马上办", default=3)
    line = models.PositiveSmallIntegerField("归口办", default=7)
    joint = models.PositiveSmallIntegerField("协调办", default=15)
    order = models.PositiveSmallIntegerField("制单", default=30)
    rate = models.PositiveSmallIntegerField("等待评议", default=10)
    answer = models.PositiveSmallIntegerField("未答复标红", default=5)
    escalate = models.PositiveSmallIntegerField("逾期逐级上报间隔", default=3)

    class Meta:
        verbose_name = "需求办理期限"
        verbose_name_plural = "需求办理期限"
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    analyse__range=(1, 250), now__range=(1, 250), line__range=(1, 250), joint__range=(1, 250),
                    order__range=(1, 250), rate__range=(1, 250), answer__range=(1, 250), escalate__range=(1, 250),
                ),
                name="need_terms_range",
                violation_error_message="期限为 1 至 250 个工作日。",
            )
        ]  # fmt: skip


class Duty(models.Model):
    """包片: who takes the needs of a grid or a community (A岗), and who stands in (B岗)."""

    area = models.OneToOneField(Area, models.PROTECT, related_name="+", verbose_name="网格或社区")
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="A岗")
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="B岗"
    )

    class Meta:
        verbose_name = "包片责任"
        verbose_name_plural = "包片责任"
        constraints = [
            models.CheckConstraint(
                condition=Q(deputy=None) | ~Q(deputy=models.F("worker")),
                name="duty_two_people",
                violation_error_message="A岗和B岗不能是同一人。",
            )
        ]
