#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of docs/from-keras-and-pytorch.md says what `fovea help OPERATOR` says.

  cli_words.py           compares them
  cli_words.py --write   writes the table anew

$FOVEA is the command, $FOVEA_SOURCE the sources."""
import os
import re
import subprocess
import sys

SOURCE = os.environ["FOVEA_SOURCE"]
PAGE = os.path.join(SOURCE, "docs", "from-keras-and-pytorch.md")
BEGIN, END = "<!-- words: written by tests/cli_words.py --write -->\n", "<!-- /words -->\n"


def help_of(name):
    return subprocess.run([os.environ["FOVEA"], "help", name], stdout=subprocess.PIPE, text=True,
                          check=True, env={**os.environ, "COLUMNS": "80"}).stdout


def words(text, what):
    """What stands behind "in Keras", and each "or" behind that."""
    found = re.search(rf"^  in {what} +(.*?)(?=^  in |\Z)", text, re.M | re.S)
    if not found:
        return ""
    parts = [" ".join(p.split()) for p in re.split(r"^ +or +", found.group(1), flags=re.M)]
    return ", ".join(f"`{p}`" for p in parts).replace("|", "\\|")


def table():
    with open(os.path.join(SOURCE, "src/op/op_list.h"), encoding="utf-8") as file:
        names = re.findall(r"^FV_OP\((\w+) ?\)", file.read(), re.M)
    lines = ["| | PyTorch | Keras |\n", "|---|---|---|\n"]
    for name in names:
        text = help_of(name)
        torch, keras = words(text, "PyTorch"), words(text, "Keras")
        if torch or keras:
            lines.append(f"| `{name}` | {torch} | {keras} |\n")
    return "".join(lines)


def main():
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    before, rest = page.split(BEGIN)
    there, after = rest.split(END)
    new = table()
    if sys.argv[1:] == ["--write"]:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(before + BEGIN + new + END + after)
        return 0
    if there == new and new.count("\n") > 60:
        return 0
    print(f"{PAGE} does not say what the help does; tests/cli_words.py --write writes it")
    print("\n".join(sorted(set(new.splitlines()) ^ set(there.splitlines()))[:10]))
    return 1


if __name__ == "__main__":
    sys.exit(main())
