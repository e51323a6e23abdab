#!/usr/bin/env python3
"""Writes the Grafana dashboards, dashboards/en/*.json and dashboards/zh/*.json, from dashboards/source/*.py.

    python3 dashboards/build.py            write them
    python3 dashboards/build.py --check    write nothing; exit 1 when a written file differs, or has no source

Needs Python 3.8 and nothing else.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from source import did, hardware, health, hurt, use  # noqa: E402
from source.kit import LANGUAGES, dashboard, in_language  # noqa: E402

# The order of the links at the top.
BOARDS = [hurt.BOARD, use.BOARD, did.BOARD, hardware.BOARD, health.BOARD]


def files():
    """Path below dashboards/ -> text."""
    made = {}
    for language in LANGUAGES:
        for board in BOARDS:
            model = in_language(dashboard(board, BOARDS), language)
            made[f"{language}/{model['uid']}.json"] = json.dumps(model, indent=2, ensure_ascii=False) + "\n"
    return made


def main(arguments):
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    made = files()
    old = {str(path.relative_to(HERE)) for language in LANGUAGES for path in (HERE / language).glob("*.json")}
    if not arguments:
        for name in sorted(old - made.keys()):
            (HERE / name).unlink()
        for name, text in made.items():
            (HERE / name).parent.mkdir(exist_ok=True)
            (HERE / name).write_text(text, encoding="utf-8")
        return 0
    wrong = sorted(old - made.keys()) + [
        name for name, text in made.items() if name not in old or (HERE / name).read_text(encoding="utf-8") != text
    ]
    for name in wrong:
        print(f"dashboards/{name}: not what its source makes; run dashboards/build.py", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
