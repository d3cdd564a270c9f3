#!/usr/bin/env python3
"""The manual builds: doxygen makes pages of the public headers and docs/ without one warning, a group for each module
and a page for each text."""
import pathlib
import re
import subprocess
import tempfile

import house

GROUPS = ("phone", "call", "event", "bridge", "error")
DOXYFILE = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "Doxyfile").read_text()


def build(root, output):
    """Runs doxygen in root with its output elsewhere; the warnings."""
    settings = (root / "docs" / "Doxyfile").read_text() + f"OUTPUT_DIRECTORY = {output}\nWARN_AS_ERROR = FAIL_ON_WARNINGS\n"
    done = subprocess.run(["doxygen", "-"], cwd=root, input=settings, capture_output=True, text=True, check=False)
    words = [line.replace(f"{root}/", "") for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    return words if words or done.returncode == 0 else [f"doxygen ended with {done.returncode}"]


def titles(pages):
    found = set()
    for page in pages.glob("*.html"):
        found.update(re.findall(r"<title>offhook: (.*)</title>", page.read_text()))
    return found


def check(root):
    with tempfile.TemporaryDirectory() as folder:
        warnings = build(root, folder)
        pages = pathlib.Path(folder) / "html"
        lacking = [f"no page of group {g}" for g in GROUPS if not (pages / f"group__{g}.html").exists()]
        made = titles(pages)
    texts = [p for p in sorted((root / "docs").glob("*.md")) if p.name != "index.md"]
    unmade = [f"{p.name}: no page '{title}'" for p in texts
              if (title := p.read_text().splitlines()[0].removeprefix("# ")) not in made]
    return [("no warning", warnings), (f"{len(GROUPS)} groups", lacking), (f"{len(texts)} texts", unmade)]


HEADER = """/**
 * @file
 * Things.
 */
/**
 * @defgroup {0} Things
 * @{{
 */
/**
 * Does it.
 *
 * @param a  a number
 * @return 0
 */
int offhook_{0}(int a);

/** A thing. */
struct offhook_{0}_info {{
	int size; /**< how large */
}};
/** @}} */
"""
GOOD = {f"include/offhook/{g}.h": HEADER.format(g) for g in GROUPS}
GOOD.update({"docs/Doxyfile": DOXYFILE, "docs/index.md": "# All\n", "docs/more.md": "# More of it\n\nWords.\n",
             "examples/a.c": "int main(void) { return 0; }\n"})
PHONE = "include/offhook/phone.h"


def changed(old, new, path=PHONE):
    assert old in GOOD[path]
    return {**GOOD, path: GOOD[path].replace(old, new)}


SAMPLES = [
    ("a good manual", check, GOOD, None),
    ("a field without words", check, changed("int size; /**< how large */", "int size;"), ["size"]),
    ("a parameter that is gone", check, changed("@param a ", "@param b "), ["'b'"]),
    ("no result", check, changed(" * @return 0\n", ""), ["return"]),
    ("a reference to nothing", check, changed("Words.", "See @ref nowhere.", "docs/more.md"), ["nowhere"]),
    ("no group", check, {k: v for k, v in GOOD.items() if k != PHONE}, ["no page of group phone"]),
    ("a setting that doxygen does not know", check, changed("QUIET ", "QUITE ", "docs/Doxyfile"), ["QUITE"]),
]

if __name__ == "__main__":
    house.main(check, SAMPLES, "manual.py SOURCE_ROOT")
