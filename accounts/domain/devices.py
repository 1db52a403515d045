"""What a browser says of itself, in a few words for its owner."""

PLACES = (
    ("Windows", "Windows 电脑"), ("iPhone", "苹果手机"), ("iPad", "苹果平板"), ("Android", "安卓手机"),
    ("Macintosh", "苹果电脑"), ("Linux", "Linux 电脑"),
)  # fmt: skip
BROWSERS = (
    ("MicroMessenger", "微信"), ("DingTalk", "钉钉"), ("Edg", "Edge 浏览器"), ("Firefox", "Firefox 浏览器"),
    ("Chrome", "谷歌内核浏览器"), ("Safari", "Safari 浏览器"),
)  # fmt: skip


def device_words(agent: str) -> str:
    """`Windows 电脑，Edge 浏览器`; what is not known is called so."""
    place = next((words for key, words in PLACES if key in agent), "")
    browser = next((words for key, words in BROWSERS if key in agent), "")
    return "，".join(one for one in (place, browser) if one) or "未知设备"
