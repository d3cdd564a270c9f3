"""The module and the package under it pass mypy's strict mode, as they are installed."""

import subprocess
import sys

from conftest import BUILD


def test_mypy_strict(need, tmp_path):
    result = subprocess.run(
        [need("mypy"), "--strict", "--python-version", "3.11", "--cache-dir", str(tmp_path), "-p", "pjsua", "-p", "offhook"],
        env={"MYPYPATH": str(BUILD / "python"), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_name_of_the_module_has_a_docstring():
    code = ("import inspect, pjsua\n"
            "missing = [f'{n}.{m}' for n, c in vars(pjsua).items() if inspect.isclass(c) for m, f in vars(c).items()"
            " if inspect.isfunction(f) and not m.startswith('_') and not f.__doc__]\n"
            "print(missing)\n")
    out = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(BUILD / "python"), "PATH": "/usr/bin:/bin"},
                         capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
