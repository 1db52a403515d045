"""Cut the icon sprite down to the icons that pages use.

The published sprite of Bootstrap Icons is 1.1 MB; pages need some fifty drawings of its two thousand. `icons.txt` at the
root of the repository names them, one per line.
"""

import re
from collections.abc import Iterable
from pathlib import Path

SYMBOL = re.compile(r'<symbol\b[^>]*\bid="(?P<id>[^"]+)"[^>]*>.*?</symbol>', re.DOTALL)
HEAD = '<svg xmlns="http://www.w3.org/2000/svg">'


class UnknownIcon(ValueError):
    """A name in the list is not in the sprite."""


def icon_names(text: str) -> list[str]:
    """Names of an `icons.txt`: one per line; blank lines and lines that start with `#` are skipped."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def reduce_sprite(svg_text: str, names: Iterable[str]) -> str:
    """Return a sprite with the named symbols only, sorted by name, each once. Raises UnknownIcon naming all unknown."""
    known = {found["id"]: found.group(0) for found in SYMBOL.finditer(svg_text)}
    wanted = sorted(set(names))
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UnknownIcon(", ".join(unknown))
    return HEAD + "".join(known[name] for name in wanted) + "</svg>\n"


def write_reduced(whole: Path, listed: Path, target: Path) -> None:
    """Read the whole sprite and the list of names, write the reduced sprite."""
    names = icon_names(listed.read_text(encoding="utf-8"))
    target.write_text(reduce_sprite(whole.read_text(encoding="utf-8"), names), encoding="utf-8")
