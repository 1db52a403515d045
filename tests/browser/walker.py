"""A browser that looks at every page it passes: axe, console, requests, language, width."""

import re
from pathlib import Path

from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page

AXE = settings.BASE_DIR / "assets-dev" / "axe.min.js"
SCREENS = Path(settings.BASE_DIR) / "tests" / "screens"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1366, "height": 768}
# Words that are not left over from a library: file kinds, algorithms, made-up names and codes of the test's own data.
ENGLISH = re.compile(r"[A-Za-z]{3,}")
ALLOWED = re.compile(
    r"(?:[0-9A-F]{4} ){3}[0-9A-F]{4}|(?:[A-Z2-9]{4} ){3,7}[A-Z2-9]{4}|\b[0-9a-f]{8}\b|Excel|\.xlsx?|\.csv|CSV|UTF-8|GB18030|Linux|DOCX|XLSX|ZIP|[\w（）]+\.(?:pdf|jpe?g|png|docx|xlsx|exe)\b|SHA|Word|PDF|JPG|PNG|YY-[-0-9]+-证据\d\.pdf|ZC-[-0-9]+-\w+\.(?:pdf|png|jpg)|BF-[-0-9]+-材料\d\.pdf|测试\w+|[a-z_]+_[ab]\b|[A-Z0-9]{8,}|[a-z0-9]{12,}|(?:SB|XQ|FW)-|\.invalid|projects\.|needs\.|funding\."
)
TEXTS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent && !["SCRIPT", "STYLE", "NOSCRIPT"].includes(parent.tagName)) found.push(walker.currentNode.textContent);
  }
  return found.map((t) => t.trim()).filter((t) => t);
}"""


class Walker:
    """One person's browser. Everything that is wrong on a page is collected in `faults`, empty at the end."""

    looked: set[tuple[str, int]] = set()

    def __init__(self, browser: Browser, base: str, *, phone: bool = False) -> None:
        self.base = base
        self.size = PHONE if phone else DESK
        self.context: BrowserContext = browser.new_context(
            viewport=self.size, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        self.context.set_default_timeout(15000)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on(
            "console",
            lambda m: (
                self.faults.append(f"console: {m.text}") if m.type == "error" and "favicon" not in m.text else None
            ),
        )
        self.page.on("pageerror", lambda e: self.faults.append(f"script: {e}"))
        self.page.on(
            "request",
            lambda r: (
                None
                if r.url.startswith((base, "data:", "blob:", "about:"))
                else self.faults.append(f"leaves the origin: {r.url}")
            ),
        )

    def go(self, path: str, name: str = "") -> None:
        self.page.goto(self.base + path)
        self.look(name)

    def sign_in(self, username: str, password: str) -> None:
        self.page.goto(self.base + "/account/sign-in/")
        self.look("登录")
        self.page.get_by_label("用户名或手机号").fill(username)
        self.page.get_by_label("密码").fill(password)
        self.page.get_by_role("button", name="登录", exact=True).click()
        self.page.wait_for_url("**/home/")
        self.look("工作台")

    def press(self, words: str | re.Pattern[str], name: str = "") -> None:
        """Press the button with these words, wait for the page, look at it."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=words).first.click()
        self.look(name)

    def follow(self, words: str, name: str = "") -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=words).first.click()
        self.look(name)

    def says(self, words: str) -> None:
        assert words in self.page.inner_text("main"), (
            f"not on {self.page.url}: {words}\n{self.page.inner_text('main')[:1500]}"
        )

    def look(self, name: str = "") -> None:
        """Check the page as it stands; axe once per kind of page and width."""
        page = self.page
        page.wait_for_load_state("load")
        lang = "document.documentElement.lang"
        where = f"{page.url} ({self.size['width']})"
        if page.evaluate(lang) != "zh-CN" or page.locator("h1").count() != 1:
            self.faults.append(f"{where}: lang or h1")
        if not page.title().endswith(" - 创投门户"):
            self.faults.append(f"{where}: title {page.title()}")
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            self.faults.append(f"{where}: scrolls sideways")
        for text in page.evaluate(TEXTS):
            if ENGLISH.search(ALLOWED.sub("", text)) and not re.fullmatch(r"[A-Za-z0-9_.@:/?=&-]+", text):
                self.faults.append(f"{where}: English: {text[:80]}")
        kind = (
            re.sub(r"\d+|[A-Z0-9]{10}", "N", page.url.removeprefix(self.base).partition("?")[0]),
            self.size["width"],
        )
        if kind not in Walker.looked:
            Walker.looked.add(kind)
            self.axe(where)
        if name:
            SCREENS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(SCREENS / f"{name}-{self.size['width']}.png"), full_page=True)

    def axe(self, where: str) -> None:
        # Through the debugger, not a script element: the page's own policy stays in force.
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)
        for v in found["violations"]:
            nodes = "; ".join(n["html"][:140] for n in v["nodes"][:3])
            self.faults.append(f"{where}: axe {v['id']}: {v['help']} :: {nodes}")
