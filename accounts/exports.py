"""Files of this app: the table of people to fill in, the list of invitations to hand out."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from accounts.domain.people_sheet import COLUMNS, MOST_ROWS, NEEDED, SHEET
from accounts.models import Area, Invitation, PeopleImport, Role, RoleRequest
from accounts.services.invitations import link_token
from core.clock import local, spoken
from core.sheets import Column, Report, Row, write_report
from core.sheets.entry import EntrySheet, write_blank, write_faulty

WIDTHS = (12, 18, 16, 26, 16, 20)
EXAMPLE = ("例：王小明", "wangxiaoming", "13900000000", "wang@example.cn", "社区工作者", "")
WORDS = [
    f"只填“{SHEET}”这一张表，一行一人，一次最多 {MOST_ROWS} 人。列名不要改，列的次序可以变。",
    "姓名以“例：”开头的行是编的例子，导入时不读，可以删去。",
    f"必填：{'、'.join(NEEDED)}；用户名和手机号至少填一项。只填手机号的，用户名按姓名拼音自动取。",
    f"角色：{'、'.join(role.label for role in Role)}。可以不填。角色由安全管理员决定是否授予，导入本身不授权。",
    "范围：社区工作者填社区名；网格员填“社区/网格”或社区名；其他角色留空，即全街道。",
    "上传后先检查，不建账号：有错误就逐行列出，改好再传；没有错误，看过预览再确认，要么全部建好，要么一个也不建。",
    "表里没有密码。建好后下载邀请链接交给本人，由本人设置密码；填了电子邮件的，链接也会发到邮箱。",
]


def _entry(street: Area) -> EntrySheet:
    communities = Area.objects.communities().under(street).order_by("pinyin", "name")
    lists = {"角色": [role.label for role in Role], "范围": [a.name for a in communities]}
    return EntrySheet(
        title=SHEET, widths=dict(zip(COLUMNS, WIDTHS, strict=True)), needed=NEEDED, lists=lists, guide=WORDS, most_rows=MOST_ROWS,
        example=dict(zip(COLUMNS, EXAMPLE, strict=True)), loose=("角色", "范围"),
    )  # fmt: skip


def write_template(street: Area) -> io.BytesIO:
    """The workbook to fill in, with lists of roles and places to choose from. One statement."""
    return write_blank(_entry(street))


def write_errors(rows: Sequence[Mapping[str, Any]], street: Area) -> io.BytesIO:
    """The table that was read, with its faults; `rows` as accounts.services.imports.faults_in gives them. One statement."""
    return write_faulty(_entry(street), rows)


def write_csv_template() -> bytes:
    """The same as CSV, in UTF-8 with the mark by which Excel and WPS know it."""
    lines = [",".join(COLUMNS), ",".join(EXAMPLE)]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def write_links(path: Path, run: PeopleImport, link: Callable[[str], str], at: datetime) -> None:
    """Who is invited by which link; those used, void or over are left out. Two statements."""
    rows = Invitation.objects.filter(source=run, used_at=None, revoked_at=None, expires_at__gt=at).select_related(
        "user"
    )
    found = list(rows.order_by("pk"))
    asked: dict[int, str] = {}
    people = [row.user_id for row in found]
    for request in RoleRequest.objects.filter(user__in=people).select_related("area").order_by("pk"):
        asked.setdefault(request.user_id, f"{request.get_role_display()}（{request.area.name}）")
    columns = [
        Column("序号", "rank", 6), Column("姓名", "text", 12), Column("用户名", "code", 20), Column("申请角色", "long", 24),
        Column("邀请链接", "long", 60), Column("有效期至", "text", 20),
    ]  # fmt: skip
    applied = run.applied_at or run.read_at
    report = Report(
        title="账号邀请链接", left=f"街道：{run.street.name}", right=f"导入日期：{spoken(local(applied).date())}",
        columns=columns, sheet="邀请链接", note="链接只能用一次。请逐个交给本人，不要转发整张表；交完后删去本表。", signatures="",
    )  # fmt: skip
    cells: Iterator[Row] = (
        [
            number, row.user.display_name, row.user.username, asked.get(row.user_id, ""), _link(row, link),
            f"{local(row.expires_at):%Y-%m-%d %H:%M}",
        ]
        for number, row in enumerate(found, 1)
    )  # fmt: skip
    write_report(path, report, cells, made=local(applied).replace(tzinfo=None))


def _link(row: Invitation, link: Callable[[str], str]) -> str:
    token = link_token(row)
    return link(token) if token is not None else "链接已失效，请在账号页重新发送"
