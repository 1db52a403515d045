"""E17 in and out: faults by row and column, all or nothing, what a spreadsheet must not bring along."""

import io
import zipfile
from datetime import date, timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from core.errors import NotAllowed
from core.workbooks import BadWorkbook, read_workbook
from jobs.models import Job
from jobs.registry import Work, kind_of
from organizations import services
from organizations.domain.registry_sheet import COLUMNS, MOST_ROWS, Fault, Words, as_table, find_head, read_rows
from organizations.models import ImportRun, Organization, PartyRecord
from tests.judging.make import signed_in

USCC, OTHER = "91110000600037341L", "911101085923662400"
HEAD = ["名称", "统一社会信用代码", "类型", "所在社区", "成立日期", "法定代表人", "年检", "评估等级(A)", "党员数", "党组织形式", "支部名称或指导员", "入驻日期"]  # fmt: skip
NEW = [
    "晴天公益服务中心",
    USCC,
    "登记社会组织",
    "溡源社区",
    "2020年5月1日",
    "张某",
    "合格",
    "3a",
    4,
    "独立党支部",
    "晴天支部",
    date(2026, 1, 5),
]


def book(*rows, head=HEAD, sheet="表"):
    made = openpyxl.Workbook()
    made.active.title = sheet
    for row in (head, *rows):
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(world, at, content, by=None):
    """What was read, or None and the faults."""
    run = services.read_sheet(
        street=world.here.area,
        file=SimpleUploadedFile("表.xlsx", content),
        name="表.xlsx",
        by=by or world.here.people["office"],
        at=at,
    )
    return None if run.faults else run, [Fault(*one) for one in run.faults]


def said(faults):
    return [(f.row, f.column, f.message) for f in faults]


def test_reading_writes_nothing_and_applying_writes_all(world, at):
    known = world.here.organization
    content = book(NEW, [known.name, OTHER, "", "", "", "赵某", "", "", 0, "", "", ""])
    run, faults = read(world, at, content)
    assert faults == []
    assert Organization.objects.filter(street=world.here.area).count() == 2
    run = services.apply_sheet(run_id=run.pk, by=world.here.people["office"], at=at)
    assert (run.added, run.changed) == (1, 1)
    made = Organization.objects.get(uscc=USCC)
    assert (made.name, made.community, made.founded_on, made.inspection, made.grade, made.moved_in_on) == (
        "晴天公益服务中心", world.here.communities[0], date(2020, 5, 1), "passed", "3A", date(2026, 1, 5),
    )  # fmt: skip
    assert [(p.members, p.form, p.branch, p.counted_on) for p in made.party.all()] == [
        (4, "branch", "晴天支部", date(2026, 11, 23))
    ]
    known.refresh_from_db()
    assert (known.uscc, known.legal_name) == (OTHER, "赵某")
    assert [(p.members, p.form) for p in known.party.all()] == [(0, "none")]
    with pytest.raises(services.AlreadyApplied):
        services.apply_sheet(run_id=run.pk, by=world.here.people["office"], at=at)
    again, faults = read(world, at, content)
    assert faults == []
    done = services.apply_sheet(run_id=again.pk, by=world.here.people["office"], at=at)
    assert (done.added, done.changed) == (0, 0)
    assert PartyRecord.objects.count() == 2


def test_every_fault_is_said_by_row_and_column(world, at):
    known = world.here.organization
    with transaction.atomic():
        services.register(street=world.there.area, kind="social", name="外街组织", uscc=OTHER, at=at, by=None)
    rows = [
        ["", USCC, "登记社会组织"], ["甲", "91110000600037341X", "登记社会组织"], ["乙", "", "登记社会组织"], ["丙", "", "党组织"],
        ["丁", "", "社区（村）党组织"], ["戊", "", "备案队伍", "东湖社区"], ["己", "", "备案队伍", "", "2020-13-01"],
        ["庚", "", "备案队伍", "", "", "", "", "", "三"], ["辛", "", "备案队伍", "", "", "", "", "", 3, "独立党支部"], ["辛", "", "备案队伍"],
        ["壬", OTHER, "登记社会组织"], [known.name, "", "备案队伍"], ["癸", "", "备案队伍", "", "=TODAY()"], ["子" * 81, "", "备案队伍"],
        ["丑", "", "备案队伍", "", "", "", "", "", 1.5],
    ]  # fmt: skip
    run, faults = read(world, at, book(*rows))
    assert run is None
    assert said(faults) == [
        (2, "名称", "请填写名称。"),
        (3, "统一社会信用代码", "统一社会信用代码不正确，请核对登记证书上的 18 位代码。"),
        (4, "统一社会信用代码", "登记社会组织必须填写统一社会信用代码。"),
        (5, "类型", "没有“党组织”这个选项，可填：登记社会组织、社区（村）党组织、备案队伍、居民小组。"),
        (6, "所在社区", "社区（村）党组织必须写明所在社区。"),
        (7, "所在社区", "本街道没有“东湖社区”。"),
        (8, "成立日期", "请填写日期，例如 2026-11-23 或 2026年11月23日。"),
        (9, "党员数", "请填写 0 至 9999 的整数。"),
        (10, "支部名称或指导员", "请填写支部名称，或党建指导员的姓名。"),
        (11, "名称", "与第 10 行重复。"),
        (12, "统一社会信用代码", "这个代码已在别的街道登记。"),
        (13, "类型", f"“{known.name}”登记为登记社会组织，性质不能用导入修改。"),
        (14, "成立日期", "含有公式，请粘贴为数值。"),
        (15, "名称", "最多 80 个字。"),
        (16, "党员数", "请填写整数。"),
    ]
    found = ImportRun.objects.get()
    assert (found.content, sum(bool(row["why"]) for row in found.typed)) == ([], 15)
    with pytest.raises(services.SheetHasFaults):
        services.apply_sheet(run_id=found.pk, by=world.here.people["office"], at=at)
    assert not Organization.objects.filter(name="乙").exists()


def test_what_changed_between_reading_and_applying_stops_everything(world, at):
    office = world.here.people["office"]
    run, _ = read(world, at, book(["云秀队", "", "备案队伍"], NEW))
    with transaction.atomic():
        services.register(street=world.there.area, kind="social", name="外街组织", uscc=USCC, at=at, by=None)
    with pytest.raises(services.RegistryMoved, match="有 1 处对不上"):
        services.apply_sheet(run_id=run.pk, by=office, at=at)
    assert not Organization.objects.filter(name="云秀队").exists()
    for other in (world.there.people["office"], world.here.people["leader"]):
        with pytest.raises(NotAllowed):
            services.apply_sheet(run_id=run.pk, by=other, at=at)
        with pytest.raises(NotAllowed):
            read(world, at, book(NEW), by=other)


def altered(content, more=None, kinds=b""):
    """The file with further parts, its list of content types lengthened."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) + (kinds if name == "[Content_Types].xml" else b""))
        for name, data in (more or {}).items():
            new.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", "不是 Excel 文件"), (b"name,uscc\n", "不是 Excel 文件"), (b"PK\x03\x04broken", "已损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600, "旧版 .xls"), (altered(book(NEW), {"xl/vbaProject.bin": b"x"}), "有宏"),
        (altered(book(NEW), {"xl/externalLinks/externalLink1.xml": b"<x/>"}), "外部链接"),
        (altered(book(NEW), {"xl/embeddings/oleObject1.bin": b"x"}), "二进制内容"),
        (altered(book(NEW), {"xl/embeddings/package1.docx": b"x"}), "嵌入对象"),
        (altered(book(NEW), {"xl/activeX/activeX1.xml": b"x"}), "嵌入对象"),
        (altered(book(NEW), kinds=b"<!-- application/vnd.ms-excel.sheet.macroEnabled.main+xml -->"), "有宏"),
        (altered(book(NEW), {"xl/bomb.xml": b"0" * 31 * 1024 * 1024}), "解开后太大"),
        (altered(book(NEW), {f"xl/p{i}.xml": b"" for i in range(400)}), "解开后太大"),
        (book(*[[f"组织{i}"] for i in range(2010)]), "多于 2,000 行"), (b"0" * (5 * 1024 * 1024 + 1), "超过 5 MB"),
    ],
)  # fmt: skip
def test_what_is_no_plain_table_is_refused(content, refusal, world, at):
    with pytest.raises(BadWorkbook, match=refusal):
        read(world, at, content)
    assert not ImportRun.objects.exists()


def test_entities_are_not_expanded(world, at):
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    with zipfile.ZipFile(io.BytesIO(book(NEW))) as old:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as new:
            for name in old.namelist():
                new.writestr(name, bomb if name == "xl/workbook.xml" else old.read(name))
    with pytest.raises(BadWorkbook):
        read(world, at, out.getvalue())


def test_rows_keep_the_number_that_the_spreadsheet_gives_them():
    made = openpyxl.Workbook()
    made.active.append(HEAD)
    made.active["A5"], made.active["B5"], made.active["C5"], made.active["I5"] = "甲", True, "=1+1", 2.5
    out = io.BytesIO()
    made.save(out)
    table = as_table(read_workbook(SimpleUploadedFile("表.xlsx", out.getvalue()), most_rows=MOST_ROWS))
    assert (len(table), table[1:4], table[4][:2], str(table[4][8])) == (5, [[], [], []], ["甲", "是"], "2.5")
    for row in range(1900, 12_000, 1900):
        made.active[f"A{row}"] = "远"
    out = io.BytesIO()
    made.save(out)
    with pytest.raises(BadWorkbook):
        as_table(read_workbook(SimpleUploadedFile("表.xlsx", out.getvalue()), most_rows=MOST_ROWS) or [])


def test_the_head_is_found_below_a_title_and_by_other_names():
    words = Words(kinds={}, inspections={}, grades={}, forms={}, communities={}, code=str)
    table = [
        ["社会组织基本情况表"],
        [None],
        ["序号", "单位名称", "信用代码", "法 人"],
        [1, "甲", "X", "张"],
        ["合计", None],
        ["制表人：王"],
    ]
    rows, faults = read_rows(table, words)
    assert (rows, faults) == ([{"row": 4, "name": "甲", "uscc": "X", "legal_name": "张"}], [])
    assert find_head([["甲", "乙"]]) is None
    assert read_rows([["甲", "乙"]], words)[1][0].row == 1
    assert read_rows([["名称", "类型"]], words)[1][0].message == "表头下面没有内容。"


def test_what_is_exported_can_be_read_back(world, at, tmp_path):
    run, _ = read(world, at, book(NEW))
    services.apply_sheet(run_id=run.pk, by=world.here.people["office"], at=at)
    path = tmp_path / "e17.xlsx"
    kind_of("organizations.e17").builder(
        Work({"street": world.here.area.pk, "day": "2026-11-23"}, path, lambda *_: None)
    )
    page = openpyxl.load_workbook(path)["明细"]
    heads = [c.value for c in page[1]]
    row = next(r for r in page.iter_rows(min_row=2, values_only=True) if r[1] == "晴天公益服务中心")
    assert dict(zip(heads, row, strict=True))["统一社会信用代码"] == USCC
    # an organization without a code is registered by hand in this world, so the sheet names it
    Organization.objects.filter(street=world.here.area, uscc=None).update(kind="team")
    kind_of("organizations.e17").builder(
        Work({"street": world.here.area.pk, "day": "2026-11-23"}, path, lambda *_: None)
    )
    back, faults = read(world, at, path.read_bytes())
    assert faults == []
    done = services.apply_sheet(run_id=back.pk, by=world.here.people["office"], at=at)
    assert (done.added, done.changed) == (0, 0)


def test_pages_of_the_import(world, at):
    office = signed_in(world.here.people["office"])
    url = "/organizations/import/"
    blank = b"".join(office.get(f"{url}blank/").streaming_content)
    assert blank == b"".join(office.get(f"{url}blank/").streaming_content)
    nothing = office.post(url, {"file": SimpleUploadedFile("空.xlsx", blank)}, follow=True)
    assert "表头下面没有内容" in nothing.content.decode()
    wrong = office.post(url, {"file": SimpleUploadedFile("表.xlsx", book(["甲", "", "党"]))}, follow=True)
    assert "没有“党”这个选项" in wrong.content.decode()
    old = office.post(url, {"file": SimpleUploadedFile("表.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1aaaa")})
    assert "另存为 .xlsx" in old.content.decode()
    assert office.post(url, {}).context["form"].errors["file"][0].startswith("请选择要上传的文件")
    good = office.post(url, {"file": SimpleUploadedFile("表.xlsx", book(NEW))})
    assert "新登记" in office.get(good["Location"]).content.decode()
    assert office.post(good["Location"]).status_code == 302
    assert "新登记 1 个" in office.get(good["Location"]).content.decode()
    assert office.post(good["Location"]).status_code == 409
    assert signed_in(world.there.people["office"]).get(good["Location"]).status_code == 404
    assert office.post("/organizations/export/e17/").status_code == 302
    assert Job.objects.get().kind == "organizations.e17"


def test_a_bad_sheet_says_how_many_are_right_and_comes_back_with_the_reasons(world, at):
    office = signed_in(world.here.people["office"])
    rows = [["云秀队", "", "备案队伍"], ["东湖队", "", "队伍", "东湖社区"], ["", "", "备案队伍"]]
    url = office.post("/organizations/import/", {"file": SimpleUploadedFile("五月.xlsx", book(*rows))})["Location"]
    page = office.get(url).content.decode()
    assert "1 行没有错误，2 行有错误" in page
    assert "全部登记" not in page
    assert office.post(url).status_code == 409
    data = b"".join(office.get(f"{url}errors/"))
    assert data == b"".join(office.get(f"{url}errors/"))
    assert "%E4%BA%94%E6%9C%88" in office.get(f"{url}errors/")["Content-Disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(data))["表"]
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert table[0] == [*HEAD, "错误原因"]
    assert table[1][-1] is None
    assert table[2][-1].split("\n") == [
        "类型：没有“队伍”这个选项，可填：登记社会组织、社区（村）党组织、备案队伍、居民小组。",
        "所在社区：本街道没有“东湖社区”。",
    ]
    assert table[3][-1] == "名称：请填写名称。"
    red = {(cell.row, cell.column) for row in sheet.iter_rows() for cell in row if cell.fill.fgColor.rgb == "FFFFC7CE"}
    assert red == {(3, 3), (3, 4), (4, 1)}
    sheet["C3"], sheet["D3"], sheet["A4"] = "备案队伍", "溡源社区", "溪边队"
    out = io.BytesIO()
    sheet.parent.save(out)
    mended, faults = read(world, at, out.getvalue())
    assert faults == []
    assert services.apply_sheet(run_id=mended.pk, by=world.here.people["office"], at=at).added == 3
    assert office.get(f"/organizations/import/{mended.pk}/errors/").status_code == 404
    assert signed_in(world.there.people["office"]).get(f"{url}errors/").status_code == 404


def test_a_file_without_a_head_has_no_file_of_faults(world, at):
    office = signed_in(world.here.people["office"])
    file = SimpleUploadedFile("表.xlsx", book(["甲", "乙"], head=["一", "二"]))
    url = office.post("/organizations/import/", {"file": file})["Location"]
    assert "没有找到表头" in office.get(url).content.decode()
    assert office.get(f"{url}errors/").status_code == 404


def test_the_same_file_is_known_again(world, at):
    office, content = signed_in(world.here.people["office"]), book(NEW)
    first = office.post("/organizations/import/", {"file": SimpleUploadedFile("表.xlsx", content)})["Location"]
    assert "登记过" not in office.get(first).content.decode()
    office.post(first)
    again = office.post("/organizations/import/", {"file": SimpleUploadedFile("换了名字.xlsx", content)})["Location"]
    page = office.get(again).content.decode()
    assert "同一个文件" in page
    assert "新登记 1 个，更新 0 个" in page
    assert services.forget_sheets(at=at + timedelta(days=1000)) == 1  # the one that was never taken over


def test_the_template_has_lists_and_an_example_and_is_read_back(world, at):
    office = signed_in(world.here.people["office"])
    made = openpyxl.load_workbook(io.BytesIO(b"".join(office.get("/organizations/import/blank/"))))
    assert made.sheetnames == ["明细", "填写说明", "选项"]
    page = made["明细"]
    assert [c.value.removesuffix("（必填）") for c in page[1]] == list(COLUMNS)
    assert page["A2"].value == "例：暖邻公益服务中心"
    assert {str(d.sqref) for d in page.data_validations.dataValidation} == {
        f"{letter}2:{letter}2002" for letter in "CDJKM"
    }
    page["A3"], page["C3"], page["D3"] = "云秀队", "备案队伍", "溡源社区"
    out = io.BytesIO()
    made.save(out)
    run, faults = read(world, at, out.getvalue())
    assert (faults, [row["name"] for row in run.content]) == ([], ["云秀队"])
