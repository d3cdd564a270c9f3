#!/usr/bin/env python3
"""The conformance matrix: which test drives which flow of RFC 3665, 5359, 5407 and 6337 and which torture message.

tests/matrix/rows.tsv lists what must be there. A test says which rows it drives by comment lines right above it,

    /* MATRIX: RFC 5407 3.1.2 */
    TEST(name)

and a table whose lines begin with the names of rows by "MATRIX: RFC 4475 rows below" above it. Of both tests/MATRIX.md is
written (--write); without an option it is checked: the page is up to date, every marker names a row, every row without
a reason has a test, and every flow has one that runs it with each message lost, doubled and delayed, which is what
flow_run() does.
"""
import csv
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "house"))
import house  # noqa: E402

KINDS = ("flow", "rule", "message")
TITLES = {
    "3665": "Session Initiation Protocol (SIP) Basic Call Flow Examples",
    "5407": "Example Call Flows of Race Conditions in the Session Initiation Protocol (SIP)",
    "5359": "Session Initiation Protocol Service Examples",
    "6337": "Session Initiation Protocol (SIP) Usage of the Offer/Answer Model",
    "4475": "Session Initiation Protocol (SIP) Torture Test Messages",
    "5118": "Session Initiation Protocol (SIP) Torture Test Messages for Internet Protocol Version 6 (IPv6)",
}
MARK = re.compile(r"MATRIX: RFC (\d+) (.+?)(?: \*/)?$")
TEST = re.compile(r"^(?:TEST\((\w+)\)|def (test_\w+)\()")
NAME = re.compile(r"""^\s*[{(\[]*["']([\w-]+)["']""")
WITH_FAULTS = "flow_run("
HEAD = """# What is tested of which RFC

Written by `python3 tests/matrix.py --write` from `tests/matrix/rows.tsv` and the markers in the tests; a test of the house
fails when it is out of date. *Faults*: the flow also runs on the simulated host with each single message lost, doubled, and
delayed past its neighbours; both ends then agree and nothing is left over. Torture messages are parsed (`sip/`) and answered
by a phone over real sockets (`phone/`).
"""


class Row:
    def __init__(self, fields):
        self.rfc, self.name, self.kind, self.title, self.reason = (fields + [""] * 5)[:5]
        self.tests = []  # (text, runs with faults)


def read_rows(root):
    with open(root / "tests/matrix/rows.tsv", encoding="utf-8", newline="") as f:
        lines = list(csv.reader(f, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return {(row.rfc, row.name): row for row in map(Row, lines)}


def body_of(lines, start):
    """The lines of the function that begins at lines[start], up to the next that begins in the first column."""
    end = start + 1
    while end < len(lines) and (not lines[end][:1].strip() or lines[end][:1] == "{"):
        end += 1
    return lines[start:end]


def tests_in(path, root):
    """Yields (rfc, row, test, with faults) for every marker of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    name = path.relative_to(root / "tests")
    pending, table = [], None
    for n, line in enumerate(lines):
        mark = MARK.search(line)
        test = TEST.match(line)
        if mark and mark[2] == "rows below":
            table = mark[1]
        elif mark:
            pending.append((mark[1], mark[2]))
        elif test:
            faults = any(WITH_FAULTS in text for text in body_of(lines, n))
            yield from ((rfc, row, f"{name}: {test[1] or test[2]}", faults) for rfc, row in pending)
            pending = []
        elif table and line[:1] in ("}", "]", ")"):
            table = None
        elif table and (found := NAME.match(line)):
            yield table, found[1], str(name), False
    yield from ((rfc, row, f"{name}: a marker without a test", False) for rfc, row in pending)


def collect(root):
    """The rows with their tests, and what is wrong with the markers."""
    rows, problems = read_rows(root), []
    for path in house.sources(root / "tests", ".c", ".py"):
        if path.name == "matrix.py":
            continue
        for rfc, name, test, faults in tests_in(path, root):
            row = rows.get((rfc, name))
            if test.endswith("a marker without a test"):
                problems.append(f"{test}: RFC {rfc} {name}")
            elif not row:
                problems.append(f"{test}: tests/matrix/rows.tsv has no RFC {rfc} {name}")
            else:
                row.tests.append((test, faults))
    return rows, problems


def check_rows(rows):
    problems = [] if rows else ["no rows"]
    for row in rows.values():
        what = f"RFC {row.rfc} {row.name}"
        if row.kind not in KINDS or row.rfc not in TITLES:
            problems.append(f"{what}: no such kind or RFC")
        if row.reason and row.tests:
            problems.append(f"{what}: is tested, but has a reason not to be")
        if not row.reason and not row.tests:
            problems.append(f"{what}: no test")
        elif not row.reason and row.kind == "flow" and not any(faults for _, faults in row.tests):
            problems.append(f"{what}: no test with faults")
    return problems


def page(rows):
    text = [HEAD]
    for rfc in dict.fromkeys(row.rfc for row in rows.values()):
        of_rfc = [row for row in rows.values() if row.rfc == rfc]
        done = sum(bool(row.tests) for row in of_rfc)
        text += [f"## RFC {rfc}: {TITLES.get(rfc, '')}", "", f"{done} of {len(of_rfc)} rows.", "",
                 "| row | what | tests | faults |", "|---|---|---|---|"]
        for row in of_rfc:
            tests = "<br>".join(f"`{test}`" for test, _ in row.tests) or f"*{row.reason or 'none'}*"
            faults = "yes" if any(faults for _, faults in row.tests) else ""
            text.append(f"| {row.name} | {row.title} | {tests} | {faults} |")
        text.append("")
    return "\n".join(text)


def check_page(root, rows):
    path = root / "tests/MATRIX.md"
    if path.exists() and path.read_text(encoding="utf-8") == page(rows):
        return []
    return ["tests/MATRIX.md is out of date: python3 tests/matrix.py --write"]


def check(root):
    rows, problems = collect(root)
    done = sum(bool(row.tests) for row in rows.values())
    return [("every marker names a row", problems), (f"{done} rows have their tests", check_rows(rows)),
            ("the page is up to date", check_page(root, rows))]


def check_sample(root):
    """As check(), but a sample has no page unless it brings one."""
    if not (root / "tests/MATRIX.md").exists():
        rows = collect(root)[0]
        (root / "tests/MATRIX.md").write_text(page(rows))
    return check(root)


LIST = "rfc\trow\tkind\ttitle\treason\n5407\t3.1.2\tflow\tCANCEL\n5407\t3.3.2\tflow\tUPDATE\tissue 4: needs UPDATE\n"
TORTURE = "4475\twsinv\tmessage\tvalid\n"
GOOD = "/* MATRIX: RFC 5407 3.1.2 */\nTEST(cancel)\n{\n\tflow_run(&f);\n}\n"
TABLE = '/* MATRIX: RFC 4475 rows below */\nnames[] = {\n\t"wsinv",\n};\n'


def sample(rows, test, **more):
    return {"tests/matrix/rows.tsv": rows, "tests/a.c": test, **{f"tests/{k}.md": v for k, v in more.items()}}


SAMPLES = [
    ("a flow with its test", check_sample, sample(LIST, GOOD), None),
    ("a table of messages", check_sample, sample(LIST + TORTURE, GOOD + TABLE), None),
    ("a test in Python", check_sample, {**sample(LIST + TORTURE, GOOD), "tests/test_b.py":
                                        "# MATRIX: RFC 4475 wsinv\ndef test_wsinv():\n    pass\n"}, None),
    ("a row without test", check_sample, sample(LIST + TORTURE, GOOD), ["RFC 4475 wsinv: no test"]),
    ("a marker without row", check_sample, sample(LIST, GOOD + GOOD.replace("3.1.2", "9.9")), ["no RFC 5407 9.9"]),
    ("a marker without test", check_sample, sample(LIST, GOOD + "/* MATRIX: RFC 5407 3.1.2 */\n"), ["a marker without"]),
    ("a flow without faults", check_sample, sample(LIST, GOOD.replace("flow_run(&f)", "f()")), ["no test with faults"]),
    ("faults in the next function only", check_sample,
     sample(LIST, GOOD.replace("flow_run(&f)", "f()") + "TEST(b)\n{\n\tflow_run(&f);\n}\n"), ["no test with faults"]),
    ("a test of what has a reason", check_sample, sample(LIST, GOOD + GOOD.replace("3.1.2", "3.3.2")), ["a reason not to"]),
    ("an old page", check_sample, sample(LIST, GOOD, MATRIX="old"), ["out of date"]),
    ("no rows", check_sample, sample("rfc\n", ""), ["no rows"]),
]

if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        top = pathlib.Path(__file__).resolve().parent.parent
        (top / "tests/MATRIX.md").write_text(page(collect(top)[0]), encoding="utf-8")
    else:
        house.main(check, SAMPLES, "matrix.py SOURCE_ROOT | --write")
