"""Text copied out of a chat, taken apart into what each person asked for; and the kind of thing a text is about.

Known shapes: 接龙 with numbers, `张三：……` on one line, a name and a time above the words (as WeChat on a computer copies
them), lines of time alone. What is no request (pictures, notices of the app, thanks) is left out or not ticked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from needs.domain.similar import plain
from needs.domain.twins import bare

MOST_ENTRIES = 150
MOST_TEXT = 50_000
MOST_WORDS = 1000
LEAST = 4  # characters of a request
NAME = 20

CLOCK = r"(?:[01]?\d|2[0-3])[:：][0-5]\d(?:[:：][0-5]\d)?"
DAY = r"(?:\d{2,4}[-/.年])?\d{1,2}[-/.月]\d{1,2}日?|昨天|今天|前天|星期[一二三四五六日天]|周[一二三四五六日]"
MOMENT = rf"(?:(?:{DAY})[\s，,]*)*(?:(?:凌晨|早上|上午|中午|下午|傍晚|晚上)\s*)?{CLOCK}"
ONLY_TIME = re.compile(rf"^[\s\-—─·*]*(?:{MOMENT}|\d{{2,4}}[-/.年]\d{{1,2}}[-/.月]\d{{1,2}}日?)[\s\-—─·*]*$")
HEAD = re.compile(rf"^(?P<name>\S[^：:]{{0,{NAME - 1}}}?)[\s:：]+[（(\[]?{MOMENT}[）)\]]?\s*[:：]?$")
LEAD = re.compile(rf"^[（(\[]?{MOMENT}[）)\]]?\s+(?=\S)")
SPOKEN = re.compile(
    r"^(?P<name>[^\s：:，。,.!?！？、；;（(\[]{1,12})(?:[（(][^）)]{1,12}[）)])?\s*[：:]\s*(?P<words>\S.*)?$"
)
NUMBER = re.compile(r"^(?:(?:No\.?|第)?\s*\d{1,3}\s*[.、．)）:：，,]\s*(?!\d)|[（(]\d{1,3}[）)]\s*|[①-⑳㉑-㉟]\s*)")
NAMED = re.compile(r"^(?P<name>[^\s，。,.!?！？、；;：:]{1,12})[\s　]+(?P<words>\S.{3,})$")
NO_NAME = re.compile(
    r"^(?:\d+|https?|(?:凌晨|早上|上午|中午|下午|傍晚|晚上)\d*|.*(?:希望|建议|问题|反映|地点|时间|另外|还有|比如|例如))$"
)
PLACE = re.compile(r"[\d楼栋幢单元室号院门村路街区层]")  # part of the request, not a name
HEADING = re.compile(r"^[#＃]\s*接龙|^接龙[:：]?$|^例[:：]|^示例[:：]|^请(?:大家|各位).{0,20}接龙")
NOTICE = re.compile(
    r"撤回了?一条消息|加入了?群聊|邀请.{0,30}加入|拍了拍|修改群名|开启了|以下是新消息|^\[?(?:图片|表情|动画表情|视频|语音|文件|链接|小程序|位置|红包|名片|聊天记录)\]?$"
)
INSERTED = re.compile(r"[\[【](?:图片|表情|动画表情|视频|语音|文件|链接|小程序|位置|[\u4e00-\u9fff]{1,4})[\]】]")
CALLED = re.compile(r"@\S{1,20}[\s\u2005]*")
THANKS = re.compile(
    r"^(?:收到|好的?|好滴|谢谢.{0,6}|感谢.{0,6}|多谢.{0,6}|辛苦了?.{0,6}|知道了|明白|嗯+|哦+|是的?|对的?|赞同?|同意|同上|支持|顶|\+1|ok|哈+|早上?好|大家好|晚安|没有|无|不客气)+[~～!！。.]*$",
    re.IGNORECASE,
)
# Words that tell what a request is about; the longest list of hits wins, on a tie the earlier kind.
KINDS: dict[str, tuple[str, ...]] = {
    "safety": ("路灯", "楼道灯", "灯坏", "灯不亮", "漏电", "消防", "灭火", "安全", "监控", "摄像", "被盗", "小偷", "打架", "飞线", "充电", "电动车", "井盖", "高空抛物", "门禁", "隐患", "坠落", "治安"),
    "elderly": ("老人", "老年", "助餐", "养老", "独居", "轮椅", "长者", "高龄", "空巢", "爷爷", "奶奶", "扶手"),
    "children": ("孩子", "儿童", "小孩", "学生", "暑假", "寒假", "托管", "青少年", "滑梯", "四点半", "放学"),
    "environment": ("垃圾", "卫生", "臭", "脏", "污水", "下水道", "堵塞", "绿化", "噪音", "油烟", "狗屎", "粪", "蚊", "老鼠", "蟑螂", "杂物", "清扫", "小广告", "积水", "树枝"),
    "culture": ("跳舞", "广场舞", "唱歌", "合唱", "书法", "活动室", "健身", "篮球", "乒乓", "象棋", "图书", "演出", "文艺", "音响", "锻炼"),
    "health": ("义诊", "看病", "血压", "体检", "医生", "医院", "疫苗", "药", "中医", "健康"),
    "relief": ("低保", "困难", "救助", "残疾", "失业", "补助", "帮扶", "大病", "就业"),
    "education": ("讲座", "宣传", "培训", "反诈", "诈骗", "课堂", "法律", "咨询", "政策"),
    "party": ("党员", "党支部", "党建", "支部", "党课"),
    "convenience": ("停车", "车位", "快递", "电梯", "理发", "维修", "停水", "停电", "水管", "漏水", "暖气", "燃气", "晾衣", "买菜", "公交", "班车", "磨刀", "缴费", "漏雨", "路面", "坑"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """One request. `likely` is false for what is probably talk; `who` is the name it stood under, or empty."""

    words: str
    who: str
    likely: bool
    category: str


def guess(words: str) -> str:
    """The kind of thing these words are probably about, or `other`."""
    text = plain(words)
    hits = {kind: sum(word in text for word in some) for kind, some in KINDS.items()}
    best = max(hits, key=lambda kind: hits[kind])
    return best if hits[best] else "other"


def entries(text: str) -> list[Said]:
    """What was asked, in its order, each thing once; at most MOST_ENTRIES."""
    found: list[tuple[str, list[str]]] = []
    is_marked = False
    is_open = False  # whether a line without a mark of its own goes on with the one before
    for raw in text[:MOST_TEXT].replace("\r\n", "\n").replace("\r", "\n").replace("\u2005", " ").split("\n"):
        line = raw.replace("\u3000", " ").strip(" \t\ufeff\u200b\u200e")
        if not line or ONLY_TIME.match(line) or HEADING.search(line) or NOTICE.search(line):
            is_open = False
            continue
        who, words, begins = _taken_apart(line)
        is_marked = is_marked or begins
        if begins or not is_open or not found:
            found.append((who, [words] if words else []))
        elif words:
            found[-1][1].append(words)
        is_open = True
    if not is_marked:  # no names and no numbers: each line is a thing of its own
        found = [("", [line]) for _who, lines in found for line in lines]
    return _sifted(found)


def _taken_apart(line: str) -> tuple[str, str, bool]:
    """(name, words, whether a new person begins to speak) of one line."""
    if head := HEAD.match(line):
        return head["name"].strip(), "", True
    line = LEAD.sub("", line)
    bare_line = NUMBER.sub("", line)
    numbered = bare_line != line
    spoken = SPOKEN.match(bare_line)
    if spoken and not NO_NAME.search(spoken["name"]) and not (spoken["words"] or "").startswith("//"):
        return spoken["name"], (spoken["words"] or "").strip(), True
    named = NAMED.match(bare_line) if numbered else None
    if named and not PLACE.search(named["name"]):
        return named["name"], named["words"].strip(), True
    return "", bare_line.strip(), numbered


def _sifted(found: Sequence[tuple[str, list[str]]]) -> list[Said]:
    seen: set[str] = set()
    kept: list[Said] = []
    for who, lines in found:
        words = CALLED.sub("", INSERTED.sub("", "\n".join(lines))).strip()
        key = bare(words)
        if not key or key in seen:
            continue
        seen.add(key)
        likely = len(key) >= LEAST and not THANKS.match(words) and len(words) <= MOST_WORDS
        kept.append(Said(words[:MOST_WORDS], who[:NAME], likely, guess(words)))
        if len(kept) == MOST_ENTRIES:
            break
    return kept
