"""Adds up JUnit result files and prints the last line of the test command: N passed, N failed, N skipped.

Exit status 0 only when something passed and nothing failed. A program that died without telling its results counts as
one failure.
"""

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


def main(paths):
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for path in paths:
        for name, outcome, reason in outcomes(path):
            count[outcome] += 1
            if outcome != "passed":
                print(f"{outcome}: {name}  {reason[:300]}")
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped", flush=True)
    return 0 if count["passed"] and not count["failed"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
