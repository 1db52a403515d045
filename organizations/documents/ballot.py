"""述职测评票: the paper ballot of a community, to be copied and handed out."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from accounts.models import Area
from core.clock import spoken
from core.documents import Part, Plain, Table, write_document
from organizations.domain.hearing import OPTIONS
from organizations.models import Hearing


def ballot_word(hearing: Hearing, community: Area, names: Sequence[str]) -> bytes:
    """One ballot as .docx: an organization a line, a box for each option."""
    heads = ["序号", "组织", *OPTIONS.values()]
    rows = [[str(n), name, *("□" for _ in OPTIONS)] for n, name in enumerate(names, 1)]
    parts: list[Part] = [
        *([Plain("演示数据：单位为演示而列。", middle=True)] if hearing.is_demo else []),
        Plain(f"{hearing.title}　{community.name}　{spoken(hearing.held_on)}", middle=True),
        "请在每个组织后面选一项打“√”。不记名，每人一张；多选、不选的不计入有效票。",
        Table(heads, rows, [14, 58, 20, 24, 22, 20]),
        "投入票箱即可，不要写姓名和电话。",
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ballot.docx"
        write_document(path, "社会组织述职测评票", parts, author=hearing.street.name)
        return path.read_bytes()
