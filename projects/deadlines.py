"""What applicants must do by when."""

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from accounts.deadlines import InStreet
from accounts.models import Role
from core.clock import local
from core.deadlines import Deadline, Item, Steps, inside, register
from organizations.deadlines import Members
from projects.models import EligibilityDecision, Proposal
from rounds.models import Grace, Round


def _drafts() -> "QuerySet[Proposal]":
    return Proposal.objects.filter(state=Proposal.State.DRAFT, round__state=Round.State.OPEN)


def _returned() -> "QuerySet[EligibilityDecision]":
    """The last decision of each proposal that is to be completed."""
    newer = EligibilityDecision.objects.filter(proposal=OuterRef("proposal"), pk__gt=OuterRef("pk"))
    return EligibilityDecision.objects.filter(~Exists(newer), proposal__state=Proposal.State.RETURNED)


def _closing(item: Item) -> tuple[str, str]:
    closes = local(item.ends_at)
    return f"申报快截止了：{item.note}", (
        f"“{item.title}”还是草稿。申报截止时间为 {closes.year}年{closes.month}月{closes.day}日 {closes:%H:%M:%S}"
        "（北京时间），请尽早提交。"
    )


DRAFT = register(
    Deadline(
        "projects.draft", "申报截止", rows=_drafts, due="round__apply_closes_at", is_moment=True, street="round__street",
        says=lambda row: row["title"], columns=("title",), note="round__title", occasion="round", ends=True,
        path=lambda row: inside("projects:edit", row["pk"]), people=(Members("organization"),), is_alone=True, letter=_closing,
        covers=("rounds.Round.apply_closes_at",),
        steps=lambda: Steps(before=tuple(settings.REMINDER_DAYS_BEFORE), after=()),
    )
)  # fmt: skip


def _graced() -> "QuerySet[Grace]":
    """Closings that were put off for organizations with a draft, or nothing yet, in a round that is still open."""
    here = Proposal.objects.filter(round=OuterRef("round"), organization=OuterRef("organization"))
    standing = Grace.objects.standing().filter(round__state=Round.State.OPEN)
    return standing.filter(Exists(here.filter(state=Proposal.State.DRAFT)) | ~Exists(here))


GRACE = register(
    Deadline(
        "projects.grace", "申报顺延截止", rows=_graced, due="closes_at", is_moment=True, street="round__street",
        says=lambda row: row["round__title"], columns=("round", "round__title"), demo="round__is_demo", ends=True,
        path=lambda row: inside("rounds:call", row["round"]), people=(Members("organization"),),
        covers=("rounds.Grace.closes_at",), steps=Steps(before=(1, 0), after=()),
    )
)  # fmt: skip
COMPLETION = register(
    Deadline(
        "projects.completion", "补正截止", rows=_returned, due="complete_by", is_moment=True, street="proposal__round__street",
        says=lambda row: row["proposal__title"], columns=("proposal", "proposal__title"), note="proposal__round__title",
        demo="proposal__is_demo", path=lambda row: inside("projects:detail", row["proposal"]),
        people=(Members("proposal__organization"),), above=(InStreet((Role.OFFICE,), "proposal__round__street"),),
        covers=("projects.EligibilityDecision.complete_by",), steps=Steps(before=(3, 1, 0), after=(), escalate=1),
    )
)  # fmt: skip
