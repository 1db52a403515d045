"""What LibreOffice makes of our spreadsheets."""

import os
import re
import subprocess
import zipfile
from pathlib import Path

CACHED = re.compile(rb"(</f>)<v>[^<]*</v>")


def convert(form: str, paths: list[Path], where: Path, out: Path) -> None:
    """Convert all files in one start of the program."""
    office = ["soffice", f"-env:UserInstallation=file://{where}/profile", "--headless", "--convert-to", form]
    subprocess.run([*office, "--outdir", str(out), *map(str, paths)], check=True, capture_output=True, timeout=300)


def recalculated(paths: list[Path], where: Path) -> list[Path]:
    """Copies in which every formula was computed anew: their cached values are taken away first, so they must be."""
    bare, out = where / "bare", where / "recalculated"
    bare.mkdir()
    for path in paths:
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(bare / path.name, "w", zipfile.ZIP_DEFLATED) as copy:
            for name in source.namelist():
                copy.writestr(name, CACHED.sub(rb"\1", source.read(name)))
    convert("xlsx:Calc MS Excel 2007 XML", [bare / p.name for p in paths], where, out)
    return [out / p.name for p in paths]


def pages_of(paths: list[Path], where: Path) -> list[tuple[str, list[tuple[int, int]]]]:
    """Of each file as PDF: its text and the size of each page in points."""
    out = Path(os.environ.get("KEEP_PDF", where / "pdf"))
    convert("pdf", paths, where, out)
    found = []
    for path in paths:
        pdf = out / f"{path.stem}.pdf"
        text = subprocess.run(["pdftotext", "-raw", str(pdf), "-"], check=True, capture_output=True, text=True).stdout
        facts = subprocess.run(["pdfinfo", "-l", "-1", str(pdf)], check=True, capture_output=True, text=True).stdout
        sizes = re.findall(r"Page\s+\d+ size:\s+([\d.]+) x ([\d.]+)", facts)
        found.append((text, [(round(float(w)), round(float(h))) for w, h in sizes]))
    return found
