"""A report of 20 columns from SQL to file, at 10,000 and 200,000 rows: ours, openpyxl, XlsxWriter in constant memory.

All read the same rows of one table from a server-side cursor, all write head, number formats, borders, column widths
and a total row that is a live formula. Each runs in a process of its own; memory is the peak above what the process
held before the first row was read. `make_table` needs a role that may create tables in a database of its own.
"""

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = (
    [("序号", "int"), ("编号", "code"), ("信用代码", "code"), ("项目名称", "long"), ("申报单位", "long"), ("社区", "text")]
    + [("方向", "text"), ("类别", "text"), ("日期", "date"), ("受益人数", "int"), ("得分", "score"), ("初审结论", "text")]
    + [(f"金额{i}", "money") for i in range(1, 9)]
)  # fmt: skip
TABLE = (
    "CREATE TABLE bench_export AS SELECT i AS c1, 'SB-2026-' || lpad(i::text, 6, '0') AS c2, "
    "lpad((913703000000 + i)::text, 18, '0') AS c3, '邻里文艺角第' || i % 977 || '期' AS c4, "
    "'基准街道第' || i % 311 || '社会组织' AS c5, '第' || i % 20 || '社区' AS c6, '文体' AS c7, '文体娱乐类' AS c8, "
    "DATE '2026-01-01' + (i % 365)::int AS c9, (i % 400)::int AS c10, (60 + i % 4000 / 100.0)::numeric(6, 2) AS c11, "
    "CASE i % 3 WHEN 0 THEN NULL ELSE '初审通过' END AS c12, "
    + ", ".join(f"(i % 90000 + {k} + 0.5)::numeric(14, 2) AS c{12 + k}" for k in range(1, 9))
    + " FROM generate_series(1, {rows}::bigint) AS i"
)
FORMATS = {
    "int": "#,##0", "code": "@", "text": "@", "long": "@", "date": 'yyyy"年"m"月"d"日"', "score": "0.00",
    "money": "#,##0.00",
}  # fmt: skip


@contextlib.contextmanager
def table(rows: int) -> Iterator[str]:
    """A database with that many rows; yields its URL."""
    base = os.environ["DATABASE_URL"]
    name = f"bench_export_{rows}"
    url = urlsplit(base)._replace(path=f"/{name}").geturl()
    with contextlib.closing(psycopg2.connect(base)) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}"')
        with contextlib.closing(psycopg2.connect(url)) as own, own, own.cursor() as cursor:
            cursor.execute(TABLE.format(rows=rows))
            cursor.execute("ANALYZE bench_export")
        try:
            yield url
        finally:
            with admin.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def read(url: str) -> Iterator[tuple[Any, ...]]:
    """All rows through a server-side cursor."""
    with contextlib.closing(psycopg2.connect(url)) as own, own.cursor("rows") as cursor:
        cursor.itersize = 2000
        cursor.execute("SELECT * FROM bench_export ORDER BY c1")
        yield from cursor


def ours(url: str, path: Path) -> None:
    from core.sheets import Column, Report, write_report

    columns = [Column(title, kind, 14, total=kind == "money") for title, kind in COLUMNS]
    report = Report(title="基准报表", left="填报单位", right="单位：元", columns=columns, signatures="", sheet="报表")
    write_report(path, report, read(url))


def openpyxl_normal(url: str, path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    faces = _faces(book)
    sheet.append([title for title, _kind in COLUMNS])
    for n, row in enumerate(read(url), 2):
        for i, value in enumerate(row):
            sheet.cell(n, i + 1, value)._style = faces[i]  # noqa: SLF001
    _finish_openpyxl(sheet)
    book.save(path)


def openpyxl_write_only(url: str, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    faces = _faces(book)
    sheet.append([title for title, _kind in COLUMNS])
    count = 0
    for row in read(url):
        cells = []
        for value, face in zip(row, faces, strict=True):
            cell = WriteOnlyCell(sheet, value)
            cell._style = face  # noqa: SLF001
            cells.append(cell)
        sheet.append(cells)
        count += 1
    sheet.append([f"=SUM({_name(i)}2:{_name(i)}{count + 1})" if i >= 12 else None for i in range(20)])
    book.save(path)


def _faces(book: Any) -> list[Any]:
    """A style per column, ready to be shared by its cells: the quickest way openpyxl knows."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Border, Font, Side

    side = Side(style="thin")
    found = []
    for _title, kind in COLUMNS:
        cell = WriteOnlyCell(book.worksheets[0])
        cell.border, cell.font = Border(side, side, side, side), Font(name="宋体", size=10.5)
        cell.alignment, cell.number_format = Alignment(wrap_text=True), FORMATS[kind]
        found.append(cell._style)  # noqa: SLF001
    return found


def _finish_openpyxl(sheet: Any) -> None:
    last = sheet.max_row
    for i in range(12, 20):
        sheet.cell(last + 1, i + 1, f"=SUM({_name(i)}2:{_name(i)}{last})")
    for i in range(20):
        sheet.column_dimensions[_name(i)].width = 14


def _name(i: int) -> str:
    return "ABCDEFGHIJKLMNOPQRST"[i]


def xlsxwriter_constant(url: str, path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("报表")
    base = {"font_name": "宋体", "font_size": 10.5, "border": 1, "text_wrap": True}
    kinds = [kind for _title, kind in COLUMNS]
    faces = [book.add_format({**base, "num_format": FORMATS[kind]}) for kind in kinds]
    writes = [
        {"date": sheet.write_datetime, "int": sheet.write_number, "score": sheet.write_number, "money": sheet.write_number}.get(
            kind, sheet.write_string
        )
        for kind in kinds
    ]  # fmt: skip
    sheet.set_column(0, 19, 14)
    for i, (title, _kind) in enumerate(COLUMNS):
        sheet.write_string(0, i, title)
    n = 0
    for n, row in enumerate(read(url), 1):
        for i, value in enumerate(row):
            if value is None:
                sheet.write_blank(n, i, None, faces[i])
            else:
                writes[i](n, i, value, faces[i])
    for i in range(12, 20):
        sheet.write_formula(n + 1, i, f"=SUM({_name(i)}2:{_name(i)}{n + 1})", faces[i])
    book.close()


WAYS: dict[str, Callable[[str, Path], None]] = {
    "ours": ours, "openpyxl": openpyxl_normal, "openpyxl-write-only": openpyxl_write_only,
    "xlsxwriter-constant-memory": xlsxwriter_constant,
}  # fmt: skip


def child(way: str, url: str) -> None:
    """Run one way in this process and print seconds, megabytes above idle, megabytes of the file."""
    import openpyxl  # noqa: F401 - what is loaded before the first row is idle memory
    import xlsxwriter  # noqa: F401

    import core.sheets  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        WAYS[way](url, path)
        took = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle
        print(f"@@{took}|{peak / 1024}|{path.stat().st_size / 1e6}")


def run(way: str, url: str) -> tuple[float, float, float]:
    """One way in a process of its own: seconds, megabytes above idle, megabytes of the file."""
    out = subprocess.run(
        [sys.executable, "-m", "benchmarks.exports", way, url], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    took, peak, size = (float(x) for x in out.split("@@", 1)[1].split("|"))
    return took, peak, size


def report(sizes: tuple[tuple[int, int], ...] = ((10_000, 5), (200_000, 1))) -> None:
    """Measure each size, so many rounds interleaved; print medians and ratios to ours."""
    ours_peak = {}
    for rows, rounds in sizes:
        ways = [w for w in WAYS if w != "openpyxl" or rows <= 10_000]
        found: dict[str, list[tuple[float, float, float]]] = {w: [] for w in ways}
        with table(rows) as url:
            for _ in range(rounds):
                for way in ways:
                    found[way].append(run(way, url))
        print(f"报表 {rows:,} 行 × {len(COLUMNS)} 列，从数据库到文件，{rounds} 轮中位")
        mine = statistics.median(t for t, _, _ in found["ours"])
        ours_peak[rows] = max(p for _, p, _ in found["ours"])
        for way in ways:
            took, peak, size = (statistics.median(c) for c in zip(*found[way], strict=True))
            print(f"  {way:28} {took:7.2f} 秒  ×{took / mine:5.1f}   内存 +{peak:6.1f} MB   文件 {size:5.1f} MB")
    print(
        f"  内存差（{sizes[-1][0]:,} 行比 {sizes[0][0]:,} 行）{ours_peak[sizes[-1][0]] - ours_peak[sizes[0][0]]:.1f} MB"
    )


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2])
