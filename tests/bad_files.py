# SPDX-License-Identifier: MIT
"""Files for the tests of bad input, and the command run with an eye on how it fails.

Everything is made here: pictures, IDX files, models. A model is written by hand, as its format
says, so that each of its parts can be made to lie."""
import base64
import gzip
import json
import os
import re
import resource
import shutil
import struct
import subprocess
import sys
import zlib

FOVEA = os.path.abspath(os.environ["FOVEA"])
SANITIZED = bool(os.environ.get("FOVEA_SANITIZE"))
SECONDS = 240 if SANITIZED else 60  # nothing here takes one; more is a command that hangs

# A ring of 28x28 gray pixels.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVG"
    "ZIhlbXd7gYKBTmCNl4x9lnN+gXz/wAALCAAcABwBAREA/8QAGAAAAwEBAAAAAAAAAAAAAAAAAAQFBgH/xAArEAABAwMB"
    "BgUFAAAAAAAAAAABAgMRAAQFIQYTMVGBoRJBYZHRFSIyQnH/2gAIAQEAAD8AyFWrXZbJXCPEpDbAgEb1UEz6CY6xSeQx"
    "F5jYN01CCopStJBSfjrFI1a2Ttk3GaQpcEMoLkFMydAPYmelJ5XKP5W53r32oGjbYOiB88zVrZy7dydpcYi4IW3uSW1q"
    "ElHAAR5wSCOUfyMvT2Hv/puRauSFKQJC0pMSCO/OPSrV5s/b5N8v4W5t92oBS2yr8CeEAAxOuh4dh1RsdncY8228l/JP"
    "JLalNK1bPnr+oHuT2y1FFFFf/9k=")

TINY = "net tiny(classes = 10)\ninput 1x28x28 scale 1/255\n  fc classes - softmax\n"
SMALL = ("net small\ninput 1x28x28 scale 1/255\n  conv 2 5x5 stride 3 - relu - maxpool 2\n"
         "  - fc 10 - softmax\n")


def write(path, data):
    with open(path, "wb") as f:
        f.write(data.encode() if isinstance(data, str) else data)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.chdir(folder)


# --- pictures -----------------------------------------------------------------------------------

def png_chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def png(width=28, height=28, rows=None, bits=8, color=0):
    """A gray PNG; what the head says and what the rows hold may differ."""
    if rows is None:
        rows = b"".join(b"\0" + bytes((x * y) % 256 for x in range(width)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) +
            png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))


def pgm(width=28, height=28, values=None):
    values = bytes(width * height) if values is None else values
    return b"P5 %d %d 255\n" % (width, height) + values


# --- data sets ----------------------------------------------------------------------------------

def idx_pictures(count=20, rows=28, columns=28, data=None):
    if data is None:
        data = bytes((i * 7) % 256 for i in range(count * rows * columns))
    return struct.pack(">BBBBIII", 0, 0, 8, 3, count, rows, columns) + data


def idx_labels(count=20, most=10, data=None):
    data = bytes(i % most for i in range(count)) if data is None else data
    return struct.pack(">BBBBI", 0, 0, 8, 1, count) + data


IDX_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
             "t10k-labels-idx1-ubyte")


def idx_folder(folder, **change):
    """Four good files; a change names one by its first and second word, train_images=BYTES."""
    os.makedirs(folder, exist_ok=True)
    for name in IDX_NAMES:
        data = idx_pictures() if "images" in name else idx_labels()
        key = "_".join(name.split("-")[:2])
        data = change.get(key, data)
        if data is not None:
            write(os.path.join(folder, name), data)


def packed(data):
    return gzip.compress(data, mtime=0)


# --- models -------------------------------------------------------------------------------------

def pack(header, body):
    """A safetensors file of this header (an object, or bytes as they are) and these numbers."""
    if not isinstance(header, bytes):
        header = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(header)) + header + body


def unpack(data):
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + length]), data[8 + length:]


def changed(data, change):
    """The model with its header changed by a function, the numbers as they were."""
    header, body = unpack(data)
    return pack(change(header) or header, body)


# --- running ------------------------------------------------------------------------------------

class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


def limits(memory, file_size, close):
    def apply():
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        if file_size:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for number in close:
            os.close(number)
    return apply


def run(*words, stdin=None, stdout=None, env=None, memory=0, file_size=0, close=(), cwd=None):
    """The command, in an environment without data sets."""
    environment = {k: v for k, v in os.environ.items() if k != "FOVEA_DATA"}
    environment["HOME"] = os.getcwd()
    environment.update(env or {})
    sink = open(stdout, "wb") if stdout else subprocess.PIPE
    try:
        done = subprocess.run([FOVEA, *words], input=stdin or b"", stdout=sink,
                              stderr=subprocess.PIPE, env=environment, timeout=SECONDS, cwd=cwd,
                              preexec_fn=limits(memory, file_size, close))
        return Result(done.returncode, done.stdout or b"", done.stderr)
    except subprocess.TimeoutExpired:
        return Result("no end", b"", b"")
    finally:
        if stdout:
            sink.close()


# What no message of ours holds: traces, reports of sanitizers, slips of formatting.
FOREIGN = re.compile(rb"Sanitizer|runtime error:|LeakSan|Traceback|[Aa]ssert|Segmentation|Aborted|"
                     rb"stack smashing|free\(\)|malloc|\(null\)|%[sdlzu]|core dumped")
PLACE = re.compile(rb"^(fovea: \S|[^\n]*:\d+(:\d+)?: error: \S)", re.M)


def faults(result, codes, json_wanted=False):
    """What is wrong with the way a command failed (or did not); an empty list when nothing is."""
    found = []
    if result.code not in codes:
        found.append("exit code %s instead of %s" %
                     (result.code, " or ".join(str(c) for c in sorted(codes))))
    if FOREIGN.search(result.err) or FOREIGN.search(result.out):
        found.append("a report or trace: " + result.err.decode(errors="replace")[:2000])
    if result.code not in (0, "no end"):
        if not PLACE.search(result.err):
            found.append("no message on stderr")
        text = result.err.decode(errors="replace")  # a file's name may be any bytes
        if re.search(r"[\0-\x08\x0b-\x1f\x7f]", text):
            found.append("control characters in the message")
        if len(text) > 5000:
            found.append("a message of %d characters" % len(text))
    if json_wanted and result.out:
        try:
            json.loads(result.out)
        except ValueError:
            for line in result.out.splitlines():  # one object a line
                try:
                    json.loads(line)
                except ValueError:
                    found.append("no JSON on stdout: %r" % result.out[:100])
                    break
    return found


def message(result):
    """The message on one line, for the table."""
    text = result.err.decode(errors="replace").strip()
    return " / ".join(line.strip() for line in text.splitlines())


def built_with():
    done = run("doctor", "--json")
    return json.loads(done.out)["built_with"]


def end(name, count, failed):
    for line in failed:
        print("FAILED", line)
    print("%s: %d cases, %d failed" % (name, count, len(failed)))
    sys.exit(1 if failed else 0)
