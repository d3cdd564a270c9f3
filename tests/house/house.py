"""What the house checks share: TAP output, and a throw-away tree for the self-tests.

A check is a function from a folder to a list of rows (name, problems). A row without problems is "ok". Every check
is also run on samples that it must refuse: a check that cannot fail is worth nothing.
"""
import pathlib
import sys
import tempfile


def report(rows):
    """Prints rows [(name, [problem, ...]), ...] as TAP; the exit status."""
    print(f"1..{len(rows)}")
    bad = 0
    for n, (name, problems) in enumerate(rows, 1):
        for problem in problems:
            print(f"# {problem}")
        print(f"{'not ok' if problems else 'ok'} {n} - {name}")
        bad += bool(problems)
    return 1 if bad else 0


def self_test(samples):
    """samples: [(name, function(folder) -> rows, {path: text}, words)].

    words: what the problems must mention, one problem at least; None: the sample is good and must pass."""
    rows = []
    for name, check, files, words in samples:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in files.items():
                target = root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            found = [problem for _, problems in check(root) for problem in problems]
        text = "\n".join(found)
        wrong = []
        if words is None and found:
            wrong = ["refused, though it is good:"] + found
        elif words is not None and not found:
            wrong = ["passed, though it is bad"]
        elif words is not None:
            wrong = [f"no word of '{word}' in: {text}" for word in words if word not in text]
        rows.append((f"self-test: {name}", wrong))
    return rows


def main(check, samples, usage):
    """The command line of a check: FOLDER... or --self-test."""
    args = sys.argv[1:]
    if args == ["--self-test"]:
        sys.exit(report(self_test(samples)))
    if not args:
        sys.exit(f"usage: {usage}\n       {sys.argv[0]} --self-test")
    sys.exit(report(check(*map(pathlib.Path, args))))


def sources(root, *suffixes):
    """Files under root with one of the suffixes, without build trees and hidden folders, in a fixed order."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if any(p.startswith((".", "build", "__pycache__")) or p == "out" for p in parts[:-1]):
            continue
        if path.is_file() and path.suffix in suffixes and not path.name.startswith("."):
            yield path
