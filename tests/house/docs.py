#!/usr/bin/env python3
"""Every public function has the whole doc comment: one sentence, its parameters, what it returns, thread, call-backs
and specification. Types of handlers (typedef ... offhook_x_fn) are held to the same, but say what they must not do
in place of "May call back"."""
import re

import house

FUNCTION = re.compile(r"^(OFFHOOK_API\b[^;{]*?\b(offhook_\w+)\s*\(([^;{]*)\)[^;{()]*);", re.M | re.S)
HANDLER = re.compile(r"^(typedef\b[^;{]*?\b(offhook_\w+_fn)\s*\(([^;{]*)\));", re.M | re.S)


def comment_before(text, at):
    """The /** */ comment that ends right before the declaration, without its stars; None when there is none."""
    head = text[:at].rstrip()
    if not head.endswith("*/"):
        return None
    start = head.rfind("/*")
    if not head.startswith("/**", start):
        return None
    lines = head[start + 3:-2].splitlines()
    return "\n".join(re.sub(r"^\s*\*? ?", "", line) for line in lines).strip()


def split_parameters(text):
    """At commas outside parentheses: a parameter may be a pointer to a function."""
    depth, start = 0, 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            yield text[start:i]
            start = i + 1
    yield text[start:]


def parameter_names(text):
    names = []
    for parameter in split_parameters(re.sub(r"/\*.*?\*/", "", text, flags=re.S)):
        parameter = parameter.strip()
        if parameter in ("", "void", "..."):
            continue
        pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", parameter)
        names.append(pointer.group(1) if pointer else re.search(r"(\w+)\s*(?:\[[^]]*\])?$", parameter).group(1))
    return names


def judge(declaration, name, parameters, comment, tags):
    if comment is None:
        return [f"{name}: no doc comment"]
    problems = []
    sentence = re.split(r"\n\s*\n|\n@", comment)[0].strip()
    if not sentence or sentence.startswith("@") or not re.search(r"[.:?](\s|$)", sentence):
        problems.append(f"{name}: does not begin with a sentence")
    wanted = parameter_names(parameters)
    told = re.findall(r"^@param\s+(\w+)[ \t]+\S", comment, re.M)
    problems += [f"{name}: nothing about parameter {p}" for p in wanted if p not in told]
    problems += [f"{name}: there is no parameter {p}" for p in told if p not in wanted]
    if sorted(wanted) == sorted(told) and wanted != told:
        problems.append(f"{name}: parameters in another order")
    result = declaration[:declaration.index(name)]
    returns = not re.search(r"\bvoid\s*$", result)
    if returns and not re.search(r"^@return\s+\S", comment, re.M):
        problems.append(f"{name}: no @return")
    if not returns and "@return" in comment:
        problems.append(f"{name}: @return of nothing")
    problems += [f"{name}: no '{tag}'" for tag in tags if not re.search(rf"(?:^|\s){re.escape(tag)}[ \t]+\S", comment)]
    return problems


def check(root):
    rows, functions = [], 0
    for path in house.sources(root / "include", ".h"):
        text = path.read_text()
        problems = []
        for pattern, tags in ((FUNCTION, ("Thread:", "May call back:", "Spec:")), (HANDLER, ("Thread:",))):
            for match in pattern.finditer(text):
                functions += 1
                problems += judge(match.group(1), match.group(2), match.group(3), comment_before(text, match.start()), tags)
        # A declaration that the pattern does not understand must not slip through.
        declared = len(re.findall(r"^OFFHOOK_API\b", text, re.M))
        if declared != len(FUNCTION.findall(text)):
            problems.append(f"{path.name}: {declared} times OFFHOOK_API, {len(FUNCTION.findall(text))} functions understood")
        rows.append((str(path.relative_to(root)), problems))
    rows.append((f"{functions} functions and handlers", [] if functions else ["nothing found under include/"]))
    return rows


DOC = """/**
 * Does it.
 *
 * @param a  a number, 0..9
 * @param ret_b  set on success only
 * @return 0 or OH_EINVAL
 *
 * Thread: any.  May call back: no.
 * Spec: none.
 */
OFFHOOK_API int offhook_do(int a, char *ret_b);
"""
HANDLER_DOC = """/**
 * Hears it.
 *
 * @param arg  as given
 *
 * Thread: signalling.
 */
typedef void offhook_it_fn(void *arg);
"""


def header(text):
    return {"include/offhook/a.h": text}


SAMPLES = [
    ("a whole comment", check, header(DOC + HANDLER_DOC), None),
    ("no parameters, no result", check,
     header("/**\n * Does it.\n *\n * Thread: any.  May call back: no.  Spec: none.\n */\nOFFHOOK_API void offhook_x(void);\n"), None),
    ("no functions", check, header("\n"), ["nothing found"]),
    ("no comment", check, header("OFFHOOK_API int offhook_do(int a);\n"), ["no doc comment"]),
    ("an ordinary comment", check, header(DOC.replace("/**", "/*")), ["no doc comment"]),
    ("a comment of something else between", check, header(DOC.replace("OFFHOOK_API", "struct s;\nOFFHOOK_API")), ["no doc comment"]),
    ("no sentence", check, header(DOC.replace(" * Does it.\n", "")), ["sentence"]),
    ("a forgotten parameter", check, header(DOC.replace(" * @param a  a number, 0..9\n", "")), ["nothing about parameter a"]),
    ("a parameter without words", check, header(DOC.replace("@param a  a number, 0..9", "@param a")), ["nothing about parameter a"]),
    ("a parameter that is gone", check, header(DOC.replace("int a, ", "")), ["there is no parameter a"]),
    ("no result", check, header(DOC.replace("@return", "returns")), ["no @return"]),
    ("no thread", check, header(DOC.replace("Thread:", "thread")), ["no 'Thread:'"]),
    ("nothing about call-backs", check, header(DOC.replace("May call back:", "")), ["no 'May call back:'"]),
    ("no specification", check, header(DOC.replace("Spec: none.", "")), ["no 'Spec:'"]),
    ("an empty tag", check, header(DOC.replace("Spec: none.", "Spec:")), ["no 'Spec:'"]),
    ("a handler without thread", check, header(DOC + HANDLER_DOC.replace("Thread: signalling.", "")), ["offhook_it_fn: no 'Thread:'"]),
    ("a declaration that is not understood", check, header(DOC + "OFFHOOK_API extern int offhook_count;\n"), ["2 times OFFHOOK_API"]),
]

if __name__ == "__main__":
    house.main(check, SAMPLES, "docs.py SOURCE_ROOT")
