"""Documents are told by their content; what runs, what is locked and what cannot be looked into stays outside."""

import io
import zipfile

import pytest
from PIL import Image

from core.papers import MOST_MEGABYTES, BadPaper, read_paper
from core.scanning import CannotScan, Infected, scan
from tests.needs.files import photo, workbook
from tests.projects.files import PLAIN_PDF, packed_pdf, pdf, upload, word

RELS = '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="x"><Relationship Id="r1" Type="http://x/{kind}" Target="http://x/" {mode}/></Relationships>'


@pytest.mark.parametrize(
    ("file", "ending"),
    [
        (pdf("像网页.html"), "pdf"),
        (upload(packed_pdf(b"1 0 << /Type /Page >>")), "pdf"),
        (word("名字不对.pdf"), "docx"),
        (
            word(changes={"word/_rels/settings.xml.rels": RELS.format(kind="hyperlink", mode='TargetMode="External"')}),
            "docx",
        ),
        (workbook([["a", "b", "c"]]), "xlsx"),
    ],
)
def test_the_content_says_what_it_is_whatever_the_name(file, ending):
    assert read_paper(file).ending == ending


def test_a_document_is_kept_as_it_came():
    assert read_paper(pdf()).data == PLAIN_PDF


def test_a_picture_is_drawn_anew_without_its_notes():
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    paper = read_paper(photo((60, 40), exif=exif, comment=b"SecretComment"))
    assert (paper.content_type, paper.ending, b"Secret" in paper.data) == ("image/jpeg", "jpg", False)
    drawn = read_paper(photo(kind="PNG", name="图.png"))
    assert Image.open(io.BytesIO(drawn.data)).format == "JPEG"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (PLAIN_PDF + b"<< /S /JavaScript /JS (app.alert(1)) >>", "脚本"),
        (PLAIN_PDF + b"<< /S /J#61vaScript >>", "脚本"),
        (PLAIN_PDF + b"<< /S /Launch /F (cmd.exe) >>", "脚本"),
        (PLAIN_PDF + b"<< /Names << /EmbeddedFiles 3 0 R >> >>", "夹带"),
        (packed_pdf(b"1 0 << /S /JavaScript >>"), "脚本"),
        (packed_pdf(b"1 0 << /S /JavaScript >>", first=b""), "脚本"),
        (packed_pdf(b"1 0 << /S /Page >>", head=b"/Filter [/ASCIIHexDecode /FlateDecode]"), "无法检查"),
        (packed_pdf(b"1 0 << /S /Page >>", head=b"/Filter 9 0 R"), "无法检查"),
        (packed_pdf(b"1 0 << /S /Page >>", first=b"/Type 7 0 R ") + b"7 0 obj /ObjStm endobj", "无法检查"),
        (PLAIN_PDF + b"trailer << /Encrypt 4 0 R >>", "密码"),
        (b"<html><script>alert(1)</script></html>", "只能上传"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "只能上传"),
        (b" " + PLAIN_PDF, "只能上传"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "旧版"),
        (b"PK\x03\x04broken", "已损坏"),
        (b"\xff\xd8\xffbroken", "图片"),
        (b"", "空的"),
    ],
)  # fmt: skip
def test_what_acts_or_cannot_be_looked_into_is_refused(data, why):
    with pytest.raises(BadPaper, match=why):
        read_paper(upload(data))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"word/vbaProject.bin": b"x"}, "宏"),
        ({"word/embeddings/oleObject1.bin": b"x"}, "嵌入"),
        ({"word/activeX/activeX1.xml": b"<a/>"}, "控件"),
        ({"[Content_Types].xml": b'<Types><Override ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>'}, "宏"),
        ({"word/_rels/settings.xml.rels": RELS.format(kind="attachedTemplate", mode='TargetMode="External"')}, "外部"),
        ({"word/_rels/settings.xml.rels": RELS.format(kind="attachedTemplate", mode="TargetMode='&#69;xternal'")}, "外部"),
        ({"word/document.xml": b'<?xml version="1.0" encoding="UTF-16"?><a/>'}, "无法检查"),
        ({"word/document.xml": b"<!DOCTYPE a><a/>"}, "无法检查"),
        ({"word/document.xml": b"<w:instrText>DDE</w:instrText><w:instrText>AUTO c:\\cmd</w:instrText>"}, "DDE"),
        ({"xl/workbook.xml": b"<a/>"}, "只能上传"),
    ],
)  # fmt: skip
def test_an_office_document_brings_nothing_that_runs(changes, why):
    with pytest.raises(BadPaper, match=why):
        read_paper(word(changes=changes))


def test_a_package_that_unpacks_too_far_is_refused_unopened(monkeypatch):
    monkeypatch.setattr("core.papers.MOST_UNPACKED", 1000)
    with pytest.raises(BadPaper, match="太大"):
        read_paper(word())


def test_a_plain_archive_is_no_document():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as kept:
        kept.writestr("a.exe", b"MZ")
    with pytest.raises(BadPaper, match="只能上传"):
        read_paper(upload(out.getvalue(), "a.docx"))


def test_a_file_above_the_limit_is_not_read():
    file = pdf()
    file.size = MOST_MEGABYTES * 1024 * 1024 + 1
    with pytest.raises(BadPaper, match="20 MB"):
        read_paper(file)


# --- the scanner


@pytest.fixture
def scanner(tmp_path, settings):
    """A scanner that finds EICAR, and breaks at `broken`."""
    script = tmp_path / "scanner"
    script.write_text('#!/bin/sh\ngrep -q EICAR "$2" && exit 1\ngrep -q broken "$2" && exit 2\nexit 0\n')
    script.chmod(0o755)
    settings.VIRUS_SCANNER = f"{script} --quiet"


def test_the_scanner_lets_clean_files_through_and_names_the_others(scanner):
    scan(b"clean", name="好.pdf")
    with pytest.raises(Infected, match=r"坏\.pdf.*病毒"):
        scan(b"EICAR", name="坏.pdf")


def test_what_the_scanner_cannot_look_at_is_not_kept(scanner, settings):
    with pytest.raises(CannotScan):
        scan(b"broken", name="怪.pdf")
    settings.VIRUS_SCANNER = "/nowhere/scanner"
    with pytest.raises(CannotScan):
        scan(b"clean", name="好.pdf")


def test_without_a_scanner_nothing_is_asked(settings):
    settings.VIRUS_SCANNER = ""
    scan(b"EICAR", name="a")
