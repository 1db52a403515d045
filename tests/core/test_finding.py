"""What somebody types into a box: read as words, as a number, as initials in any reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.finding import begins, readings, sought
from core.pinyin import initials, pinyin_key


@pytest.mark.parametrize(
    ("typed", "text", "compact", "letters"),
    [
        ("  ＸＤＺＪ ", "XDZJ", "XDZJ", "xdzj"), ("心灯 之家", "心灯 之家", "心灯之家", ""), ("5137 0000", "5137 0000", "51370000", ""),
        ("x", "x", "x", ""), ("", "", "", ""), ("　", "", "", ""), ("x" * 99, "x" * 60, "x" * 60, ""),
    ],
)  # fmt: skip
def test_what_was_typed(typed, text, compact, letters):
    found = sought(typed)
    assert (found.text, found.compact, found.letters) == (text, compact, letters)


@pytest.mark.parametrize(
    ("letters", "text", "is_found"),
    [
        ("xdjd", "辛店街道", True), ("djd", "辛店街道", True), ("xjd", "辛店街道", False), ("zxx", "曾小小", True), ("cxx", "曾小小", True),
        ("cq", "重庆", True), ("zl", "重量", True), ("ll", "3 号楼（6 层）楼道灯", False), ("hlcldd", "3 号楼（6 层）楼道灯", True), ("ab", "", False),
    ],
)  # fmt: skip
def test_initials_by_any_reading(letters, text, is_found):
    assert begins(letters, text) is is_found


@given(st.text(alphabet="辛店街道公益创投居民需求长行重曾", min_size=1, max_size=12))
def test_the_usual_initials_are_always_found(text):
    assert begins(initials(text), text)
    assert len(readings(text)) == len(text)


# As a printed register has them: by sound, by tone, then by the next character.
REGISTER = [
    "阿里社", "爱心社", "安居社", "北街社", "长青社", "重阳社", "大众社", "东湖社", "儿童社", "高山社",
    "梨园社", "李家社", "丽景社", "林家社", "灵山社", "绿地社", "民乐社", "女子社", "行知社", "中山社",
]  # fmt: skip


def test_twenty_names_stand_in_chinese_order():
    assert sorted(sorted(REGISTER), key=lambda name: (pinyin_key(name), name)) == REGISTER
