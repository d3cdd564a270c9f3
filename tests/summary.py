"""Adds up JUnit result files and prints the last line of the test command: N passed, N failed, N skipped.

Exit status 0 only when something passed and nothing failed. A program that died without telling its results counts as
one failure; so does one that died among them, which only the log of programs beside a result file (.json) knows.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def outcomes(path):
    """Yields (name, outcome, reason) of every test case in one file."""
    for suite in ElementTree.parse(path).iter("testsuite"):
        cases = list(suite.iter("testcase"))
        for case in cases:
            name = f"{suite.get('name')}: {case.get('name')}"
            outcome, reason = "passed", ""
            for kind, word in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
                found = case.find(kind)
                if found is not None:
                    outcome, reason = word, found.get("message") or (found.text or "").strip()
                    break
            yield name, outcome, reason
        if not cases and (int(suite.get("errors") or 0) or int(suite.get("failures") or 0)):
            yield suite.get("name"), "failed", "ended without results"


def died(log, failed):
    """Yields, as outcomes() does, the programs that ended badly although no test of theirs is in `failed`."""
    for program in map(json.loads, log.read_text().splitlines() if log.exists() else []):
        short = program["name"].split(" / ")[-1]
        if program["result"] in ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS") and not any(short in name for name in failed):
            yield program["name"], "failed", f"ended with {program['result']}, status {program['returncode']}"


def main(paths):
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for path in paths:
        rows = list(outcomes(path))
        rows += died(pathlib.Path(path).with_suffix(".json"), [name for name, outcome, _ in rows if outcome == "failed"])
        for name, outcome, reason in rows:
            count[outcome] += 1
            if outcome != "passed":
                print(f"{outcome}: {name}  {reason[:300]}")
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped", flush=True)
    return 0 if count["passed"] and not count["failed"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
