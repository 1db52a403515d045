"""Questions about a call, and what the office answered."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from rounds.models.round import Round


class QuestionQuerySet(models.QuerySet["Question"]):
    def published(self) -> "QuestionQuerySet":
        """What everybody reads: answered ones."""
        return self.filter(state=Question.State.ANSWERED)

    def waiting(self) -> "QuestionQuerySet":
        return self.filter(state=Question.State.WAITING)


class Question(models.Model):
    """One question about a call. Settled once: the answer goes to all, the asker's name to nobody."""

    class State(models.TextChoices):
        WAITING = "waiting", "待答复"
        ANSWERED = "answered", "已答复并公布"
        DECLINED = "declined", "不予公布"

    round = models.ForeignKey(Round, models.PROTECT, related_name="questions", verbose_name="期次")
    words = models.TextField("问题", max_length=500)
    asker = models.CharField("称呼", max_length=20, blank=True, help_text="for the office only")
    asked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="提问人账号"
    )
    asked_at = models.DateTimeField("提问时间")
    once_key = models.CharField("防重键", max_length=64, null=True, blank=True, unique=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.WAITING)
    public_words = models.TextField("公布的问题", max_length=500, blank=True)
    answer = models.TextField("答复", max_length=2000, blank=True)
    reason = models.CharField("不公布的理由", max_length=200, blank=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="答复人")
    settled_at = models.DateTimeField("答复时间", null=True, blank=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = "征集答疑"
        verbose_name_plural = "征集答疑"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", settled_at__isnull=True, settled_by__isnull=True, answer="", reason="")
                | Q(state="answered", settled_at__isnull=False, settled_by__isnull=False)
                & ~Q(answer="")
                & ~Q(public_words="")
                | Q(state="declined", settled_at__isnull=False, settled_by__isnull=False, answer="") & ~Q(reason=""),
                name="question_settled_is_complete",
                violation_error_message="已答复的问题必须有公布的问题和答复；不公布的必须写明理由。",
            )
        ]
        indexes = [models.Index(fields=["round", "state", "settled_at"], name="question_round_state")]

    def __str__(self) -> str:
        return self.words[:30]
