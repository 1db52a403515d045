"""顺延: one applicant may hand in later than the others, because the round foresees it and the office says why."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from organizations.models import Organization
from rounds.models.round import Round


class GraceQuerySet(models.QuerySet["Grace"]):
    def standing(self) -> "GraceQuerySet":
        """The newest of each applicant in each round: the one that counts."""
        later = Grace.objects.filter(
            round=models.OuterRef("round"), organization=models.OuterRef("organization"), pk__gt=models.OuterRef("pk")
        )
        return self.filter(~models.Exists(later))


class Grace(models.Model):
    """A later closing instant for one organization, with its reason. Append-only; the newest counts."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="graces", verbose_name="期次")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name="申报单位")
    closes_at = models.DateTimeField("顺延到", help_text="the first instant in which it may no longer hand in")
    reason = models.CharField("顺延理由", max_length=300)
    granted_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="经办人")
    granted_at = models.DateTimeField("登记时间")

    objects = GraceQuerySet.as_manager()

    class Meta:
        verbose_name = "申报顺延"
        verbose_name_plural = "申报顺延"
        constraints = [
            models.UniqueConstraint(
                fields=["round", "organization", "closes_at"],
                name="grace_once",
                violation_error_message="已经顺延到这个时间。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="grace_has_reason", violation_error_message="顺延必须写明理由。"
            ),
            models.CheckConstraint(
                condition=Q(closes_at__gt=models.F("granted_at")),
                name="grace_lies_ahead",
                violation_error_message="顺延到的时间必须晚于登记时间。",
            ),
        ]
