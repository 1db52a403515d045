"""What must be done about sessions by when: held, attended with one's recusals declared, locked, unlocked."""

from django.db.models import QuerySet

from accounts.deadlines import InStreet, Named
from accounts.models import Role
from core.deadlines import Deadline, Except, Steps, inside, register
from judging.models import Judge, Recusal, Session, Unlock

RUNNING = (Session.State.SETUP, Session.State.SCORING)


def _seats() -> "QuerySet[Judge]":
    return Judge.objects.filter(session__state__in=RUNNING, session__rehearsal_of=None).exclude(
        answer=Judge.Answer.AWAY
    )


SESSION = register(
    Deadline(
        "judging.session", "评审会开会和锁定", rows=lambda: Session.objects.filter(state__in=RUNNING, rehearsal_of=None), due="held_on",
        street="round__street", says=lambda row: row["name"], columns=("name",), note="round__title",
        path=lambda row: inside("judging:session", row["pk"]), people=(InStreet((Role.OFFICE, Role.HOST), "round__street"),),
        above=(InStreet((Role.LEADER,), "round__street"),), covers=("judging.Session.held_on",),
        steps=Steps(before=(7, 3, 1, 0), after=(1,), escalate=3),
    )
)  # fmt: skip
SEAT = register(
    Deadline(
        "judging.seat", "出席评审、申报回避", rows=_seats, due="session__held_on", street="session__round__street",
        says=lambda row: row["session__name"], columns=("session", "session__name"), note="session__venue",
        demo="session__is_demo", path=lambda row: inside("judging:relations", row["session"]), people=(Named(("user",)),),
        covers=("judging.Session.held_on",), ends=True, steps=Steps(before=(3, 1, 0), after=()),
    )
)  # fmt: skip
RECUSAL = register(
    Deadline(
        "judging.recusal", "确认回避声明", due="judge__session__held_on", street="judge__session__round__street",
        rows=lambda: Recusal.objects.filter(
            confirmed_at=None, judge__session__state=Session.State.SCORING, judge__session__rehearsal_of=None
        ),
        says=lambda row: row["judge__session__name"], columns=("judge__session", "judge__session__name"),
        note="judge__session__round__title", demo="judge__session__is_demo",
        path=lambda row: inside("judging:session", row["judge__session"]),
        people=(InStreet((Role.OFFICE,), "judge__session__round__street"),),
        above=(InStreet((Role.LEADER,), "judge__session__round__street"),),
        covers=("judging.Session.held_on",), steps=Steps(before=(0,), after=(1,), escalate=3),
    )
)  # fmt: skip
UNLOCK = register(
    Deadline(
        "judging.unlock", "解锁会签", rows=lambda: Unlock.objects.filter(state=Unlock.State.WAITING), due="expires_at", is_moment=True,
        street="session__round__street", says=lambda row: row["session__name"], columns=("session", "session__name"),
        note="session__round__title", demo="session__is_demo", path=lambda row: inside("judging:unlock", row["session"]),
        people=(
            Except(
                InStreet((Role.LEADER, Role.SUPERVISOR), "session__round__street"), ("asked_by", "approved_by", "cosigned_by")
            ),
        ),
        covers=("judging.Unlock.expires_at",), ends=True, steps=Steps(before=(0,), after=()),
    )
)  # fmt: skip
