"""`python -m chuangtou.fittings`: what the browser and export tests need from the machine.

Started by root on Debian or Ubuntu it installs what is missing by apt; otherwise, or when that fails, it says in one
line what is missing and exits 1. Nothing is skipped.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find_chromium() -> str | None:
    """Return the browser: CHROMIUM if set, else the first one on PATH."""
    told = os.environ.get("CHROMIUM")
    if told:
        return shutil.which(told)
    found = (shutil.which(name) for name in (*BROWSERS, *MAC_BROWSERS))
    return next((path for path in found if path), None)


def has_browser() -> bool:
    """Tell whether it runs: on Ubuntu an apt stand-in for a snap is on PATH and cannot."""
    path = find_chromium()
    if path is None:
        return False
    try:
        return subprocess.run([path, "--version"], capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def has_libatomic() -> bool:
    """Playwright's driver needs it on Linux; machines with a compiler have it."""
    if sys.platform != "linux":
        return True
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        return False
    return True


def has_chinese_font() -> bool:
    if sys.platform == "darwin":
        return True
    lister = shutil.which("fc-list")
    if lister is None:
        return False
    return bool(subprocess.run([lister, ":lang=zh-cn"], capture_output=True, check=False).stdout.strip())


def has_calc() -> bool:
    return any(shutil.which(name) for name in ("localc", "scalc")) or (
        sys.platform == "darwin" and shutil.which("soffice") is not None
    )


def has_writer() -> bool:
    """Writer's own library: `soffice` is there as soon as any part of LibreOffice is."""
    if sys.platform == "darwin":
        return shutil.which("soffice") is not None
    office = shutil.which("soffice")
    return office is not None and (Path(office).resolve().parent / "libswlo.so").exists()


def has_poppler() -> bool:
    return shutil.which("pdftoppm") is not None and shutil.which("pdftotext") is not None


NEEDS: dict[str, tuple[tuple[str, ...], Callable[[], bool]]] = {
    "Chromium": (("chromium",), has_browser),
    "libatomic1": (("libatomic1",), has_libatomic),
    "a Chinese font (fonts-noto-cjk)": (("fonts-noto-cjk", "fontconfig"), has_chinese_font),
    "LibreOffice Calc (libreoffice-calc)": (("libreoffice-calc",), has_calc),
    "LibreOffice Writer (libreoffice-writer-nogui)": (("libreoffice-writer-nogui",), has_writer),
    "poppler-utils": (("poppler-utils",), has_poppler),
}


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def missing() -> list[str]:
    return [name for name, (_, is_there) in NEEDS.items() if not is_there()]


def install(names: list[str]) -> str:
    """Install by apt; return what apt said when it failed, else an empty text."""
    packages = [package for name in names for package in NEEDS[name][0]]
    say(f"apt-get install {' '.join(packages)} ...")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-q"], ["install", "-qy", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", *words], capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            return (done.stderr or done.stdout).strip().splitlines()[-1]
    return ""


def main() -> int:
    lacking = missing()
    trouble = ""
    if lacking and os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get"):
        trouble = install(lacking)
        lacking = missing()
    if lacking:
        hint = f" ({trouble})" if trouble else ""
        say(f"make test: missing on this machine: {', '.join(lacking)}{hint}. Set CHROMIUM for a browser elsewhere.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
