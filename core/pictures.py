"""Photos that people hand in: told by their content, drawn anew, so that nothing but the picture is left.

What a camera writes beside the picture (place, time, serial number, a small preview of the uncut photo) is gone, and so
is whatever somebody hid behind it. Sizes are read from the head before anything is unpacked.
"""

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import DomainError

MOST_MEGABYTES = 10
SIDE = 1600  # pixels of the longer side that is kept
# Million pixels. A JPEG is unpacked at a fraction of its size, the others whole.
MOST_PIXELS = {"JPEG": 60, "PNG": 20, "WEBP": 20}
QUALITY = 82
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    zlib.error,
    IndexError,
    KeyError,
    TypeError,
    MemoryError,
)
KINDS = "只能上传 JPG 或 PNG 图片。"


class BadPicture(DomainError):
    message = "照片“{name}”不能接收：{why}"
    status = 400


def looked_at(file: Any) -> Image.Image:
    """The picture in `file` (uploaded, seekable), its head read and nothing unpacked. Raises BadPicture."""
    name = str(file.name)[-60:]
    if file.size > MOST_MEGABYTES * 1024 * 1024:
        raise BadPicture(name=name, why=f"超过 {MOST_MEGABYTES} MB，请用手机自带的压缩后再传。")
    file.seek(0)
    try:
        picture = Image.open(file, formats=list(MOST_PIXELS))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadPicture(name=name, why="图片尺寸太大。") from error
    except UnidentifiedImageError as error:
        raise BadPicture(name=name, why=KINDS) from error
    except BROKEN as error:
        raise BadPicture(name=name, why="图片已损坏，请重新拍一张。") from error
    most = MOST_PIXELS.get(str(picture.format), MOST_PIXELS["JPEG"])  # some telephones put several JPEGs into one: MPO
    if picture.width * picture.height > most * 1_000_000:
        raise BadPicture(name=name, why=f"图片尺寸太大（超过 {most}00 万像素），请缩小后再传。")
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as the camera says; as it lies where the camera's notes cannot be read."""
    try:
        return ImageOps.exif_transpose(picture)
    except BROKEN:
        return picture


def redrawn(file: Any) -> bytes:
    """The picture as a plain JPEG: upright, at most 1600 pixels a side, on white, without any notes. Raises BadPicture."""
    picture = looked_at(file)
    try:
        picture.draft("RGB", (SIDE, SIDE))  # a JPEG is unpacked no larger than needed
        picture.load()
        picture.thumbnail((SIDE, SIDE))
        upright = _upright(picture)
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            glass = upright.convert("RGBA")
            plain = Image.new("RGB", glass.size, "white")
            plain.paste(glass, mask=glass.getchannel("A"))
        else:
            plain = upright.convert("RGB")
        # into a picture that has never held anything else
        fresh = Image.new("RGB", plain.size)
        fresh.paste(plain)
        out = io.BytesIO()
        fresh.save(out, "JPEG", quality=QUALITY, optimize=True)
    except (*BROKEN, Image.DecompressionBombError) as error:
        raise BadPicture(name=str(file.name)[-60:], why="图片已损坏，请重新拍一张。") from error
    return out.getvalue()
