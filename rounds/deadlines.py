"""What must be done about rounds by when."""

from accounts.deadlines import InStreet
from accounts.models import Role
from core.deadlines import Deadline, Steps, inside, register
from rounds.models import Round

OFFICE = (InStreet((Role.OFFICE,), "street"),)

OPENING = register(
    Deadline(
        "rounds.open", "开启期次", rows=lambda: Round.objects.filter(state=Round.State.DRAFT), due="apply_opens_at",
        is_moment=True, street="street", says=lambda row: row["title"], columns=("title",),
        path=lambda row: inside("rounds:detail", row["pk"]), people=OFFICE, above=(InStreet((Role.LEADER,), "street"),),
        covers=("rounds.Round.apply_opens_at",), steps=Steps(before=(7, 3, 1, 0), after=(1,), escalate=3),
    )
)  # fmt: skip
# In the calendar; nobody is reminded of it unless the street wants that: applicants are, by projects.draft.
CLOSING = register(
    Deadline(
        "rounds.close", "期次申报截止", rows=lambda: Round.objects.filter(state=Round.State.OPEN), due="apply_closes_at",
        is_moment=True, street="street", says=lambda row: row["title"], columns=("title",),
        path=lambda row: inside("rounds:detail", row["pk"]), people=OFFICE, covers=("rounds.Round.apply_closes_at",),
        ends=True, is_event=True, steps=Steps(before=(), after=()),
    )
)  # fmt: skip
