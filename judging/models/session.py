"""A roadshow session: where, when, by which rule, in which state."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from accounts.models import Area, User
from rounds.models import Round

if TYPE_CHECKING:
    from judging.models.results import Result


class SessionQuerySet(models.QuerySet["Session"]):
    def under(self, area: Area) -> "SessionQuerySet":
        return self.filter(round__street__path__startswith=area.path)


class Session(models.Model):
    """One roadshow 路演评审会 of a round. Its rule is frozen with a digest when scoring opens."""

    class State(models.TextChoices):
        SETUP = "setup", "筹备中"
        SCORING = "scoring", "评分中"
        LOCKED = "locked", "已锁定"
        PUBLISHED = "published", "已公布"
        ENDED = "ended", "排练结束"

    round = models.ForeignKey(Round, models.PROTECT, related_name="+", verbose_name="期次")
    name = models.CharField("名称", max_length=60)
    held_on = models.DateField("日期")
    venue = models.CharField("地点", max_length=80, blank=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.SETUP)
    rule = models.JSONField("评分规则", help_text="the `rule` of chuangtou/scoring@1, criteria included")
    notes = models.JSONField(
        "评分说明",
        default=dict,
        blank=True,
        help_text='{"anchors": {criterion key: [[grade, sentence], …]}}, beside the rule',
    )
    rule_digest = models.CharField("规则摘要", max_length=64, blank=True)
    scoring_opened_at = models.DateTimeField("开放评分", null=True, blank=True)
    locked_at = models.DateTimeField("锁定时间", null=True, blank=True)
    locked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="锁定人")
    published_at = models.DateTimeField("公布时间", null=True, blank=True)
    is_paced = models.BooleanField("由主持人逐个开放评分", default=False, help_text="off: all open with the session")
    opens_after = models.PositiveSmallIntegerField(
        "校准", default=1, help_text="scoring opens only after this many presentations, for all of them together"
    )
    head = models.CharField(
        "流水总摘要", max_length=64, blank=True, help_text="made at the lock, judging/domain/ledger.py"
    )
    current = models.OneToOneField(
        "Result",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="现行结果",
        help_text="of the last lock",
    )
    reveals_after = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="等另一组评完再公布",
        help_text="no score of this session is revealed or published before that one is locked",
    )  # fmt: skip
    rehearsal_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="rehearsals", verbose_name="排练的评审会",
        help_text="a rehearsal can never be published, and nothing above this app reads it",
    )  # fmt: skip
    is_assigned = models.BooleanField(
        "分配评审", default=False, help_text="each judge scores only what she is assigned; off: every judge scores all"
    )
    pin = models.CharField("现场口令", max_length=6, blank=True, help_text="read out in the hall")
    is_demo = models.BooleanField("演示数据", default=False)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = "评审会"
        verbose_name_plural = "评审会"
        constraints = [
            models.UniqueConstraint(
                fields=["round", "name"],
                name="session_name_once_per_round",
                violation_error_message="本期次已有同名评审会。",
            ),
            models.CheckConstraint(
                condition=Q(state="setup", locked_at__isnull=True)
                | (Q(state="scoring", scoring_opened_at__isnull=False, locked_at__isnull=True) & ~Q(rule_digest=""))
                | (Q(state__in=["locked", "published"], locked_at__isnull=False) & ~Q(rule_digest=""))
                | Q(state="ended", rehearsal_of__isnull=False),
                name="session_state_has_its_moments",
                violation_error_message="评审会状态与时间不一致。",
            ),
            models.CheckConstraint(
                condition=Q(rehearsal_of=None) | ~Q(state="published"),
                name="session_rehearsal_never_published",
                violation_error_message="排练不能公布。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def result(self) -> "Result":
        """The result of the last lock. Raises Result.DoesNotExist where the session is not locked."""
        if self.current is None:
            from judging.models.results import Result

            raise Result.DoesNotExist
        return self.current
