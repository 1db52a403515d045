"""Residents' rating of a funded project."""

from django.db import models
from django.db.models import Q

from needs.models import Need
from projects.models import Proposal


class Rating(models.Model):
    """居民评议: the resident who asked rates the project that answered. One per need and project."""

    need = models.ForeignKey(Need, models.PROTECT, related_name="+", verbose_name="需求")
    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="+", verbose_name="项目")
    stars = models.PositiveSmallIntegerField(
        "满意度", choices=[(5, "很满意"), (4, "满意"), (3, "一般"), (2, "不满意"), (1, "很不满意")]
    )
    words = models.CharField("意见", max_length=300, blank=True)
    rated_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "居民评议"
        verbose_name_plural = "居民评议"
        constraints = [
            models.UniqueConstraint(
                fields=["need", "proposal"], name="rating_once", violation_error_message="您已评议过此项目。"
            ),
            models.CheckConstraint(
                condition=Q(stars__gte=1, stars__lte=5),
                name="rating_stars_range",
                violation_error_message="请选择 1 至 5 星。",
            ),
        ]
