"""Photos are drawn anew: upright, small, without notes; bombs and strangers are refused."""

import io
import struct
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from core.pictures import BadPicture, redrawn
from tests.needs.files import photo

GPS = 0x8825


def opened(data):
    return Image.open(io.BytesIO(data))


def png_head(width, height):
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def test_nothing_of_the_cameras_notes_is_left_and_the_picture_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(GPS)[1] = "N"
    given = photo((60, 40), exif=exif, comment=b"SecretComment", icc_profile=b"SecretProfile" * 20)
    assert b"SecretCamera" in given.read()
    given.seek(0)
    data = redrawn(given)
    found = opened(data)
    assert (found.format, found.size, dict(found.getexif())) == ("JPEG", (40, 60), {})
    assert b"Secret" not in data
    assert b"Exif" not in data
    assert not {"exif", "comment", "icc_profile", "xmp"} & set(found.info)
    top, bottom = found.getpixel((20, 10)), found.getpixel((20, 50))
    assert top[0] > 200 > 100 > top[2]  # what was on the left is on top
    assert bottom[2] > 200 > 100 > bottom[0]


def test_what_hides_behind_the_picture_is_gone():
    given = photo()
    hidden = SimpleUploadedFile("a.jpg", given.read() + b"<script>alert(1)</script>PK\x03\x04")
    assert b"script" not in redrawn(hidden)


@pytest.mark.parametrize(
    ("size", "kept"), [((4000, 3000), (1600, 1200)), ((300, 5000), (96, 1600)), ((100, 90), (100, 90))]
)
def test_large_pictures_are_made_smaller(size, kept):
    assert opened(redrawn(photo(size))).size == kept


def test_glass_becomes_white():
    out = io.BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(out, "PNG")
    found = opened(redrawn(SimpleUploadedFile("a.png", out.getvalue())))
    assert found.mode == "RGB"
    assert min(found.getpixel((5, 5))) > 250


def test_several_pictures_in_one_file_give_the_first():
    out = io.BytesIO()
    Image.new("RGB", (50, 40), "red").save(
        out, "MPO", save_all=True, append_images=[Image.new("RGB", (50, 40), "blue")]
    )
    given = SimpleUploadedFile("a.jpg", out.getvalue())
    assert Image.open(given).format == "MPO"
    found = opened(redrawn(given))
    assert (found.format, found.size) == ("JPEG", (50, 40))
    assert found.getpixel((5, 5))[0] > 200


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # the library says so, and goes on
def test_unreadable_notes_do_not_spoil_a_photo():
    data = photo().read()
    notes = b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xff" * 40
    spoilt = data[:2] + b"\xff\xe1" + struct.pack(">H", len(notes) + 2) + notes + data[2:]
    assert opened(redrawn(SimpleUploadedFile("a.jpg", spoilt))).size == (60, 40)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "I;16"])
def test_every_kind_of_colour_is_read(mode):
    out = io.BytesIO()
    Image.new(mode, (20, 20)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert opened(redrawn(SimpleUploadedFile("a", out.getvalue()))).mode == "RGB"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "只能上传"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "只能上传"),
        (b"GIF89a" + b"\0" * 50, "只能上传"),
        (b"BM" + b"\0" * 60, "只能上传"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "只能上传"),
        (b"\xff\xd8\xff" + b"\0" * 50, "只能上传"),
        (png_head(50_000, 50_000), "尺寸太大"),
        (png_head(5000, 5000), "尺寸太大"),
        (png_head(4000, 4000), "已损坏"),
    ],
)
def test_what_is_no_picture_or_a_bomb_is_refused(data, why):
    with pytest.raises(BadPicture, match=why):
        redrawn(SimpleUploadedFile("坏.jpg", data))


def test_a_cut_off_photo_is_refused():
    data = photo((400, 400)).read()
    with pytest.raises(BadPicture, match="已损坏"):
        redrawn(SimpleUploadedFile("a.jpg", data[: len(data) // 2]))


def test_a_heavy_file_is_refused_unread():
    file = SimpleUploadedFile("a.jpg", b"x")
    file.size = 11 * 1024 * 1024
    with pytest.raises(BadPicture, match="超过 10 MB"):
        redrawn(file)
