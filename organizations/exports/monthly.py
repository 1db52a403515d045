"""E19 十分制月积分表: the year, and a sheet for every month that has been entered."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from accounts.models import Area
from core.sheets import A3, Cell, Column, Report, write_book
from jobs.registry import Work, register
from organizations import rules
from organizations.domain.monthly import LOW, RUN, Level, Month
from organizations.exports.registry import SIGNED, may_read
from organizations.rules import Record
from organizations.rules.monthly import today_of

NOTE = "红底带▼的为低于 6 分，粗框为连续三个月低于 6 分。空白为未登记，不按零分计；缺月补齐前不作“连续三个月低于 6 分”的判定。只列入驻组织，不排名次。"


def _score(value: Decimal | None, *, framed: bool = False) -> Cell | None:
    return None if value is None else Cell(value, alarm=value < LOW, framed=framed)


def in_runs(scores: list[Decimal | None]) -> list[bool]:
    """Which of the months belong to three or more low ones in a row."""
    found = [False] * len(scores)
    for end in range(RUN, len(scores) + 1):
        if all(score is not None and score < LOW for score in scores[end - RUN : end]):
            found[end - RUN : end] = [True] * RUN
    return found


def _flag(record: Record) -> Cell | str:
    """The verdict in words; a red flag on red."""
    is_red = record.verdict is not None and record.verdict.level is Level.RED
    return Cell(record.words, alarm=True) if is_red else record.words


def longest(scores: list[Decimal | None]) -> int:
    """The longest run of low months without a gap."""
    best = run = 0
    for score in scores:
        run = run + 1 if score is not None and score < LOW else 0
        best = max(best, run)
    return best


def mean(scores: list[Decimal]) -> Decimal | None:
    """The mean of the months that are known, two places."""
    return (sum(scores, Decimal(0)) / len(scores)).quantize(Decimal("0.01"), ROUND_HALF_UP) if scores else None


@register("organizations.e19", may=may_read)
def monthly_report(work: Work) -> None:
    """E19 of one street and year: `params` = {"street": id, "year", "day": ISO}. Six statements."""
    street, year = Area.objects.get(pk=work.params["street"]), work.params["year"]
    today = today_of(work.params["day"])
    found = rules.records_of(rules.residents(street.pk, year=year), street.pk, today)
    demo = "演示数据：本表内容为演示而编。" if any(r.organization.is_demo for r in found) else ""
    left, right = f"填报单位：{street.name}（盖章）", "单位：分"
    columns = [
        Column("序号", "rank", 6), Column("组织", "long", 26), *(Column(f"{m}月", "score", 8) for m in range(1, 13)), Column("平均", "score", 8),
        Column("低于6分月数", "int", 9), Column("年内最长连续低分月数", "int", 11), Column("预警", "long", 22),
    ]  # fmt: skip
    books = [
        (
            Report(
                title=f"{year}年十分制月积分表", left=left, right=right, columns=columns, sheet="全年", paper=A3, note=demo + NOTE,
                signatures=SIGNED,
            ),
            _year(found, year),
        )
    ]  # fmt: skip
    for m in range(1, 13):
        month = Month(year, m)
        entered = [r for r in found if month in r.sheets]
        if entered:
            heads = _heads(entered, month)
            report = Report(
                title=f"{month}积分表", left=left, right=right, sheet=f"{m}月", paper=A3, note=demo, signatures=SIGNED,
                columns=[
                    Column("序号", "rank", 6), Column("组织", "long", 26), *(Column(h, "score", 9) for h in heads), Column("月积分", "score", 9),
                    Column("说明", "long", 28),
                ],
            )  # fmt: skip
            books.append((report, _month(entered, month, heads)))
    write_book(work.path, books, progress=lambda n: work.rows(n, len(found)))


def _year(found: list[Record], year: int) -> Iterator[list[Any]]:
    for number, record in enumerate(found, 1):
        months = [record.sheets.get(Month(year, m)) for m in range(1, 13)]
        scores = [sheet.total if sheet else None for sheet in months]
        known = [s for s in scores if s is not None]
        yield [
            number, record.organization.name, *(_score(s, framed=f) for s, f in zip(scores, in_runs(scores), strict=True)), mean(known), sum(s < LOW for s in known), longest(scores), _flag(record),
        ]  # fmt: skip


def _heads(entered: list[Record], month: Month) -> list[str]:
    """The items of a month; sheets of one month may follow two versions of them."""
    found: dict[str, None] = {}
    for record in entered:
        found |= dict.fromkeys(item["name"] for item in record.sheets[month].items)
    return list(found)


def _month(entered: list[Record], month: Month, heads: list[str]) -> Iterator[list[Any]]:
    for number, record in enumerate(entered, 1):
        sheet = record.sheets[month]
        marks = {item["name"]: Decimal(sheet.marks[item["key"]]) for item in sheet.items}
        yield [
            number, record.organization.name, *(marks.get(h) for h in heads), _score(sheet.total), sheet.note,
        ]  # fmt: skip
