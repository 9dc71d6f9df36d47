#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What reaches a terminal: colours, letters, widths, names of files, counts, and silence.

The command is $FOVEA. It is run under a pseudo terminal of a given width, or into pipes.
"""
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios

FOVEA = os.environ["FOVEA"]
IMAGE = "image.pgm"
FOLDER = os.path.abspath("terminal")
BARE = {k: v for k, v in os.environ.items()
        if k not in ("LC_ALL", "LC_CTYPE", "LANG", "TERM", "NO_COLOR", "COLUMNS", "FOVEA_DATA")}
BARE["HOME"] = FOLDER
UTF8 = {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}

failures = 0
checks = 0


def check(what, good):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print(f"FAIL {what}")


def piped(*args, **env):
    """Exit code, stdout, stderr; bytes."""
    done = subprocess.run([FOVEA, *args], env={**BARE, **env}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout, done.stderr


def terminal(columns, *args, **env):
    """All that a terminal of so many columns is sent, by both streams; bytes."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen([FOVEA, *args], env={**BARE, **env}, stdin=slave, stdout=slave,
                             stderr=slave, start_new_session=True)
    os.close(slave)
    out = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            piece = b""
        if not piece:
            break
        out += piece
    os.close(master)
    child.wait()
    return out.replace(b"\r\n", b"\n")


def need_terminals():
    """Skips where there are no pseudo-terminals (a bare container without /dev/pts)."""
    try:
        for end in pty.openpty():
            os.close(end)
    except OSError as why:
        print(f"SKIP: no pseudo-terminals here ({why})")
        sys.exit(77)


def widest(out):
    lines = out.decode().split("\n")
    return max(len(line) for line in lines), max(lines, key=len)


def is_ascii(out):
    return all(byte < 128 for byte in out)


def make_image():
    """A white bar on black, 28x28."""
    with open(IMAGE, "wb") as file:
        file.write(b"P5 28 28 255\n")
        for _ in range(28):
            file.write(bytes(10) + b"\xff" * 6 + bytes(12))


def make_model():
    """lenet5 with fresh weights, and the same with control characters in the names of classes."""
    piped("convert", "lenet5", "fresh.safetensors")
    with open("fresh.safetensors", "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    names = [f"class\x1b[31m{i}\x9b" for i in range(10)]
    header["__metadata__"]["classes"] = "\n".join(names)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open("hostile.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data[8 + length:])


def idx(name, labels, side=2):
    """A folder with four IDX files of small images."""
    os.makedirs(name, exist_ok=True)
    for part in ("train", "t10k"):
        with open(f"{name}/{part}-images-idx3-ubyte", "wb") as file:
            file.write(struct.pack(">IIII", 0x803, len(labels), side, side)
                       + bytes(side * side * len(labels)))
        with open(f"{name}/{part}-labels-idx1-ubyte", "wb") as file:
            file.write(struct.pack(">II", 0x801, len(labels)) + bytes(labels))


def colours_and_letters():
    predict = ("predict", "fresh.safetensors", IMAGE)
    out = terminal(80, *predict, **UTF8)
    check("a terminal gets shades", b"\x1b[38;5;" in out and "\u2580".encode() in out)
    out = terminal(80, *predict, **UTF8, NO_COLOR="1")
    check("NO_COLOR: no escape", b"\x1b" not in out)
    check("NO_COLOR: blocks", "\u2588".encode() in out)
    out = terminal(80, *predict, **UTF8, NO_COLOR="")
    check("an empty NO_COLOR is none", b"\x1b[38;5;" in out)
    for env in ({"LC_ALL": "C.UTF-8", "TERM": "dumb"}, {"LC_ALL": "C.UTF-8"}):
        out = terminal(80, *predict, **env)
        check(f"{env}: no escape", b"\x1b" not in out)
    for env in ({"LC_ALL": "C"}, {"LC_CTYPE": "POSIX", "LANG": "de_DE.UTF-8"}, {"LANG": "C"}, {},
                {"LC_ALL": "de_DE@euro"}, {"LC_ALL": "", "LANG": "C"}):
        out = terminal(80, *predict, TERM="xterm", **env)
        check(f"{env}: an image in ASCII", is_ascii(out) and b"\x1b" not in out and b"@@" in out)
        out = piped("explain", "lenet5", **env)[1]
        check(f"{env}: a table in ASCII", is_ascii(out) and b"\n-----" in out)
    for env in ({"LC_ALL": "C.UTF-8"}, {"LANG": "de_DE.utf8"}, {"LC_CTYPE": "en_GB.UTF-8", "LANG": "C"},
                {"LC_ALL": "", "LANG": "C.UTF-8"}):
        out = piped("explain", "lenet5", **env)[1]
        check(f"{env}: a table with lines", "\n\u2500\u2500\u2500".encode() in out)
    check("no escapes into a pipe", b"\x1b" not in piped(*predict, "--show", **UTF8)[1])
    out = terminal(80, "train", "perceptron", "digits:60", "epochs=1", "--out", "dumb", TERM="dumb")
    check("a dumb terminal's lines are not redrawn", b"\r" not in out and b"1/1" in out)


def names():
    bad = "a\x1b[31m\nb\x7f.pgm"
    with open(IMAGE, "rb") as file, open(bad, "wb") as copy:
        copy.write(file.read())
    for env in (UTF8, {"LC_ALL": "C"}):
        code, out, err = piped("predict", "fresh.safetensors", bad, "missing" + bad, **env)
        check(f"{env}: code {code}", code == 3)
        check(f"{env}: names on stdout", out.startswith(b"a\\x1b[31m\\nb\\x7f.pgm\n"))
        check(f"{env}: names on stderr", b"missinga\\x1b[31m" in err)
        check(f"{env}: no orders", b"\x1b" not in out + err and b"\x7f" not in out + err)
    out = json.loads(piped("predict", "fresh.safetensors", bad, "--json")[1])
    check("JSON keeps names as they are", out["file"] == bad)
    out = piped("predict", "hostile.safetensors", IMAGE, **UTF8)[1]
    check("names of classes", b"class\\x1b[31m" in out and b"\\x9b" in out and b"\x1b" not in out)
    out = piped("show", "fresh.safetensors", "--out", "look\x1b[2J")[1]
    check("names of folders", b"look\\x1b[2J/01-" in out)
    name = "gr\u00f6\u00dfe.pgm"
    os.link(bad, name)
    predict = ("predict", "fresh.safetensors", name)
    check("letters stay in a pipe", name.encode() in piped(*predict, LC_ALL="C")[1])
    check("letters on an ASCII terminal", b"gr??e.pgm" in terminal(80, *predict, LC_ALL="C"))
    check("letters on another", name.encode() in terminal(80, *predict, **UTF8))
    out = piped("explain", "nothere\u202egpj.net", **UTF8)[2]
    check("letters do not turn the line", b"nothere\\u202egpj.net" in out)


def widths():
    for args in (("explain", "lenet5"), ("explain", "vgg16"), ("explain", "resnet18"),
                 ("explain", "googlenet"), ("explain", "densenet121"), ("zoo",), ("data",), ("data", "digits:60"),
                 ("bench", "resnet20", "runs=1", "--layers")):
        for columns in (60, 100):
            most, line = widest(terminal(columns, *args, **UTF8))
            check(f"{args} in {columns} columns: {most} in {line!r}", most <= columns)
    for columns in (60, 72, 100):
        for row, args in ((b"ok ", ("check", "lenet5", "points=1")),
                          (b"1/1 ", ("train", "perceptron", "digits:60", "epochs=1", "--out", f"w{columns}"))):
            lines = terminal(columns, *args, TERM="dumb").splitlines()
            rows = [line.rstrip() for line in lines if line.lstrip().startswith((row, b"epoch", b"operator"))]
            check(f"{args} in {columns} columns: {rows}", rows and max(map(len, rows)) <= columns)
    out = terminal(60, "explain", "vgg16", **UTF8).decode()
    check("what is left out is said", "Left out for want of room: name, biases" in out)
    check("all with --wide", widest(terminal(60, "explain", "vgg16", "--wide", **UTF8))[0] > 100)
    check("COLUMNS first", widest(terminal(200, "explain", "vgg16", COLUMNS="70", **UTF8))[0] <= 70)
    check("a pipe has no width", piped("explain", "vgg16", COLUMNS="60") == piped("explain", "vgg16"))


def silence():
    train = ("train", "perceptron", "digits:60", "epochs=1")
    code, out, err = piped(*train, "--out", "loud")
    check("words", code == 0 and b"after 1 epoch and" in out and b"60 images to learn from" in err)
    check("files", b"report.html" in out)
    check("quiet", piped(*train, "--out", "quiet", "--quiet") == (0, b"", b""))
    check("resume, quiet", piped("resume", "quiet", "-q") == (0, b"", b""))
    check("quiet terminal", terminal(80, *train, "--out", "quiet2", "-q", **UTF8) == b"")
    code, out, err = piped(*train, "--out", "quiet3", "--quiet", "--json")
    check("quiet JSON", code == 0 and err == b"" and json.loads(out)["run"] == "quiet3")
    code, out, err = piped(*train, "--out", "quiet", "--quiet")
    check("errors are not silenced", code != 0 and err != b"" and out == b"")


def columns_hold():
    """The rows of a training whose loss explodes are as long as their head."""
    code, _, err = piped("train", "perceptron", "digits:60", "epochs=3", "lr=1e6", "--out", "wild")
    rows = [line for line in err.decode().split("\n") if re.match(r" *\d+/\d", line)]
    check(f"a loss that explodes: {code}, {rows}", code == 0 and len(rows) == 3)
    check("is as large as thought", any("e+" in row[17:] for row in rows))
    places = {tuple(m.start() for m in re.finditer("%", row)) + (len(row),) for row in rows}
    check(f"columns hold: {rows}", len(places) == 1)
    _, _, err = piped("train", "perceptron", "digits:60", "epochs=1", "--out", "tame")
    tame = [line for line in err.decode().split("\n") if re.match(r" *\d+/\d", line)]
    check(f"as in any other: {tame}", [len(row) for row in tame] == [len(rows[0])])


def counts():
    idx("one", [0])
    out = piped("data", "one")[1].decode()
    check(out, out.startswith("one: 1 training image and 1 test image, 2x2 gray, 1 class\n"))
    idx("one28", [0], 28)
    idx("last", [255, 255])
    out = piped("data", "last")[1].decode()
    check(out, "2 training images and 2 test images" in out and ", 256 classes\n" in out)
    check(out, "\n  255  255          2     2\nand 255 classes without images\n" in out)
    check(out, len(out.split("\n")) < 12)
    out = piped("eval", "fresh.safetensors", "one28")[1]
    check(out, b"test part: 1 image\n" in out)
    check("bench counts", b", 1 thread, 1 run\n" in piped("bench", "lenet5", "runs=1", "--threads", "1")[1])


need_terminals()
shutil.rmtree(FOLDER, ignore_errors=True)
os.mkdir(FOLDER)
os.chdir(FOLDER)
make_image()
make_model()
colours_and_letters()
names()
widths()
silence()
columns_hold()
counts()
print(f"{checks} checks, {failures} failed")
raise SystemExit(failures != 0)
