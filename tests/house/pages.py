#!/usr/bin/env python3
"""The pages are true: code in the README and in docs/ stands in examples/, links lead somewhere, the table of layers in
ARCHITECTURE.md is the one that layering.py enforces, and no text names a path of somebody's machine."""
import re

import house
import layering

CODE = re.compile(r"^```(c|python)\n(.*?)^```", re.M | re.S)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
ROW = re.compile(r"^\| `src/(\w+)/` \|[^|]*\| ([^|]*) \|", re.M)
EXAMPLE_LINES = 100
MACHINE = re.compile(r"(?<![\w.$}>-])/(?:home|root|work|Users)/\w+")


def plain(text):
    """Lines without indentation common or not, and without empty ones: pages may show less deep code."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def guides(root):
    return sorted((root / "docs").glob("*.md"))


def check_code(root):
    examples = [plain(p.read_text()) for p in house.sources(root / "examples", ".c", ".py")]
    problems = [] if CODE.search((root / "README.md").read_text()) else ["README.md shows no code"]
    for page in [root / "README.md", *guides(root)]:
        for language, block in CODE.findall(page.read_text()):
            lines = plain(block)
            if not any(lines == e[i:i + len(lines)] for e in examples for i in range(len(e))):
                problems.append(f"{page.name}: {language} code that is in no example: {lines[0]} ...")
    return problems


def check_links(root):
    return [f"{page.name}: {target} is not there" for page in [*root.glob("*.md"), *guides(root)]
            for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]


def check_examples(root):
    """Each is listed in the README and short enough to be read at once."""
    told = set(LINK.findall((root / "README.md").read_text()))
    problems = []
    for path in house.sources(root / "examples", ".c", ".py"):
        name = str(path.relative_to(root))
        lines = len(path.read_text().splitlines())
        if name not in told:
            problems.append(f"README.md: no link to {name}")
        if lines >= EXAMPLE_LINES:
            problems.append(f"{name}: {lines} lines")
    return problems


def check_layers(root):
    told = {name: words for name, words in ROW.findall((root / "ARCHITECTURE.md").read_text())}
    problems = []
    for path in sorted((root / "src").iterdir()):
        if not path.is_dir() or path.name not in layering.ROWS:
            continue
        allowed = layering.ROWS[path.name]
        words = told.get(path.name)
        if words is None:
            problems.append(f"ARCHITECTURE.md: no row for src/{path.name}/")
        elif words == "everything below":
            if set(allowed) != set(layering.ROWS) - {path.name}:
                problems.append(f"ARCHITECTURE.md: {path.name} may not include everything")
        elif sorted(re.findall(r"\w+", words)) != sorted(allowed):
            problems.append(f"ARCHITECTURE.md: {path.name} may include {', '.join(allowed) or '-'}, the page says {words}")
    return problems


def check_machine(root):
    problems = []
    for path in house.sources(root, ".c", ".h", ".py", ".md", ".build", ".sh", ".txt", ".toml", ".scd", ".dox", ""):
        for n, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if MACHINE.search(line):
                problems.append(f"{path.relative_to(root)}:{n}: a path of one machine: {line.strip()[:80]}")
    return problems


def check(root):
    return [("code of the pages is in examples/", check_code(root)), ("examples are short and listed", check_examples(root)), ("links lead somewhere", check_links(root)),
            ("the table of layers is the enforced one", check_layers(root)),
            ("no paths of one machine", check_machine(root))]


TABLE = "| `src/base/` | x | - |\n| `src/host/` | x | base |\n| `src/phone/` | x | everything below |\n"
GOOD = {"README.md": "```c\ncall();\n```\n[a](ARCHITECTURE.md) [b](examples/a.c)\n", "ARCHITECTURE.md": TABLE,
        "examples/a.c": "int main(void)\n{\n\tcall();\n}\n", "src/base/a.h": "", "src/host/a.h": "", "src/phone/a.h": ""}
SOMEWHERE = "/".join(["", "home", "alice"])
SAMPLES = [
    ("good pages", check, GOOD, None),
    ("code that nobody compiles", check, {**GOOD, "README.md": GOOD["README.md"].replace("call()", "call(1)")}, ["README.md: c code that is in no example"]),
    ("a guide with such code", check, {**GOOD, "docs/a.md": "```python\ncall(1)\n```\n"}, ["a.md: python code that is in no example"]),
    ("a dead link in a guide", check, {**GOOD, "docs/a.md": "[b](README.md)\n"}, ["a.md: README.md is not there"]),
    ("an example that nobody finds", check, {**GOOD, "examples/b.c": "int x;\n"}, ["no link to examples/b.c"]),
    ("a long example", check, {**GOOD, "examples/a.c": GOOD["examples/a.c"] + 96 * "\n"}, ["examples/a.c: 100 lines"]),
    ("no code", check, {**GOOD, "README.md": "[b](examples/a.c)\n"}, ["no code"]),
    ("a dead link", check, {**GOOD, "README.md": GOOD["README.md"] + "[b](docs/none.md)\n"}, ["docs/none.md is not there"]),
    ("a layer without a row", check, {**GOOD, "src/sip/a.h": ""}, ["no row for src/sip/"]),
    ("a row that allows more", check, {**GOOD, "ARCHITECTURE.md": TABLE.replace("x | base", "x | base, sip")}, ["host may include base"]),
    ("a path of one machine", check, {**GOOD, "src/base/a.h": f"/* see {SOMEWHERE}/notes */\n"}, ["a path of one machine"]),
]

if __name__ == "__main__":
    house.main(check, SAMPLES, "pages.py SOURCE_ROOT")
