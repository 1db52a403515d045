"""Documents that people hand in: told by their content, never by their name; nothing that runs comes in.

PDF, DOCX and XLSX are looked through, pictures drawn anew without notes. What cannot be looked into (passwords, strange
packing) is refused with a sentence that says what to do.
"""

import html
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.documents import DOCX
from core.errors import DomainError
from core.pictures import BadPicture, redrawn

MOST_MEGABYTES = 20
MOST_UNPACKED = 200 * 1024 * 1024
MOST_PARTS = 2000
MOST_READ = 20 * 1024 * 1024  # of one part that is looked through
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = "只能上传 PDF、JPG、PNG、DOCX 或 XLSX。"
LARGE = "文件解开后太大，请删去多余的内容或图片。"
RUNS = "文件里有宏、控件或嵌入的对象。请删去后另存为 .docx 或 .xlsx 再传。"
ODD = "文件的内部结构无法检查。请在 WPS 里打开，另存后再传。"
OUTSIDE = "文件引用了外部的模板、图片或数据。请断开链接后再传。"
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .doc and .xls, and new ones with a password
BROKEN = (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, RuntimeError, NotImplementedError, KeyError)

# What makes a PDF act: names of actions and of what carries other files. A script needs the name in full.
ACTIVE = re.compile(
    rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToE|Movie|Rendition)(?![A-Za-z])"
)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_OBJECTS = re.compile(rb"/ObjStm(?![A-Za-z])")
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_FILTER = re.compile(rb"/Filter\s*(\[[^\]]*\]|/\w+)")
_ENCODING = re.compile(r"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_DDE = re.compile(r"\bDDE(AUTO)?\b", re.IGNORECASE)
_FIELD = re.compile(r"<(?:\w+:)?instrText[^>]*>([^<]*)<")


class BadPaper(DomainError):
    message = "文件“{name}”不能接收：{why}"
    status = 400


@dataclass(frozen=True, slots=True)
class Paper:
    """What is kept of a document: its bytes, the type told by the content, the ending that belongs to it."""

    data: bytes
    content_type: str
    ending: str


def read_paper(file: Any) -> Paper:
    """The uploaded document as it may be kept. Raises BadPaper."""
    name = str(file.name)[-60:]
    if file.size > MOST_MEGABYTES * 1024 * 1024:
        raise BadPaper(name=name, why=f"超过 {MOST_MEGABYTES} MB，请压缩后再传。")
    if file.size == 0:
        raise BadPaper(name=name, why="文件是空的。")
    file.seek(0)
    data = file.read()
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        try:
            return Paper(redrawn(file), "image/jpeg", "jpg")
        except BadPicture as error:
            raise BadPaper(name=name, why=error.message.partition("不能接收：")[2]) from error
    if data.startswith(b"%PDF-"):
        if why := pdf_trouble(data):
            raise BadPaper(name=name, why=why)
        return Paper(data, "application/pdf", "pdf")
    if data.startswith(b"PK\x03\x04"):
        file.seek(0)
        try:
            with zipfile.ZipFile(file) as package:
                kind, why = _office(package)
        except BROKEN as error:
            raise BadPaper(name=name, why="文件已损坏，请在 WPS 里打开，另存后再传。") from error
        if why:
            raise BadPaper(name=name, why=why)
        return Paper(data, *kind)
    if data.startswith(OLD):
        raise BadPaper(name=name, why="这是旧版 Office 文件或加了密码。请去掉密码，另存为 .docx 或 .xlsx 再传。")
    raise BadPaper(name=name, why=KINDS)


def pdf_trouble(data: bytes) -> str:
    """Why a PDF cannot be taken, or nothing."""
    plain = _unescaped(data)
    if re.search(rb"/Encrypt(?![A-Za-z])", plain):
        return "PDF 加了密码或权限限制。请去掉后再传。"
    if ACTIVE.search(plain):
        return "PDF 里有脚本、自动动作或夹带的文件。请用“打印为 PDF”另存后再传。"
    for packed in _packed_objects(data):
        if packed is None:
            return "PDF 的内部结构无法检查。请用“打印为 PDF”另存后再传。"
        if ACTIVE.search(_unescaped(packed)):
            return "PDF 里有脚本、自动动作或夹带的文件。请用“打印为 PDF”另存后再传。"
    return ""


def _unescaped(data: bytes) -> bytes:
    """Names may be written with `#4A` for a letter."""
    return _ESCAPED.sub(lambda m: bytes([int(m[1], 16)]), data)


def _packed_objects(data: bytes) -> Iterator[bytes | None]:
    """Each compressed stream that holds objects, unpacked; None for one that cannot be."""
    left, named = MOST_UNPACKED, 0
    whole = memoryview(data)
    for found in _STREAM.finditer(data):
        head = _unescaped(data[max(found.start() - 2000, 0) : found.start()])
        head = head[head.rfind(b"obj") + 3 if b"obj" in head else 0 :]
        named += len(_OBJECTS.findall(head))
        if not _OBJECTS.search(head) and not (b"/First" in head and b"/N" in head):
            continue
        coded = _FILTER.search(head)
        if coded is None and b"/Filter" not in head:
            continue  # plain text, seen already
        names = re.findall(rb"/(\w+)", coded[1]) if coded else []
        unpacker = zlib.decompressobj()
        try:
            text = unpacker.decompress(whole[found.end() :], left)
        except zlib.error:
            text = b""
        left -= len(text)
        if names not in ([b"FlateDecode"], [b"Fl"]) or b"/Predictor" in head or not text or left <= 0:
            yield None
            return
        yield text
    if named != len(_OBJECTS.findall(_unescaped(data))):
        yield None  # said of a stream in a way that was not understood


def _office(package: zipfile.ZipFile) -> tuple[tuple[str, str], str]:
    """The type of an Office package and why it cannot be taken."""
    parts = package.infolist()
    names = [p.filename.lower().replace("\\", "/") for p in parts]
    kinds = {"word/document.xml": (DOCX, "docx"), "xl/workbook.xml": (XLSX, "xlsx")}
    fits = [made for part, made in kinds.items() if part in names]
    why = ""
    if len(parts) > MOST_PARTS or sum(p.file_size for p in parts) > MOST_UNPACKED:
        why = LARGE
    elif any(p.flag_bits & 1 for p in parts):
        why = "文件加了密码。请去掉密码再传。"
    elif "[content_types].xml" not in names or len(fits) != 1:
        why = KINDS
    elif any(_runs(n) for n in names):
        why = RUNS
    else:
        looked = [(n, p) for n, p in zip(names, parts, strict=True) if _is_looked_at(n)]
        if any(p.file_size > MOST_READ for _, p in looked):
            why = LARGE
        else:
            why = next((w for n, p in looked if (w := _trouble_in(n, package.read(p)))), "")
    return ("", "") if why else fits[0], why


def _is_looked_at(name: str) -> bool:
    return (
        name == "[content_types].xml" or name.endswith(".rels") or (name.startswith("word/") and name.endswith(".xml"))
    )


def _runs(name: str) -> bool:
    marks = ("vbaproject", "vbadata", "macrosheets", "activex", "/embeddings/", "oleobject", "externallinks/", "customui", "/ctrlprops/", "afchunk")  # fmt: skip
    return any(m in name for m in marks) or (
        name.endswith((".bin", ".exe", ".js", ".vbs", ".html", ".htm", ".mht", ".svg"))
        and "printersettings" not in name
    )


def _trouble_in(name: str, raw: bytes) -> str:
    """Why one part of a package cannot be taken, or nothing."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ODD
    coding = _ENCODING.search(text[:200])
    if (coding and coding[1].lower() not in ("utf-8", "utf8", "us-ascii")) or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return ODD
    if name == "[content_types].xml":
        found = html.unescape(text).lower()
        return RUNS if any(w in found for w in ("macroenabled", "vbaproject", "activex", "oleobject")) else ""
    if name.endswith(".rels"):
        return OUTSIDE if any(_leads_out(html.unescape(tag)) for tag in _RELATION.findall(text)) else ""
    fields = html.unescape("".join(_FIELD.findall(text)))
    return "文件里有自动更新的外部数据（DDE）。请删去后再传。" if _DDE.search(fields) else ""


def _leads_out(tag: str) -> bool:
    """A template, picture or table fetched from elsewhere; a link that somebody has to click is none."""
    outside = re.search(r"TargetMode\s*=\s*[\"']\s*External", tag, re.IGNORECASE)
    return bool(outside) and not re.search(r"\bType\s*=\s*[\"'][^\"']*/hyperlink[\"']", tag)
