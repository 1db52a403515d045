"""The append-only record: who did what to which row, when, and why."""

from django.conf import settings
from django.db import models


class EventQuerySet(models.QuerySet["Event"]):
    def about(self, label: str, pk: int) -> "EventQuerySet":
        """Events of one row, newest first."""
        return self.filter(object_label=label, object_id=pk).order_by("-id")

    def in_scope(self, street_ids: list[int]) -> "EventQuerySet":
        """Events of these streets (ids of street areas)."""
        return self.filter(scope_id__in=street_ids)


class Event(models.Model):
    """One act. Written in the same transaction as the fact; a trigger refuses UPDATE and DELETE."""

    at = models.DateTimeField("时间")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="操作人"
    )
    verb = models.CharField("操作", max_length=60)
    object_label = models.CharField("对象类型", max_length=60)
    object_id = models.BigIntegerField("对象编号", null=True)
    scope_id = models.BigIntegerField(
        "所属街道", null=True, help_text="id of the street area; no foreign key on purpose"
    )
    reason = models.TextField("理由", blank=True)
    facts = models.JSONField("内容", default=dict)
    transaction = models.BigIntegerField("事务", null=True, editable=False, help_text="filled by a trigger")

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = "操作记录"
        verbose_name_plural = "操作记录"
        indexes = [
            models.Index(fields=["object_label", "object_id"], name="event_object"),
            models.Index(fields=["scope_id", "-id"], name="event_scope"),
            models.Index(fields=["transaction"], name="event_transaction"),
        ]


class Change(models.Model):
    """What an UPDATE changed in one row, written by a trigger (audit_follow) in the same transaction, whoever updated it and how.

    `was` and `became` map column to value (numbers as text), of the columns that are followed; `hidden` are personal ones, of which only the name
    is kept. Ids come from the sequence of Event: an act is recorded after what it changed, so its change has the lower id.
    """

    at = models.DateTimeField("时间")
    transaction = models.BigIntegerField("事务")
    object_label = models.CharField("对象类型", max_length=60)
    object_id = models.BigIntegerField("对象编号")
    was = models.JSONField("原来")
    became = models.JSONField("现在")
    hidden = models.JSONField("不留内容的栏目", default=list)

    class Meta:
        verbose_name = "改动"
        verbose_name_plural = "改动"
        indexes = [models.Index(fields=["object_label", "object_id"], name="change_object")]


class DemoStreet(models.Model):
    """A street that was born as a demonstration: marked before anything was recorded in it (a trigger sees to that), and for good.

    Only of such a street may what is append-only be removed: see docs/decisions/demonstration.md.
    """

    street_id = models.BigIntegerField(
        "街道", unique=True, help_text="id of the street area; no foreign key on purpose"
    )
    marked_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "演示街道"
        verbose_name_plural = "演示街道"


class SelfCheck(models.Model):
    """One run of all invariants over the data: how many were asked, and the sentences of those that do not hold."""

    ran_at = models.DateTimeField("时间")
    checks = models.PositiveSmallIntegerField("核对项数")
    findings = models.JSONField("发现", default=list, help_text="[[name of the check, sentence], …], at most 200")
    count = models.PositiveIntegerField("不符处数", default=0)

    class Meta:
        verbose_name = "每日自检"
        verbose_name_plural = "每日自检"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(count__gt=0) | models.Q(findings=[]),
                name="self_check_counts_its_findings",
                violation_error_message="有发现就必须计数。",
            )
        ]

    @property
    def names(self) -> list[str]:
        """Names of the checks that do not hold, each once."""
        return list(dict.fromkeys(name for name, _ in self.findings))
