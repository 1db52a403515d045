"""Acts that need two people: a rule changed after scoring opened, a lock undone; and what the supervisor writes."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Role, RoleGrant, User
from accounts.services import grant_role
from core.errors import NotAllowed
from funding.services import ResultSuperseded, draft_plan, submit_plan
from judging import services
from judging.models import Judge, Move, Result, RuleChange, Session, SupervisorNote, Unlock
from judging.record import round_record
from judging.services.rulechange import (
    ChangeDecided,
    ChangeWaits,
    CriteriaStay,
    JudgeDecides,
    NothingChanges,
    ProposerDecides,
    decide_rule,
    propose_rule,
)  # fmt: skip
from judging.services.stage import direct
from judging.services.unlock import (
    NotUnlockable,
    OneSigns,
    UnlockOver,
    UnlockWaits,
    add_note,
    ask_unlock,
    sign_unlock,
    withdraw_unlock,
)  # fmt: skip
from tests.judging.make import full_marks, hand_in, lock, open_session, publish, signed_in
from tests.world import build


def options(session, **changes):
    return services.make_rule(session.rule["criteria"], quorum=2, **changes)


MEDIAN = {"aggregate": "median"}


def propose(world, session, at, by="office", reason="评委会一致要求", **changes):
    return propose_rule(
        session_id=session.pk,
        rule=options(session, **(changes or MEDIAN)),
        reason=reason,
        by=world.here.people[by],
        at=at,
    )


def verified(world, tmp_path):
    import json

    import verify_result

    path = tmp_path / "record.json"
    path.write_text(json.dumps(round_record(world.here.round), ensure_ascii=False))
    document = verify_result.load(str(path))
    return [verify_result.check_session(s) for s in document["sessions"]]


def test_a_change_takes_effect_when_the_leader_says_so(world, at, tmp_path):
    session, (entry,) = open_session(world, at)
    who, old = world.here.people, session.rule_digest
    for key, less in (("judge", "0"), ("second_judge", "2"), ("third_judge", "4")):
        hand_in(session, entry, who[key], at, marks=full_marks(session, less))
    change = propose(world, session, at)
    session.refresh_from_db()
    assert session.rule_digest == old
    with pytest.raises(ChangeWaits):
        propose(world, session, at)
    with pytest.raises(services.lock.RuleChangeWaits):
        lock(world, session, at)
    decide_rule(change_id=change.pk, approve=True, words="同意", by=who["leader"], at=at)
    session.refresh_from_db()
    assert (session.rule["version"], session.rule["aggregate"]) == ("v2", "median")
    assert session.rule_digest == change.new_digest != old
    with pytest.raises(ChangeDecided):
        decide_rule(change_id=change.pk, approve=False, words="x", by=who["leader"], at=at)
    lock(world, session, at)
    session.refresh_from_db()
    assert session.result.scoring["rule"]["version"] == "v2"
    assert "规则v2" in signed_in(who["office"]).get(f"/sessions/{session.pk}/").content.decode()
    (verdict,) = verified(world, tmp_path)
    assert verdict.findings == []
    assert any("由 v1 变更为 v2" in note for note in verdict.notes)


def test_refused_is_on_record_and_changes_nothing(world, at):
    session, _ = open_session(world, at)
    change, before = propose(world, session, at), Session.objects.values().get()
    with pytest.raises(services.setup.NoReason):
        decide_rule(change_id=change.pk, approve=False, words=" ", by=world.here.people["leader"], at=at)
    decide_rule(change_id=change.pk, approve=False, words="不必", by=world.here.people["leader"], at=at)
    assert Session.objects.values().get() == before
    assert propose(world, session, at).pk != change.pk


def test_what_is_refused_and_who(world, at):
    session, _ = open_session(world, at)
    who = world.here.people
    with pytest.raises(services.setup.NoReason):
        propose(world, session, at, reason=" ")
    with pytest.raises(NothingChanges):
        propose_rule(session_id=session.pk, rule=session.rule, reason="x", by=who["office"], at=at)
    criteria = [{**c, "max": "99"} for c in session.rule["criteria"]]
    with pytest.raises(CriteriaStay):
        propose_rule(
            session_id=session.pk, rule=services.make_rule(criteria, quorum=2), reason="x", by=who["office"], at=at
        )
    for by in ("host", "leader", "supervisor", "judge", "community"):
        with pytest.raises(NotAllowed):
            propose(world, session, at, by=by)
    change = propose(world, session, at)
    for by in (who["office"], who["supervisor"], world.there.people["leader"]):
        with pytest.raises(NotAllowed):
            decide_rule(change_id=change.pk, approve=True, words="", by=by, at=at)
    RoleGrant.objects.filter(user=who["office"]).update(role="leader")  # promoted meanwhile
    with pytest.raises(ProposerDecides):
        decide_rule(change_id=change.pk, approve=True, words="", by=User.objects.get(pk=who["office"].pk), at=at)
    grant_role(user=who["judge"], role=Role.LEADER, area=world.here.area, at=at, by=None)
    with pytest.raises(JudgeDecides):
        decide_rule(change_id=change.pk, approve=True, words="", by=User.objects.get(pk=who["judge"].pk), at=at)


def test_the_database_knows_both_ways(world, at):
    session, (entry,) = open_session(world, at)
    change = propose(world, session, at)
    for wrong in (
        lambda: Session.objects.filter(pk=session.pk).update(rule=change.new_rule, rule_digest=change.new_digest),
        lambda: RuleChange.objects.filter(pk=change.pk).update(
            state="applied", decided_by=change.proposed_by, decided_at=at
        ),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            wrong()
    decide_rule(change_id=change.pk, approve=False, words="不", by=world.here.people["leader"], at=at)
    hand_in(session, entry, world.here.people["judge"], at)
    lock(world, session, at)
    note = add_note(session_id=session.pk, words="在场", by=world.here.people["supervisor"], at=at)
    row = ask_unlock(session_id=session.pk, reason="x", by=world.here.people["office"], at=at)
    for wrong in (
        lambda: RuleChange.objects.update(reason="y"),
        lambda: RuleChange.objects.all().delete(),
        lambda: SupervisorNote.objects.filter(pk=note.pk).update(words="y"),
        note.delete,
        lambda: Session.objects.filter(pk=session.pk).update(state="scoring", locked_at=None, current=None),
        lambda: Unlock.objects.filter(pk=row.pk).update(state="done"),
        lambda: Session.objects.filter(pk=session.pk).update(current=None),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            wrong()


def unlocked(world, session, at):
    who = world.here.people
    row = ask_unlock(session_id=session.pk, reason="录入有误", by=who["office"], at=at)
    sign_unlock(unlock_id=row.pk, by=who["supervisor"], at=at)
    return sign_unlock(unlock_id=row.pk, by=who["leader"], at=at)


def test_a_lock_is_undone_by_leader_and_supervisor_and_both_results_stay(world, at, tmp_path):
    session, (entry,) = open_session(world, at)
    who, later = world.here.people, at + timedelta(hours=2)
    for key in ("judge", "second_judge", "third_judge"):
        hand_in(session, entry, who[key], at, marks=full_marks(session, "2"))
    first = lock(world, session, at)
    plan = draft_plan(
        result_id=first.pk, by=who["office"], pool=world.here.round.budget, at=later, method={"name": "rank", "on_misfit": "skip", "partial": True},
        limits={"min_score": None, "max_awards": None, "groups": []},
    )  # fmt: skip
    with pytest.raises(services.ScoringClosed):
        hand_in(session, entry, who["judge"], later, base=1)
    direct(session_id=session.pk, act="final", by=who["office"], at=later)
    assert unlocked(world, session, later).state == "done"
    session.refresh_from_db()
    assert (session.stage.phase, session.stage.revealed) == ("waiting", 0)
    assert (session.state, session.current, session.head, session.locked_at) == ("scoring", None, "", None)
    with pytest.raises(ResultSuperseded):
        submit_plan(plan_id=plan.pk, by=who["office"], at=later)
    hand_in(session, entry, who["judge"], later, base=1, client="anew")
    second = lock(world, session, later)
    session.refresh_from_db()
    assert [(r.number, r.pk) for r in Result.objects.order_by("pk")] == [(1, first.pk), (2, second.pk)]
    assert session.result == second
    assert first.lines.get().score != second.lines.get().score
    assert set(Move.objects.values_list("kind", flat=True)) == {"submitted", "late"}
    (verdict,) = verified(world, tmp_path)
    assert verdict.findings == []
    assert any("录入有误" in note for note in verdict.notes)
    publish(world, session, later)
    with pytest.raises(NotUnlockable):
        ask_unlock(session_id=session.pk, reason="x", by=who["office"], at=later)


def test_unlocking_is_refused_to_one_alone_to_judges_and_to_strangers(world, at):
    session, _ = open_session(world, at)
    who = world.here.people
    with pytest.raises(NotUnlockable):
        ask_unlock(session_id=session.pk, reason="x", by=who["office"], at=at)
    lock(world, session, at)
    for by in (who["host"], who["supervisor"], who["community"], world.there.people["leader"]):
        with pytest.raises(NotAllowed):
            ask_unlock(session_id=session.pk, reason="x", by=by, at=at)
    row = ask_unlock(session_id=session.pk, reason="x", by=who["leader"], at=at)
    with pytest.raises(UnlockWaits):
        ask_unlock(session_id=session.pk, reason="x", by=who["office"], at=at)
    sign_unlock(unlock_id=row.pk, by=who["leader"], at=at)
    with pytest.raises(OneSigns):
        sign_unlock(unlock_id=row.pk, by=who["leader"], at=at)
    for by in (who["office"], who["finance"], world.there.people["supervisor"]):
        with pytest.raises(NotAllowed):
            sign_unlock(unlock_id=row.pk, by=by, at=at)
    with pytest.raises(UnlockOver):
        sign_unlock(unlock_id=row.pk, by=who["supervisor"], at=at + timedelta(hours=24))
    withdraw_unlock(unlock_id=row.pk, by=who["office"], at=at)
    with pytest.raises(UnlockOver):
        sign_unlock(unlock_id=row.pk, by=who["supervisor"], at=at)
    assert Session.objects.get().state == "locked"


@pytest.mark.django_db(transaction=True)
def test_two_leaders_approve_at_once_and_it_changes_once(at):
    world = build(at)
    session, _ = open_session(world, at)
    change = propose(world, session, at)
    start, seen = threading.Barrier(2), []

    def approve():
        start.wait()
        try:
            decide_rule(change_id=change.pk, approve=True, words="", by=world.here.people["leader"], at=at)
            seen.append("done")
        except ChangeDecided:
            seen.append("known")
        finally:
            connection.close()

    threads = [threading.Thread(target=approve) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["done", "known"]
    assert Session.objects.get().rule["version"] == "v2"


def test_the_supervisor_sees_the_process_and_writes_only_notes(world, at):
    session, (entry,) = open_session(world, at)
    who = world.here.people
    hand_in(session, entry, who["judge"], at, marks=full_marks(session, "1.5"))
    url = f"/sessions/{session.pk}/watch/"
    watcher = signed_in(who["supervisor"])
    page = watcher.get(url).content.decode()
    assert "提交" in page
    assert "91.00" not in page
    assert watcher.post(f"{url}note/", {"words": ""}).status_code == 200
    assert watcher.post(f"{url}note/", {"words": "三号评委迟到十分钟", "entry": entry.pk}).status_code == 302
    for role in ("office", "leader", "supervisor"):
        assert "三号评委迟到十分钟" in signed_in(who[role]).get(url).content.decode()
    assert signed_in(who["host"]).get(url).status_code == 403
    assert signed_in(who["office"]).post(f"{url}note/", {"words": "x"}).status_code == 403
    assert signed_in(world.there.people["supervisor"]).get(url).status_code == 404
    assert Judge.objects.get(session=session, seat=1).moves == 1


def test_pages_lead_through_both_acts(world, at):
    session, _ = open_session(world, at)
    office, leader, watcher = (signed_in(world.here.people[k]) for k in ("office", "leader", "supervisor"))
    url = f"/sessions/{session.pk}/rule/change/"
    page = office.get(url)
    form = page.context["rule_form"]
    sent = {name: form.initial.get(name, "") or "" for name in form.fields}
    sent |= {"part": "propose", "aggregate": "median", "why-reason": ""}
    refused = office.post(url, sent)
    assert refused.status_code == 400
    assert office.post(url, sent | {"why-reason": "评委会要求"}).status_code == 302
    assert "改为" in leader.get(url).content.decode()
    assert office.post(url, {"part": "decide", "do": "approve"}).status_code == 403
    assert leader.post(url, {"part": "decide", "do": "approve"}).status_code == 302
    assert "v2" in leader.get(url).content.decode()
    lock(world, session, at)
    url = f"/sessions/{session.pk}/unlock/"
    assert office.post(url, {"do": "ask", "reason": ""}).status_code == 409
    assert office.post(url, {"do": "ask", "reason": "录错"}).status_code == 302
    assert office.post(url, {"do": "sign"}).status_code == 403
    assert leader.post(url, {"do": "sign"}).status_code == 302
    assert watcher.post(url, {"do": "sign"}).status_code == 302
    assert Session.objects.get().state == "scoring"
    assert leader.post(url, {"do": "sign"}).status_code == 302
