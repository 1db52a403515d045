"""Documents for tests, good and bad."""

import io
import zipfile
import zlib

import docx
from django.core.files.uploadedfile import SimpleUploadedFile

PLAIN_PDF = (
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /OpenAction [2 0 R /Fit] >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
)


def upload(data, name="证书.pdf"):
    return SimpleUploadedFile(name, data)


def pdf(name="证书.pdf", more=b""):
    """A small PDF; `more` makes its content another one."""
    return upload(PLAIN_PDF + more, name)


def packed_pdf(objects, head=b"/Filter /FlateDecode", first=b"/Type /ObjStm "):
    """A PDF whose objects lie in a compressed stream."""
    body = zlib.compress(objects)
    return (
        b"%PDF-1.5\n1 0 obj\n<< "
        + first
        + b"/N 1 /First 4 "
        + head
        + b" >>\nstream\n"
        + body
        + b"\nendstream\nendobj\n%%EOF"
    )


def word(name="说明.docx", words="说明", changes=None):
    """A .docx; `changes` puts other parts into the package or in the place of its own."""
    out = io.BytesIO()
    made = docx.Document()
    made.add_paragraph(words)
    made.save(out)
    if not changes:
        return upload(out.getvalue(), name)
    again = io.BytesIO()
    with zipfile.ZipFile(out) as given, zipfile.ZipFile(again, "w") as kept:
        for part in given.namelist():
            if part not in changes:
                kept.writestr(part, given.read(part))
        for part, data in changes.items():
            kept.writestr(part, data)
    return upload(again.getvalue(), name)
