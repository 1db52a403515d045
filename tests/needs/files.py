"""Files for tests: photos and workbooks, good and bad."""

import io

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

HEAD = ["渠道", "类别", "居民的原话"]


def photo(size=(60, 40), kind="JPEG", name="拍的.jpg", **facts):
    """A picture whose left half is red and right half blue."""
    out = io.BytesIO()
    picture = Image.new("RGB", size, "blue")
    picture.paste("red", (0, 0, size[0] // 2, size[1]))
    picture.save(out, kind, **facts)
    return SimpleUploadedFile(name, out.getvalue())


def upload(data, name="表.xlsx"):
    return SimpleUploadedFile(name, data)


def workbook(rows, head=HEAD, sheet="需求", name="表.xlsx", also=()):
    """A workbook with one sheet of these rows under a head; `also` are further (title, rows with their head)."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in [head, *rows]:
        page.append(row)
    for title, more in also:
        other = book.create_sheet(title)
        for row in more:
            other.append(row)
    out = io.BytesIO()
    book.save(out)
    return upload(out.getvalue(), name)
