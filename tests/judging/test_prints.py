"""Papers of the result, ready at once, and why a project has its score: who reads what, and that it adds up."""

import re
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import Job
from jobs.services import run_job
from jobs.storage import place_of
from judging import services
from judging.models import Judge, ScoreSheet
from judging.services.stage import set_pace
from tests.judging.make import full_marks, lock, make_session, open_session, publish, signed_in
from tests.world import person

GAPS = "一二三四"


def judged(world, at, entries=3, judges=5):
    people = [person(f"pj{i}", at) for i in range(judges)]
    session, found = open_session(world, at, entries=entries, judges=people)
    for i, judge in enumerate(people):
        for n, entry in enumerate(found):
            if (i, n) == (0, 0):
                continue
            services.save_sheet(
                entry_id=entry.pk, judge=judge, marks=full_marks(session, str(Decimal((i + n) % 7) / 2)), submit=True, at=at,
                request=services.Request(client_id=f"{i}-{n}"), comment=f"第{GAPS[i % 4]}条意见" if n == 1 else "",
            )  # fmt: skip
    lock(world, session, at)
    session.refresh_from_db()
    return session, found, people


def text_of(client, url):
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def test_the_tally_prints_every_total_and_marks_what_was_left_out(world, at):
    session, _, _ = judged(world, at)
    page = text_of(signed_in(world.here.people["office"]), f"/sessions/{session.pk}/print/e6/")
    totals = list(ScoreSheet.objects.filter(state="submitted").values_list("total", flat=True))
    assert sum(page.count(f">{t:.2f}") > 0 for t in totals) == len(totals)
    assert page.count("paper-out") == 4  # two projects with five sheets, one high and one low each
    assert re.search(r"锁定校验码 ([0-9A-F]{4} ){3}[0-9A-F]{4}", page)
    for word in ("计分员", "复核", "监督员", "评委会主任", "规则v1", "未评"):
        assert word in page


def test_forty_judges_are_split_on_a4_and_fit_twice_on_a3(world, at):
    session, _, _ = judged(world, at, entries=2, judges=22)
    office = signed_in(world.here.people["office"])
    url = f"/sessions/{session.pk}/print/e6/"
    assert text_of(office, url).count('class="paper-page"') == 3
    assert text_of(office, f"{url}?paper=a3").count('class="paper-page"') == 2


def test_a_sheet_per_judge_with_what_is_missing(world, at):
    session, _, people = judged(world, at)
    page = text_of(signed_in(world.here.people["host"]), f"/sessions/{session.pk}/print/e5/")
    assert page.count('class="paper-page"') == len(people)
    assert page.count(">缺评<") == 1
    assert "评委签名" in page


def test_papers_cost_the_same_whatever_their_size(world, at):
    session, _, _ = judged(world, at, entries=2, judges=3)
    office = signed_in(world.here.people["office"])
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            text_of(office, f"/sessions/{session.pk}/print/e5/")
        costs.append(len(seen))
    assert costs[1] <= 10


def test_who_may_print(world, at):
    session, _, people = judged(world, at)
    for key, status in (("leader", 200), ("supervisor", 200), ("community", 404), ("member", 404), ("finance", 404)):
        assert signed_in(world.here.people[key]).get(f"/sessions/{session.pk}/print/e6/").status_code == status
    assert signed_in(people[0]).get(f"/sessions/{session.pk}/print/e5/").status_code == 404
    assert signed_in(world.there.people["office"]).get(f"/sessions/{session.pk}/print/e6/").status_code == 404
    for wrong in ("e7", "e9"):
        assert signed_in(world.here.people["office"]).get(f"/sessions/{session.pk}/print/{wrong}/").status_code == 404


def test_e5_in_excel_adds_up(world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    session, entries, people = judged(world, at)
    client = signed_in(world.here.people["office"])
    assert client.post(f"/sessions/{session.pk}/export/", {"what": "e5"}).status_code == 302
    job = Job.objects.get()
    run_job(job_id=job.pk, clock_now=lambda: at)
    job.refresh_from_db()
    assert (job.state, job.error) == ("done", "")
    path = tmp_path / "e5.xlsx"
    path.write_bytes(place_of(job.file).read_bytes())
    cached = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    live = openpyxl.load_workbook(path).worksheets[0]
    totals = sorted(ScoreSheet.objects.filter(state="submitted").values_list("total", flat=True))
    column = next(c.column for row in cached.iter_rows() for c in row if c.value == "合计" and c.column > 5)
    found = sorted(
        Decimal(str(r[column - 1].value)) for r in cached.iter_rows() if isinstance(r[column - 1].value, int | float)
    )
    assert found == totals
    assert sum(str(r[column - 1].value).startswith("=SUM(") for r in live.iter_rows()) == len(totals)
    assert len(entries) * len(people) == len(totals) + 1


def test_the_applicant_reads_why_after_publication_and_only_of_her_own(world, at):
    session, entries, people = judged(world, at)
    mine, other = entries[1], entries[2]
    member = signed_in(mine.proposal.organization.members.get().user)
    url = f"/sessions/{session.pk}/why/{mine.pk}/"
    assert member.get(url).status_code == 404
    publish(world, session, at)
    page = text_of(member, url)
    for i in range(4):
        assert f"第{GAPS[i]}条意见" in page
    for judge in Judge.objects.filter(session=session).select_related("user"):
        assert judge.user.display_name not in page
    assert mine.proposal.title in page
    assert member.get(f"/sessions/{session.pk}/why/{other.pk}/").status_code == 404
    assert url in text_of(member, f"/results/{session.pk}/")
    assert f"/why/{mine.pk}/" not in text_of(Client(), f"/results/{session.pk}/")
    assert signed_in(people[0]).get(url).status_code == 404
    assert signed_in(world.there.people["office"]).get(url).status_code == 404


def test_those_who_watch_read_why_from_the_lock_on(world, at):
    session, (entry,) = open_session(world, at)
    url = f"/sessions/{session.pk}/why/{entry.pk}/"
    office = signed_in(world.here.people["office"])
    assert office.get(url).status_code == 404
    services.save_sheet(
        entry_id=entry.pk, judge=world.here.people["judge"], marks=full_marks(session, "1"), submit=True, at=at,
        request=services.Request(client_id="1"),
    )  # fmt: skip
    lock(world, session, at)
    page = text_of(office, url)
    assert "不计分" in page  # one sheet of two
    assert signed_in(world.here.people["judge"]).get(url).status_code == 404
    assert signed_in(world.here.people["host"]).get(url).status_code == 404


@pytest.mark.parametrize("named", [False, True])
def test_names_only_where_the_session_says_so(world, at, named):
    session = make_session(world, at)
    office = world.here.people["office"]
    set_pace(session_id=session.pk, is_paced=False, opens_after=1, names_public=named, by=office, at=at)
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    services.open_scoring(session_id=session.pk, by=office, at=at)
    session.refresh_from_db()
    entry = session.entries.get()
    for key in ("judge", "second_judge", "third_judge"):
        services.save_sheet(
            entry_id=entry.pk, judge=world.here.people[key], marks=full_marks(session), submit=True, at=at,
            request=services.Request(client_id=key),
        )  # fmt: skip
    lock(world, session, at)
    publish(world, session, at + timedelta(hours=1))
    page = text_of(signed_in(entry.proposal.organization.members.get().user), f"/sessions/{session.pk}/why/{entry.pk}/")
    assert (world.here.people["judge"].display_name in page) is named
