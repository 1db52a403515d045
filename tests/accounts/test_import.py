"""Tables of people: read with every fault by line, then all or none, once."""

import io
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts.domain.people_sheet import COLUMNS, NotText, Words, read_csv
from accounts.domain.people_sheet import read_people as read_lines
from accounts.domain.usernames import from_name
from accounts.models import Area, Invitation, PeopleImport, Role, RoleGrant, RoleRequest, User
from accounts.services import (
    AlreadyImported,
    ImportedByAnother,
    PeopleMoved,
    TableHasFaults,
    apply_people,
    forget_tables,
    grant_role,
    read_people,
)
from accounts.services.imports import faults_in
from audit.models import Event
from core.errors import NotAllowed
from core.people import clean_phone
from core.workbooks import BadWorkbook
from messaging.models import Notice
from tests.accounts.make import came, sign_in

HEAD = ",".join(COLUMNS)
GOOD = f"""{HEAD}
王小明,wang,138 0000 0001,wang@test.invalid,社区工作者,溡源社区
李四,,13800000002,,网格员,溡源社区/第一网格
赵六,zhao,,,主持/计分员,
钱七,qian,,,,
"""


def csv_file(text, name="人员表.csv", encoding="utf-8"):
    return SimpleUploadedFile(name, text.encode(encoding))


def xlsx_file(rows, name="人员表.xlsx"):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile(name, out.getvalue())


def read(world, file, at):
    """What was read, or None and the faults."""
    run, _before = read_people(street=world.here.area, file=file, by=world.here.people["system_admin"], at=at)
    faults = faults_in(run)[0]
    return None if faults else run, faults


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_either_encoding_is_the_same_table(world, at, encoding):
    run, faults = read(world, csv_file(GOOD, encoding=encoding), at)
    assert faults == []
    assert run.count == 4
    assert not User.objects.filter(username="wang").exists()


def test_a_workbook_is_the_same_table_and_numbers_lose_no_digit(world, at):
    rows = [["本街道人员表"], [], list(COLUMNS), ["王小明", "wang", 13800000001, "", "社区工作者", "溡源社区"]]
    run, faults = read(world, xlsx_file(rows), at)
    assert faults == []
    apply_people(run_id=run.pk, by=world.here.people["system_admin"], at=at)
    assert User.objects.get(username="wang").phone == "13800000001"


def test_all_are_invited_with_the_roles_asked_and_nobody_has_a_password(world, at):
    admin = world.here.people["system_admin"]
    run, _ = read(world, csv_file(GOOD), at)
    apply_people(run_id=run.pk, by=admin, at=at)
    made = list(
        User.objects.filter(street=world.here.area, display_name__in=["王小明", "李四", "赵六", "钱七"]).order_by("pk")
    )
    assert [(u.username, u.phone, u.has_usable_password()) for u in made] == [
        ("wang", "13800000001", False), ("lisi", "13800000002", False), ("zhao", None, False), ("qian", None, False),
    ]  # fmt: skip
    asked = RoleRequest.objects.order_by("pk").values_list("user__username", "role", "area__name")
    assert list(asked) == [("wang", "community", "溡源社区"), ("lisi", "grid", "第一网格"), ("zhao", "host", "甲街道")]
    assert not RoleGrant.objects.filter(user__in=made).exists()
    assert Invitation.objects.filter(source=run, used_at=None).count() == 4
    assert Notice.objects.filter(kind="accounts.invited").count() == 1
    event = Event.objects.get(verb="accounts.imported")
    assert event.facts == {"rows": 4, "digest": run.digest}
    assert "1380000" not in str(list(Event.objects.values_list("facts", flat=True)))


def test_rows_wait_sealed_and_are_gone_when_they_are_accounts(world, at):
    run, _ = read(world, csv_file(GOOD), at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM accounts_peopleimport")
        (stored,) = cursor.fetchone()
    assert stored
    assert "13800000001" not in stored
    apply_people(run_id=run.pk, by=world.here.people["system_admin"], at=at)
    assert PeopleImport.objects.get().content == ""


def test_every_fault_is_named_by_line_and_column_and_nothing_is_written(world, at):
    table = f"""{HEAD}
,anon,,,,
王小明,wang,12,,,
李四,o,,,,
赵六,,,,,
钱七,qian,,qian@,,
孙八,sun,,,站长,
周九,zhou,,,社区工作者,东湖社区
吴十,wuu,,,社区工作者,
郑一,zheng,,,创投办,溡源社区
冯二,feng,,,,溡源社区
陈三,qian,,,,
卫四,office_a,,,,
{"长" * 41},chang,,,,
"""
    run, faults = read(world, csv_file(table), at)
    assert run is None
    assert [(f.row, f.column, f.message) for f in faults] == [
        (2, "姓名", "请填写姓名。"),
        (3, "手机号", "请填写 11 位手机号，或带区号的固定电话，例如 0757-8888888。"),
        (4, "用户名", "用户名应为 3 至 40 个字母、数字或下划线。"),
        (5, "用户名", "用户名和手机号至少填一项。"),
        (6, "电子邮件", "电子邮件地址不完整，例如 name@example.cn。"),
        (7, "角色", f"没有“站长”这个角色，可填：{'、'.join(r.label for r in Role)}。"),
        (8, "范围", "本街道没有“东湖社区”。社区填社区名，网格填“社区/网格”，全街道留空。"),
        (9, "范围", "社区工作者的范围应是社区。"),
        (10, "范围", "创投办的范围应是街道。"),
        (11, "角色", "填了范围就要填角色。"),
        (12, "用户名", "与第 6 行重复。"),
        (13, "用户名", "该用户名已被使用，请换一个。"),
        (14, "姓名", "最多 40 个字。"),
    ]
    assert not User.objects.filter(username="wang").exists()
    with pytest.raises(TableHasFaults):
        apply_people(run_id=PeopleImport.objects.get().pk, by=world.here.people["system_admin"], at=at)
    assert not User.objects.filter(username="wang").exists()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (SimpleUploadedFile("a.csv", b"\xff\xfe\x00a"), "不是文字"),
        (SimpleUploadedFile("a.csv", b"\x81"), "编码既不是"),
        (SimpleUploadedFile("a.csv", f'{HEAD}\n"a'.encode()), "引号不成对"),
        (SimpleUploadedFile("a.csv", b"x" * (1024 * 1024 + 1)), "超过 1 MB"),
        (SimpleUploadedFile("a.csv", f"{HEAD}\n".encode() + "甲,a,,,,\n".encode() * 600), "多于 500 行"),
        (SimpleUploadedFile("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "请上传 .xlsx 或 .csv"),
        (SimpleUploadedFile("a.xlsx", b"PK\x03\x04broken"), "损坏"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(world, at, file, words):
    with pytest.raises(BadWorkbook, match=words):
        read(world, file, at)
    file.seek(0)
    page = came(world.here.people["system_admin"]).post("/people/import/", {"file": file}).content.decode()
    assert words in page
    assert "error-summary" in page


def test_too_many_people_are_refused(world, at):
    rows = "".join(f"人{n},user{n:04},,,,\n" for n in range(501))
    _, faults = read(world, csv_file(f"{HEAD}\n{rows}"), at)
    assert faults[-1].message == "一次最多导入 500 人，请分成几个文件。"


def test_a_formula_is_no_name(world, at):
    _, faults = read(world, xlsx_file([list(COLUMNS), ['=HYPERLINK("http://x.test")', "wang"]]), at)
    assert faults == []  # it is text in a place where text belongs: nothing is computed
    rows = [list(COLUMNS), ["王小明", "=1+1"]]
    _, faults = read(world, xlsx_file(rows), at)
    assert [(f.row, f.column) for f in faults] == [(2, "用户名")]


def test_the_same_file_again_makes_nothing_more(world, at):
    admin = world.here.people["system_admin"]
    first, _ = read(world, csv_file(GOOD), at)
    assert read(world, csv_file(GOOD), at)[0] == first
    apply_people(run_id=first.pk, by=admin, at=at)
    with pytest.raises(AlreadyImported):
        apply_people(run_id=first.pk, by=admin, at=at)
    again, faults = read(world, csv_file(GOOD), at)
    assert (again, faults) == (first, [])
    client, count = came(admin), User.objects.count()
    answer = client.post("/people/import/", {"file": csv_file(GOOD)}, follow=True)
    assert answer.redirect_chain == [(f"/people/import/{first.pk}/", 302)]
    assert "已经导入过了" in answer.content.decode()
    client.post(f"/people/import/{first.pk}/")
    assert User.objects.count() == count


def test_what_changed_meanwhile_stops_all(world, at):
    admin = world.here.people["system_admin"]
    run, _ = read(world, csv_file(GOOD), at)
    User.objects.create(username="ZHAO", display_name="先来的")
    count = User.objects.count()
    with pytest.raises(PeopleMoved, match="第 4 行"):
        apply_people(run_id=run.pk, by=admin, at=at)
    assert (User.objects.count(), Invitation.objects.count(), RoleRequest.objects.count()) == (count, 0, 0)
    page = came(admin).post(f"/people/import/{run.pk}/")
    assert page.status_code == 409
    assert "一个也没有导入" in page.content.decode()


def test_only_the_street_s_own_system_administrator_imports_and_sees_it(world, at):
    run, _ = read(world, csv_file(GOOD), at)
    for who in ("office", "security_admin", "audit_admin"):
        with pytest.raises(NotAllowed):
            read_people(street=world.here.area, file=csv_file(GOOD), by=world.here.people[who], at=at)
    with pytest.raises(NotAllowed):
        apply_people(run_id=run.pk, by=world.there.people["system_admin"], at=at)
    assert came(world.there.people["system_admin"]).get(f"/people/import/{run.pk}/").status_code == 404


def test_links_go_to_the_one_who_imported_and_are_the_same_file(world, at):
    admin = world.here.people["system_admin"]
    client = came(admin)
    run, _ = read(world, csv_file(GOOD), at)
    url = f"/people/import/{run.pk}/links/"
    assert client.get(url).status_code == 403
    client.post(f"/people/import/{run.pk}/")
    one, two = b"".join(client.get(url).streaming_content), b"".join(client.get(url).streaming_content)
    assert one == two
    book = openpyxl.load_workbook(io.BytesIO(one))
    cells = [str(c.value) for row in book["明细"].iter_rows() for c in row if c.value is not None]
    links = [c for c in cells if c.startswith("http://testserver/welcome/")]
    assert len(links) == 4
    assert "pbkdf2" not in str(cells)
    her = came(world.here.people["judge"])
    path = links[0].removeprefix("http://testserver")
    assert her.post(path, {"new": "Xin-mima-2027", "again": "Xin-mima-2027"}).status_code == 302
    assert sign_in(her, "wang", "Xin-mima-2027").status_code == 302
    left = openpyxl.load_workbook(io.BytesIO(b"".join(client.get(url).streaming_content)))
    cells = [str(c.value) for row in left["明细"].iter_rows() for c in row if c.value is not None]
    assert len([c for c in cells if c.startswith("http://testserver/welcome/")]) == 3


def test_templates_are_read_back_and_are_the_same_file(world, at):
    client = came(world.here.people["system_admin"])
    for url, name in (("/people/import/template/", "a.xlsx"), ("/people/import/template/?as=csv", "a.csv")):
        one, two = (b"".join(client.get(url).streaming_content) for _ in range(2))
        assert one == two
        run, faults = read(world, SimpleUploadedFile(name, one), at)
        assert (run, [f.message for f in faults]) == (None, ["表里没有要导入的人员。"])
    book = openpyxl.load_workbook(io.BytesIO(b"".join(client.get("/people/import/template/").streaming_content)))
    assert book.sheetnames == ["人员", "填写说明", "选项"]
    book["人员"]["A3"], book["人员"]["B3"], book["人员"]["E3"] = "孙八", "sunba", "监督员"
    out = io.BytesIO()
    book.save(out)
    run, faults = read(world, SimpleUploadedFile("b.xlsx", out.getvalue()), at)
    assert (run.count, faults) == (1, [])


def test_five_hundred_cost_few_statements(world, at):
    from django.test.utils import CaptureQueriesContext

    admin = world.here.people["system_admin"]
    counts = []
    for n, start in ((3, 0), (300, 1000)):
        rows = "".join(f"王小明,user{start + i:04},,u{start + i}@test.invalid,主持/计分员,\n" for i in range(n))
        run, _ = read(world, csv_file(f"{HEAD}\n{rows}"), at + timedelta(seconds=start))
        with CaptureQueriesContext(connection) as caught:
            apply_people(run_id=run.pk, by=admin, at=at + timedelta(seconds=start))
        counts.append(len(caught))
    assert counts[0] == counts[1]
    client = came(admin)
    seen = []
    for pk in PeopleImport.objects.order_by("pk").values_list("pk", flat=True):
        with CaptureQueriesContext(connection) as caught:
            client.get(f"/people/import/{pk}/")
            b"".join(client.get(f"/people/import/{pk}/links/").streaming_content)
        seen.append(len(caught))
    assert seen[0] == seen[1]


WORDS = Words({"监督员": "supervisor"}, {"溡源社区": 7}, clean_phone, lambda _role, _area: "")


@given(st.lists(st.lists(st.text(max_size=50), max_size=8), max_size=12))
def test_no_table_breaks_the_reader(table):
    lines = [(n, cells) for n, cells in enumerate([list(COLUMNS), *table], 1)]
    people, faults = read_lines(lines, WORDS)
    assert people or faults
    assert all(f.message.endswith("。") for f in faults)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_of_csv(content):
    try:
        lines = read_csv(content)
    except NotText:
        return
    assert all(any(cell for cell in cells) for _, cells in lines)


@given(st.text(max_size=12), st.integers(0, 5))
def test_a_made_user_name_is_one_that_is_allowed_and_free(name, taken):
    from accounts.domain.people_sheet import USERNAME

    used = set()
    for _ in range(taken):
        used.add(from_name(name, used.__contains__))
    made = from_name(name, used.__contains__)
    assert USERNAME.fullmatch(made)
    assert made not in used
    assert len(used) == taken


def test_grids_and_aliases_are_known(world, at):
    Area.objects.filter(pk=world.here.communities[0].pk).update(alias="老溡源")
    table = f"{HEAD}\n王小明,wang,,,社区工作者,老溡源\n李四,lisi,,,网格员,溡源社区 ／ 第一网格\n"
    run, faults = read(world, csv_file(table), at)
    assert faults == []
    assert run.count == 2


BAD = f"""{HEAD}
王小明,wang,13800000001,,社区工作者,没有的社区
李四,lisi,12,,,
赵六,zhao,,,,
"""


def test_a_bad_table_says_how_many_are_right_and_comes_back_with_the_reasons(world, at):
    client = came(world.here.people["system_admin"])
    answer = client.post("/people/import/", {"file": csv_file(BAD, name="五月.csv")})
    run = PeopleImport.objects.get()
    assert answer["Location"] == f"/people/import/{run.pk}/"
    assert run.count == 1
    page = client.get(answer["Location"]).content.decode()
    assert "1 行没有错误，2 行有错误" in page
    assert "本街道没有“没有的社区”" in page
    assert "确认导入" not in page
    assert client.post(answer["Location"]).status_code == 409
    assert not User.objects.filter(username="zhao").exists()
    url = f"/people/import/{run.pk}/errors/"
    assert "%E4%BA%94%E6%9C%88" in client.get(url)["Content-Disposition"]
    data = b"".join(client.get(url))
    assert data == b"".join(client.get(url))
    sheet = openpyxl.load_workbook(io.BytesIO(data))["人员"]
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert table[0] == [*COLUMNS, "错误原因"]
    assert [row[-1] for row in table[1:]] == [
        "范围：本街道没有“没有的社区”。社区填社区名，网格填“社区/网格”，全街道留空。",
        "手机号：请填写 11 位手机号，或带区号的固定电话，例如 0757-8888888。",
        None,
    ]
    red = {(cell.row, cell.column) for row in sheet.iter_rows() for cell in row if cell.fill.fgColor.rgb == "FFFFC7CE"}
    assert red == {(2, 6), (3, 3)}
    sheet["F2"], sheet["C3"] = "溡源社区", "13800000002"
    out = io.BytesIO()
    sheet.parent.save(out)
    mended, faults = read(world, SimpleUploadedFile("五月.xlsx", out.getvalue()), at)
    assert (mended.count, faults) == (3, [])
    assert client.get(f"/people/import/{mended.pk}/errors/").status_code == 404
    assert came(world.there.people["system_admin"]).get(url).status_code == 404
    assert came(world.here.people["office"]).get(url).status_code == 403


def test_typed_rows_wait_sealed_and_are_forgotten_after_a_day(world, at):
    read(world, csv_file(BAD), at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM accounts_peopleimport")
        (stored,) = cursor.fetchone()
    assert "王小明" not in stored
    assert forget_tables(at=at + timedelta(hours=23)) == 0
    assert forget_tables(at=at + timedelta(hours=25)) == 1


def test_the_same_file_is_known_before_and_after_it_was_imported(world, at):
    admin = world.here.people["system_admin"]
    client = came(admin)
    client.post("/people/import/", {"file": csv_file(BAD)})
    again = client.post("/people/import/", {"file": csv_file(BAD)}, follow=True)
    assert "还没有导入，这次重新检查了一遍" in again.content.decode()
    assert PeopleImport.objects.count() == 1
    run, _ = read(world, csv_file(GOOD), at)
    apply_people(run_id=run.pk, by=admin, at=at)
    other = world.here.people["second_judge"]
    grant_role(user=other, role=Role.SYSTEM_ADMIN, area=world.here.area, by=None, at=at)
    with pytest.raises(ImportedByAnother, match="这份表已经导入过了"):
        read_people(street=world.here.area, file=csv_file(GOOD), by=other, at=at)
