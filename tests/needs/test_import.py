"""Importing a workbook: template, dry run, errors by place, repeats, confirming once, limits."""

import io
import threading
import time
from datetime import datetime, timedelta
from datetime import time as dtime

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from core import clock
from core.errors import NotAllowed
from messaging.models import Notice
from needs import services
from needs.domain.sheet import COLUMNS, EXAMPLE_WORDS
from needs.exports.template import write_template
from needs.models import Need, NeedImport, NeedStep
from portal.invariants import broken
from tests.needs.files import HEAD, upload, workbook
from tests.needs.make import post
from tests.world import build

GOOD = [["入户走访", "环境卫生", "楼道灯坏了，晚上看不见。"], ["热线电话", "文体娱乐", "想要一张乒乓球桌"]]


@pytest.fixture(autouse=True)
def _today(monkeypatch, at):
    monkeypatch.setattr(clock, "now", lambda: at)


@pytest.fixture
def clerk(world):
    return client(world.here.people["community"])


def client(user):
    found = Client()
    found.force_login(user)
    return found


def read(world, at, file, who="community"):
    return services.read_import(file=file, by=world.here.people[who], at=at)


def full(**cells):
    """A row with all columns."""
    usual = {"渠道": "入户走访", "类别": "环境卫生", "居民的原话": "楼道灯坏了"} | cells
    return [usual.get(title) for title in COLUMNS]


def faults(found):
    return [(row, column, message) for _sheet, row, column, message in found.faults]


def test_from_the_template_to_the_ledger(world, at, clerk):
    answer = clerk.get("/needs/import/template/")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    assert book.sheetnames == ["需求", "填写说明", "选项"]
    page = book["需求"]
    assert [c.value.removesuffix("（必填）") for c in page[1]] == list(COLUMNS)
    assert page["F2"].value == EXAMPLE_WORDS
    lists = {str(v.sqref).split(":")[0]: v.formula1 for v in page.data_validations.dataValidation}
    assert set(lists) == {"B2", "C2", "D2", "E2", "H2", "L2"}
    choices = book["选项"]
    assert [c.value for c in choices["A"] if c.value] == ["社区", "溡源社区"]
    assert "线上提交" not in [c.value for c in choices["C"]]
    said = full(
        网格="第一网格",
        涉及人数="12 人",
        紧急程度="紧急",
        收集日期="2026年11月20日",
        怎么称呼="王",
        联系电话="138 0000 1234",
        本人同意="是",
    )
    for row in (said, full(社区="溡源", 类别="其他", 居民的原话="第二件")):
        page.append(row)
    out = io.BytesIO()
    book.save(out)

    answer = clerk.post("/needs/import/", {"file": upload(out.getvalue())})
    found = NeedImport.objects.get()
    assert answer["Location"] == f"/needs/import/{found.pk}/"
    assert (found.faults, found.notes, len(found.lines)) == ([], [], 2)
    assert not Need.objects.exists()
    shown = clerk.get(answer["Location"]).content.decode()
    assert "2 行都能导入" in shown
    assert "13800001234" not in shown

    clerk.post(answer["Location"], {"twins": "skip"})
    one, two = Need.objects.order_by("pk")
    assert (one.channel, one.category, one.urgency, one.people_count) == ("visit", "environment", "high", 12)
    assert (one.grid, one.contact_name, one.contact_phone) == (world.here.grid, "王", "13800001234")
    assert clock.local(one.collected_at).isoformat() == "2026-11-20T12:00:00+08:00"
    assert (two.words, two.collected_at, two.consented_at) == ("第二件", at, None)
    found.refresh_from_db()
    assert (found.count, found.lines) == (2, [])
    assert "登记了 2 件需求" in clerk.get(answer["Location"]).content.decode()
    assert list(broken()) == []


def test_imported_needs_are_like_those_of_the_form(world, at):
    typed = post(world, at, words=GOOD[0][2], people_count=1)
    found = read(world, at, workbook(GOOD))
    services.confirm_import(import_id=found.pk, with_twins=True, by=world.here.people["community"], at=at)
    twin = Need.objects.get(words=typed.words, pk__gt=typed.pk)
    own = {"id", "number", "tracking_code", "once_key"}
    plain = [
        {f.attname: getattr(n, f.attname) for f in Need._meta.concrete_fields if f.name not in own}
        for n in (typed, twin)
    ]
    assert plain[0] == plain[1]
    steps = [
        list(n.steps.values("act", "from_state", "to_state", "by", "by_name", "by_role", "at", "words"))
        for n in (typed, twin)
    ]
    assert steps[0] == steps[1]
    events = Event.objects.filter(verb="needs.posted").order_by("pk")
    assert [e.facts["number"] for e in events if e.object_id == twin.pk] == [twin.number]
    imported = Event.objects.get(verb="needs.imported")
    assert (imported.facts["count"], imported.scope_id) == (2, world.here.area.pk)


@pytest.mark.parametrize(
    ("cells", "column", "message"),
    [
        ({"渠道": "飞鸽"}, "D 列“渠道”", "“飞鸽”不在渠道的选项里"),
        ({"渠道": "线上提交"}, "D 列“渠道”", "“线上提交”不在渠道的选项里"),
        ({"类别": None}, "E 列“类别”", "没有填类别。"),
        ({"类别": "environment"}, "E 列“类别”", "不在类别的选项里"),
        ({"居民的原话": None}, "F 列“居民的原话”", "没有填居民的原话。"),
        ({"居民的原话": "灯" * 1001}, "F 列“居民的原话”", "有 1001 个字"),
        ({"居民的原话": '=HYPERLINK("http://x.invalid")'}, "F 列“居民的原话”", "这一格是公式"),
        ({"居民的原话": "@SUM(A1)"}, "F 列“居民的原话”", "像是公式"),
        ({"居民的原话": "-2+3"}, "F 列“居民的原话”", "像是公式"),
        ({"怎么称呼": "+cmd|' /C calc'!A0", "本人同意": "是"}, "J 列“怎么称呼”", "像是公式"),
        ({"社区": "东湖社区"}, "B 列“社区”", "“东湖社区”不是您能登记的社区"),
        ({"社区": "云秀社区"}, "B 列“社区”", "不是您能登记的社区"),
        ({"网格": "第九网格"}, "C 列“网格”", "没有“第九网格”这个网格"),
        ({"涉及人数": 0}, "G 列“涉及人数”", "不是 1 至 100 万"),
        ({"涉及人数": 1.5}, "G 列“涉及人数”", "不是 1 至 100 万"),
        ({"涉及人数": "９９９９９９９９"}, "G 列“涉及人数”", "不是 1 至 100 万"),
        ({"紧急程度": "特急"}, "H 列“紧急程度”", "不在紧急程度的选项里"),
        ({"收集日期": "2026-13-01"}, "I 列“收集日期”", "不是日期"),
        ({"收集日期": "2026-11-24"}, "I 列“收集日期”", "在今天以后"),
        ({"收集日期": "2023-01-01"}, "I 列“收集日期”", "两年以前"),
        ({"联系电话": "12345", "本人同意": "是"}, "K 列“联系电话”", "请填写 11 位手机号"),
        ({"联系电话": 13800001234}, "L 列“本人同意”", "须在这一列填“是”"),
        ({"居民的原话": "#N/A"}, "F 列“居民的原话”", "这一格是错误值 #N/A"),
        ({"收集日期": datetime(2026, 11, 24)}, "I 列“收集日期”", "在今天以后"),
        ({"收集日期": dtime(10, 30)}, "I 列“收集日期”", "不是日期"),
        ({"序号": "示例"}, "A 列“序号”", "还标着“示例”"),
    ],
)
def test_each_error_is_named_by_row_and_column(world, at, clerk, cells, column, message):
    found = read(world, at, workbook([full(), full(**cells)], COLUMNS))
    [(row, where, said)] = faults(found)
    assert (row, where) == (3, column)
    assert message in said
    page = clerk.get(f"/needs/import/{found.pk}/").content.decode()
    assert column in page
    assert "确认导入" not in page
    with pytest.raises(services.ImportHasFaults):
        services.confirm_import(import_id=found.pk, with_twins=True, by=world.here.people["community"], at=at)
    assert not Need.objects.exists()


def test_dates_and_numbers_as_a_spreadsheet_keeps_them(world, at):
    cells = {"收集日期": datetime(2026, 11, 20), "涉及人数": 12.0, "联系电话": 13800001234.0, "本人同意": True}
    found = read(world, at, workbook([full(**cells), full(收集日期="2026/1/2")], COLUMNS))
    one, two = found.lines
    assert (one["on"], one["people_count"], one["contact_phone"], two["on"]) == (
        "2026-11-20",
        12,
        "13800001234",
        "2026-01-02",
    )


def test_sheets_with_and_without_our_head(world, at):
    also = [("填写说明", [["居民的原话"], ["x"]]), ("二组", [HEAD, ["热线电话", "错", "乙"]]), ("草稿", [["随便"]])]
    found = read(world, at, workbook(GOOD, also=also))
    assert found.faults == [["二组", 2, "B 列“类别”", found.faults[0][3]]]
    assert found.notes == ["工作表“草稿”的第一行没有“居民的原话”这一列，没有读。"]
    assert faults(read(world, at, workbook([], ["随便"])))[0][2].startswith("没有找到要导入的工作表")
    assert faults(read(world, at, workbook([])))[0][2] == "表里没有填写任何需求。"
    assert faults(read(world, at, workbook(GOOD, ["渠道", "渠道", "居民的原话"])))[0][2].startswith("这一列出现了两次")
    assert faults(read(world, at, workbook([["x"]], ["居民的原话"])))[1][1] == "“类别”"
    told = read(world, at, workbook([[*GOOD[0], 1]], [*HEAD, "备注"]))
    assert told.notes == ["工作表“需求”的这些列没有读：备注。"]
    private = read(world, at, workbook([["入户走访", "其他", "请打 13800001234 找我"]]))
    assert "像是有手机号" in private.notes[0]


def test_the_office_names_the_community_and_never_one_of_another_street(world, at):
    rows = [
        full(社区="云秀社区"),
        full(社区="甲街道 溡源社区", 网格="溡源社区第一网格"),
        full(),
        full(社区="西岭社区"),
        full(社区="云秀社区", 网格="第一网格"),
    ]
    found = read(world, at, workbook(rows, COLUMNS), "office")
    assert [(row, column) for row, column, _ in faults(found)] == [
        (4, "B 列“社区”"),
        (5, "B 列“社区”"),
        (6, "C 列“网格”"),
    ]
    good = services.good_rows(found)
    assert [r["community"] for r in good] == [world.here.communities[1].pk, world.here.communities[0].pk]
    assert good[1]["grid"] == world.here.grid.pk


def test_repeats_are_shown_and_left_out_unless_wished(world, at):
    known = post(world, at, words="楼道灯坏了，晚上看不见。")
    rows = [
        *GOOD,
        GOOD[1],
        ["热线电话", "环境卫生", "晚上楼道灯坏了看不见"],
        ["热线电话", "环境卫生", "河边的草该割了"],
    ]
    found = read(world, at, workbook(rows))
    same, other, copy, alike, new = [r["twin"] for r in found.lines]
    assert same == {"same": True, "need": known.pk, "number": known.number}
    assert copy == {"same": True, "sheet": "需求", "row": 3}
    assert alike == {"same": False, "need": known.pk, "number": known.number}
    assert (other, new) == (None, None)
    by = world.here.people["community"]
    assert services.confirm_import(import_id=found.pk, with_twins=False, by=by, at=at) == 2
    more = read(world, at, workbook(rows))
    assert services.confirm_import(import_id=more.pk, with_twins=True, by=by, at=at) == 5
    only_old = read(world, at, workbook(rows))
    assert services.confirm_import(import_id=only_old.pk, with_twins=False, by=by, at=at) == 0
    assert Need.objects.count() == 8


def test_a_need_of_another_community_is_no_repeat_and_is_not_shown(world, at):
    post(world, at, community=world.here.communities[1], by=world.here.people["office"], words=GOOD[0][2])
    assert [r["twin"] for r in read(world, at, workbook(GOOD)).lines] == [None, None]


def test_confirming_twice_imports_once_and_the_same_file_is_recognized(world, at, clerk):
    data = workbook(GOOD).read()
    found = read(world, at, upload(data))
    url = f"/needs/import/{found.pk}/"
    assert clerk.post(url, {"twins": "skip"}).status_code == 302
    assert "已经导入过" in clerk.post(url, {"twins": "all"}, follow=True).content.decode()
    assert Need.objects.count() == 2
    again = read(world, at, upload(data))
    body = clerk.get(f"/needs/import/{again.pk}/").content.decode()
    assert "这个文件您在" in body
    assert "2 行疑似重复" in body
    assert NeedImport.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_once_import_once(at):
    world = build(at)
    found = read(world, at, workbook(GOOD))
    by, counts = world.here.people["community"], []

    def confirm():
        counts.append(services.confirm_import(import_id=found.pk, with_twins=True, by=by, at=at))
        connection.close()

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert counts == [2, 2]
    assert Need.objects.count() == 2


def test_all_or_nothing(world, at, monkeypatch):
    found = read(world, at, workbook(GOOD))
    monkeypatch.setattr("needs.services.many.record_many", lambda **_kw: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        services.confirm_import(import_id=found.pk, with_twins=True, by=world.here.people["community"], at=at)
    found.refresh_from_db()
    assert (Need.objects.count(), NeedStep.objects.count(), found.done_at, len(found.lines)) == (0, 0, None, 2)


def test_a_worker_who_lost_the_role_confirms_nothing(world, at):
    found = read(world, at, workbook(GOOD))
    by = world.here.people["community"]
    by.grants.all().delete()
    del by._held
    with pytest.raises(NotAllowed):
        services.confirm_import(import_id=found.pk, with_twins=True, by=by, at=at)
    assert not Need.objects.exists()


def test_what_was_read_is_ones_own_and_forgotten_after_a_day(world, at, clerk):
    found = read(world, at, workbook(GOOD))
    for who in ("office", "grid", "leader"):
        assert client(world.here.people[who]).get(f"/needs/import/{found.pk}/").status_code == 404
    late = at + timedelta(hours=25)
    with pytest.raises(services.ImportGone):
        services.confirm_import(import_id=found.pk, with_twins=True, by=world.here.people["community"], at=late)
    services.sweep(at=at + timedelta(hours=23))
    assert NeedImport.objects.count() == 1
    services.sweep(at=late)
    assert NeedImport.objects.count() == 0


def test_who_answers_for_the_needs_is_told_once(world, at):
    services.set_duty(
        area=world.here.communities[0],
        worker=world.here.people["grid"],
        deputy=None,
        by=world.here.people["community"],
        at=at,
    )
    found = read(world, at, workbook(GOOD), "community")
    services.confirm_import(import_id=found.pk, with_twins=True, by=world.here.people["community"], at=at)
    notice = Notice.objects.get()
    assert (notice.recipient, notice.subject) == (world.here.people["grid"], "新需求待办：2 件")
    assert "灯" not in notice.body


@pytest.mark.parametrize("data", [b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, b"PK\x03\x04rest", b"a,b"])
def test_files_that_are_none_are_refused_at_the_field(clerk, data):
    answer = clerk.post("/needs/import/", {"file": upload(data, "表.xls")})
    assert answer.status_code == 400
    assert answer.context["form"].errors["file"]
    assert clerk.post("/needs/import/", {}).status_code == 400
    assert not NeedImport.objects.exists()


def test_script_in_a_cell_is_shown_as_text(world, at, clerk):
    rows = [["入户走访", "其他", "<script>alert(1)</script>"], ["入户走访", "<img src=x onerror=alert(1)>", "x"]]
    bad = read(world, at, workbook(rows, sheet="<b>表"))
    good = read(world, at, workbook(rows[:1], name="<i>.xlsx"))
    for found in (bad, good):
        page = clerk.get(f"/needs/import/{found.pk}/").content.decode()
        assert not {p for p in ("<script>alert", "<img src=x", "<b>表", "<i>.xlsx") if p in page}


def big(count):
    kinds = ["环境卫生", "平安治理", "其他"]
    return [
        [
            "入户走访",
            kinds[i % 3],
            f"{i % 97}号楼{i}单元的路灯和楼道灯坏了第{i}次，{chr(0x4E00 + i)}{chr(0x5000 + i)}请来修",
        ]
        for i in range(count)
    ]


def test_two_thousand_rows_in_time_and_in_a_fixed_number_of_statements(world, at, clerk):
    counts = []
    for rows in (3, 2000):
        data = workbook(big(rows)).read()
        began = time.monotonic()
        with CaptureQueriesContext(connection) as reading:
            assert clerk.post("/needs/import/", {"file": upload(data)}).status_code == 302
        took = time.monotonic() - began
        found = NeedImport.objects.latest("pk")
        assert len(found.lines) == rows
        with CaptureQueriesContext(connection) as looking:
            clerk.get(f"/needs/import/{found.pk}/")
        began = time.monotonic()
        with CaptureQueriesContext(connection) as writing:
            assert clerk.post(f"/needs/import/{found.pk}/", {"twins": "all"}).status_code == 302
        assert took < 15
        assert time.monotonic() - began < 15
        counts.append((len(reading), len(looking), len(writing)))
    # bulk inserts go in blocks of five hundred: four of them instead of one, for needs, steps and records
    assert counts[1][:2] == counts[0][:2]
    assert counts[1][2] - counts[0][2] <= 9
    assert Need.objects.count() == 2003
    too_many = read(world, at, workbook(big(2001)))
    assert "一次最多 2,000 行" in faults(too_many)[0][2]


def test_the_template_opens_for_an_office_without_grids(world):
    data = write_template([], [])
    assert openpyxl.load_workbook(data).sheetnames[0] == "需求"


def test_the_file_of_faults_comes_back_mended_and_is_imported(world, at, clerk):
    rows = [GOOD[0], ["热线", "文体娱乐", "=1+1"], ["微信", None, "想要一张乒乓球桌"]]
    clerk.post("/needs/import/", {"file": workbook(rows, name="五月.xlsx")})
    found = NeedImport.objects.get()
    page = clerk.get(f"/needs/import/{found.pk}/").content.decode()
    assert "1 行没有错误，2 行有错误" in page
    answer = clerk.get(f"/needs/import/{found.pk}/errors/")
    assert "%E4%BA%94%E6%9C%88" in answer["Content-Disposition"]
    data = b"".join(answer)
    assert data == b"".join(clerk.get(f"/needs/import/{found.pk}/errors/"))
    sheet = openpyxl.load_workbook(io.BytesIO(data))["需求"]
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert table[0] == [*HEAD, "错误原因"]
    assert table[1] == [*GOOD[0], None]
    assert table[2][:3] == ["热线", "文体娱乐", None]
    assert table[2][3].startswith("A 列“渠道”：“热线”不在渠道的选项里") and "公式" in table[2][3]
    assert (
        table[3][3]
        == "A 列“渠道”：“微信”不在渠道的选项里，请从下拉框选："
        + table[2][3].split("请从下拉框选：")[1].split("\n")[0]
        + "\nB 列“类别”：没有填类别。"
    )
    red = {(cell.row, cell.column) for row in sheet.iter_rows() for cell in row if cell.fill.fgColor.rgb == "FFFFC7CE"}
    assert red == {(3, 1), (3, 3), (4, 1), (4, 2)}
    assert {str(d.sqref) for d in sheet.data_validations.dataValidation} == {"A2:A2002", "B2:B2002"}
    sheet["A3"], sheet["C3"], sheet["A4"], sheet["B4"] = "热线电话", "想学跳舞", "热线电话", "其他"
    out = io.BytesIO()
    sheet.parent.save(out)
    clerk.post("/needs/import/", {"file": upload(out.getvalue())})
    again = NeedImport.objects.order_by("pk").last()
    assert (again.faults, again.notes, len(again.lines)) == ([], [], 3)
    assert clerk.get(f"/needs/import/{again.pk}/errors/").status_code == 404
    assert services.confirm_import(import_id=again.pk, with_twins=True, by=world.here.people["community"], at=at) == 3


def test_the_file_of_faults_is_ones_own_and_only_of_rows(world, at, clerk):
    clerk.post("/needs/import/", {"file": workbook([["热线", "其他", "灯坏了"]])})
    found = NeedImport.objects.get()
    other = world.here.people["office"]
    assert client(other).get(f"/needs/import/{found.pk}/errors/").status_code == 404
    clerk.post("/needs/import/", {"file": workbook([["热线电话", "灯坏了"]], head=["渠道", "居民的原话"])})
    headless = NeedImport.objects.order_by("pk").last()
    assert headless.faults and services.typed_rows(headless) == []
    assert clerk.get(f"/needs/import/{headless.pk}/errors/").status_code == 404
