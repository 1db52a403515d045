"""What a lock made, and what may change it or the rule afterwards."""

from django.db import models
from django.db.models import F, Q

from accounts.models import User
from judging.models.entries import Entry
from judging.models.session import Session


class Result(models.Model):
    """The immutable outcome of one lock of a session: the whole input and output documents. Append-only."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="results", verbose_name="评审会")
    number = models.PositiveSmallIntegerField("第几次锁定", default=1)
    scoring = models.JSONField("评分文件", help_text="chuangtou/scoring@1")
    outcome = models.JSONField("结果文件", help_text="chuangtou/result@1")
    digest = models.CharField("结果摘要", max_length=64)
    heads = models.JSONField("流水摘要", default=dict, help_text="judge key → {moves, head} at the lock")
    made_at = models.DateTimeField("生成时间")

    class Meta:
        verbose_name = "评审结果"
        verbose_name_plural = "评审结果"
        constraints = [
            models.UniqueConstraint(
                fields=["session", "number"], name="result_number_once", violation_error_message="锁定次数重复。"
            )
        ]


class ResultLine(models.Model):
    """One proposal of a result: rank, printed score, exact fraction, arithmetic. Append-only; funding reads only these."""

    result = models.ForeignKey(Result, models.PROTECT, related_name="lines", verbose_name="评审结果")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="result_lines", verbose_name="参评项目")
    place = models.PositiveSmallIntegerField("排列")
    outcome = models.CharField("结论", max_length=20)
    rank = models.PositiveSmallIntegerField("名次", null=True, blank=True)
    score = models.DecimalField("最后得分", max_digits=9, decimal_places=4, null=True, blank=True)
    detail = models.JSONField("计算过程", help_text="this proposal's object of chuangtou/result@1")

    class Meta:
        verbose_name = "评审结果行"
        verbose_name_plural = "评审结果行"
        constraints = [
            models.UniqueConstraint(
                fields=["result", "entry"], name="result_line_once", violation_error_message="该项目在结果中只有一行。"
            ),
            models.CheckConstraint(
                condition=Q(outcome="ranked", rank__isnull=False, score__isnull=False)
                | (~Q(outcome="ranked") & Q(rank__isnull=True)),
                name="result_ranked_has_score",
                violation_error_message="有名次的项目必须有得分。",
            ),
        ]


class RuleChange(models.Model):
    """A change of the rule after scoring opened: proposed with a reason, decided by a second person, on record for ever."""

    class State(models.TextChoices):
        WAITING = "waiting", "待批准"
        APPLIED = "applied", "已生效"
        REFUSED = "refused", "未批准"

    session = models.ForeignKey(Session, models.PROTECT, related_name="rule_changes", verbose_name="评审会")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.WAITING)
    old_rule = models.JSONField("原规则")
    new_rule = models.JSONField("新规则")
    old_digest = models.CharField("原规则摘要", max_length=64)
    new_digest = models.CharField("新规则摘要", max_length=64)
    reason = models.CharField("理由", max_length=300)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提出人")
    proposed_at = models.DateTimeField("提出时间")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="批准人")
    decided_at = models.DateTimeField("批准时间", null=True, blank=True)
    words = models.CharField("批准意见", max_length=300, blank=True)

    class Meta:
        verbose_name = "规则变更"
        verbose_name_plural = "规则变更"
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(state="waiting"), name="rule_change_one_waiting",
                violation_error_message="已有一项规则变更等待批准。",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_by=None, decided_at=None)
                | (~Q(state="waiting") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="rule_change_decided_by_somebody",
                violation_error_message="决定必须写明人和时间。",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                name="rule_change_two_people",
                violation_error_message="提出和批准必须是两个人。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="rule_change_has_reason", violation_error_message="变更规则必须写明理由。"
            ),
        ]  # fmt: skip


class Unlock(models.Model):
    """解锁: asked with a reason, approved by the leader, co-signed by the supervisor; it undoes one lock, once."""

    class State(models.TextChoices):
        WAITING = "waiting", "待会签"
        DONE = "done", "已解锁"
        WITHDRAWN = "withdrawn", "已撤回"

    session = models.ForeignKey(Session, models.PROTECT, related_name="unlocks", verbose_name="评审会")
    result = models.ForeignKey(Result, models.PROTECT, related_name="+", verbose_name="所解锁的结果")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.CharField("理由", max_length=300)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="申请人")
    asked_at = models.DateTimeField("申请时间")
    expires_at = models.DateTimeField("过期时间")
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="批准人"
    )
    approved_at = models.DateTimeField("批准时间", null=True, blank=True)
    cosigned_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="会签人"
    )
    cosigned_at = models.DateTimeField("会签时间", null=True, blank=True)

    class Meta:
        verbose_name = "解锁"
        verbose_name_plural = "解锁"
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(state="waiting"), name="unlock_one_waiting",
                violation_error_message="已有一项解锁申请等待会签。",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(cosigned_by=None) | ~Q(approved_by=F("cosigned_by")),
                name="unlock_two_people",
                violation_error_message="批准和会签必须是两个人。",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(approved_by__isnull=False, cosigned_by__isnull=False),
                name="unlock_done_is_signed",
                violation_error_message="解锁必须有批准和会签。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="unlock_has_reason", violation_error_message="解锁必须写明理由。"
            ),
        ]  # fmt: skip
