#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Takes the example out of docs/adding-an-operator.md, so that it can be built and tested.

    docs_example.py PAGE SOURCES OUT

A block of C belongs to the file that the text names last before it, `src/ROOM/FILE`, and becomes
OUT/ROOM/FILE. The lines for a list (FILE ends in _list.h) are put before the first of a copy of that
list. Files that stay as they are are not written again; what the page no longer has goes.
"""
import os
import re
import sys


def blocks(page):
    """Each block of C with the file it belongs to."""
    path, found, language = None, None, None
    for line in page.split("\n"):
        fence = re.match(r"```(\w*)$", line)
        if fence and language is None:
            language, found = fence.group(1), []
        elif fence:
            if language == "c":
                if path is None:
                    sys.exit("a block of C before the text names a file")
                yield path, "\n".join(found) + "\n"
            language = None
        elif language is not None:
            found.append(line)
        else:
            for name in re.findall(r"`src/([\w/]+\.[ch])`", line):
                path = name


def with_lines(original, lines):
    """A list with these lines before its first."""
    macro = re.match(r"\w+\(", lines).group()
    at = re.search("^" + re.escape(macro), original, re.M).start()
    return original[:at] + lines + original[at:]


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main(page, sources, out):
    with open(page, encoding="utf-8") as file:
        text = file.read()
    kept = set()
    for path, code in blocks(text):
        if path.endswith("_list.h"):
            with open(os.path.join(sources, path), encoding="utf-8") as file:
                code = with_lines(file.read(), code)
        write(os.path.join(out, path), code)
        kept.add(os.path.join(out, path))
    for folder, _, names in os.walk(out):
        for path in (os.path.join(folder, name) for name in names):
            if path not in kept:
                os.remove(path)


main(*sys.argv[1:])
