#!/usr/bin/env python3
"""Runs libFuzzer targets, some at a time, each for so many seconds; a line for each, and a JUnit file.

The committed corpus is where each begins. New inputs that reach new branches go to OUT/corpus/TARGET, where the next
run goes on. What crashed a target lies in OUT/crash. With --seed what is invented from the same inputs is nearly the same.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent
OPTIONS = ["-timeout=10", "-rss_limit_mb=1500", "-max_len=4096", "-print_final_stats=1", "-verbosity=1"]
# A target that hangs before libFuzzer notices is ended this much later.
GRACE_S = 60


def targets():
    return sorted(p.stem.removeprefix("fuzz_") for p in ROOT.glob("fuzz_*.c"))


def seeds(name):
    """The committed folder; for messages the torture tests of the RFCs too, where they are."""
    folders = [ROOT / "corpus" / name]
    data = os.environ.get("OFFHOOK_TEST_DATA")
    if data and name == "msg":
        folders += [p for p in (pathlib.Path(data) / rfc for rfc in ("rfc4475", "rfc5118")) if p.is_dir()]
    return [str(f) for f in folders]


def fuzz(name, args):
    """Returns (name, problem or "", figures, output)."""
    grown = args.out / "corpus" / name
    crash = args.out / "crash"
    for folder in (grown, crash):
        folder.mkdir(parents=True, exist_ok=True)
    dictionary = ROOT / f"{name}.dict"
    command = [str(args.build / "fuzz" / f"fuzz_{name}"), *OPTIONS, f"-max_total_time={args.seconds}",
               f"-artifact_prefix={crash}/{name}-", *([f"-seed={args.seed}"] if args.seed else []),
               *([f"-dict={dictionary}"] if dictionary.exists() else []), str(grown), *seeds(name)]
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                             timeout=args.seconds + GRACE_S)
        output, status = run.stdout.decode(errors="replace"), run.returncode
    except subprocess.TimeoutExpired as late:
        output, status = (late.stdout or b"").decode(errors="replace"), "does not end"
    (args.out / f"{name}.log").write_text(output)
    if status != 0:
        written = re.search(r"Test unit written to (\S+)", output)
        return name, f"reproducer: {written.group(1)}" if written else f"status {status}", "", output
    found = dict(re.findall(r"^stat::(\w+):\s+(\d+)", output, re.M))
    covered = re.findall(r"cov: (\d+)", output)
    figures = f"{found.get('average_exec_per_sec', '?')} a second, {found.get('number_of_executed_units', '?')} in all, "
    return name, "", figures + f"{covered[-1] if covered else '?'} branches", output


def report(rows, path):
    suite = ElementTree.Element("testsuite", name="fuzz", tests=str(len(rows)))
    for name, problem, _, output in rows:
        case = ElementTree.SubElement(suite, "testcase", name=name)
        if problem:
            text = re.sub(r"[^\n\x20-\x7e]", "?", output[-20000:])
            ElementTree.SubElement(case, "failure", message=problem).text = text
    ElementTree.ElementTree(suite).write(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("target", nargs="*", help="default: all")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="default: another one each time")
    args = parser.parse_args()
    unknown = set(args.target) - set(targets())
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(targets())}")
    args.out = args.out.resolve()
    rows = []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        jobs = [pool.submit(fuzz, name, args) for name in args.target or targets()]
        for job in concurrent.futures.as_completed(jobs):
            rows.append(job.result())
            name, problem, figures, output = rows[-1]
            print(f"   {name:<10} {problem and 'FAILED  ' + problem or figures}", flush=True)
            if problem:
                print("\n".join(output.splitlines()[-40:]), flush=True)
    report(sorted(rows), args.out / "junit.xml")
    return 1 if any(problem for _, problem, _, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
