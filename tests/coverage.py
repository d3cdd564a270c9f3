"""Line coverage of the library by the C tests, from a build with -Db_coverage=true: coverage.py BUILD_DIR [JUNIT_FILE].

Prints one row a layer, names the files that are furthest behind, and fails below the bounds: 95 % for src/sip, src/sdp
and src/session, 90 % for the library.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

BOUNDS = {"src/sip": 95.0, "src/sdp": 95.0, "src/session": 95.0, "all": 90.0}


def lines_of(build: Path, root: Path) -> dict[str, dict[int, bool]]:
    """file -> line -> was it run by any test."""
    hit: dict[str, dict[int, bool]] = defaultdict(dict)
    notes = sorted(str(p.resolve()) for p in build.glob("src/**/*.gcda"))
    if not notes:
        sys.exit(f"{build}: no coverage data; build with -Db_coverage=true and run the tests first")
    with tempfile.TemporaryDirectory() as folder:
        for i in range(0, len(notes), 50):
            subprocess.run(["gcov", "--json-format", "--preserve-paths", *notes[i:i + 50]], cwd=folder, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for path in Path(folder).glob("*.gcov.json.gz"):
            data = json.loads(gzip.decompress(path.read_bytes()))
            for file in data["files"]:
                source = (Path(data["current_working_directory"]) / file["file"]).resolve()
                if not source.is_relative_to(root / "src") or not source.suffix == ".c":
                    continue
                lines = hit[str(source.relative_to(root))]
                for line in file["lines"]:
                    number = line["line_number"]
                    lines[number] = lines.get(number, False) or line["count"] > 0
    return hit


def main(build: str, junit: str = "") -> int:
    root = Path(__file__).resolve().parent.parent
    files = lines_of(Path(build), root)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, lines in files.items():
        for key in ("/".join(name.split("/")[:2]), "all"):
            sums[key][0] += sum(lines.values())
            sums[key][1] += len(lines)
    behind = sorted(((len(v) - sum(v.values()), k) for k, v in files.items()), reverse=True)[:12]
    for missing, name in behind:
        numbers = [str(n) for n, run in sorted(files[name].items()) if not run]
        print(f"{missing:4d} lines of {name} never run: {' '.join(numbers[:40])}")
    suite = ElementTree.Element("testsuite", name="coverage")
    for key, (run, total) in sorted(sums.items()):
        percent = 100.0 * run / total
        said = f"{key}: {percent:.1f} % of {total} lines"
        if key in BOUNDS:
            said += f", at least {BOUNDS[key]:.0f}"
            case = ElementTree.SubElement(suite, "testcase", name=f"coverage of {key}")
            if percent < BOUNDS[key]:
                ElementTree.SubElement(case, "failure", message=said)
        print(said)
    if junit:
        ElementTree.ElementTree(suite).write(junit)
    return 1 if suite.find(".//failure") is not None else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
