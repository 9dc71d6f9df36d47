#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Broken data sets: each is made here, found by `fovea data check` with the right words, and
trained on all the same: reported in a sentence with exit code 3, or trained with a warning.

A good folder of pictures is copied and spoiled in one way at a time. $FOVEA is the command; it
works in a folder of its own under the current one. Nothing is changed by a check: the folder's
names and bytes are compared."""
import json
import os
import shutil
import subprocess

import bad_files as b

NET = "net n(classes = 2)\ninput 3x16x16 scale 1/255\n  conv 2 3x3 - relu - fc classes - softmax\n"
failed = []


def fail(name, text):
    failed.append(name)
    print(f"FAILED {name}: {text}")


def put(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    b.write(path, data)


def noise(seed, width=24, height=18, bits=8, color=0):
    """A picture of its own for each seed: blocks of light and shade by a small generator."""
    state, blocks = seed * 2654435761 % 2**32 or 1, []
    for _ in range(36):
        state ^= state << 13 & 0xffffffff
        state ^= state >> 17
        state ^= state << 5 & 0xffffffff
        blocks.append(state >> 24)
    depth = bits // 8
    rows = b""
    for y in range(height):
        line = [blocks[y * 6 // height * 6 + x * 6 // width] for x in range(width)]
        rows += b"\0" + b"".join(bytes([v] * depth + ([v // 2] * depth + [v // 3] * depth) * (color == 2))
                                 for v in line)
    return b.png(width, height, rows, bits, color)


def good(folder):
    seed = 1
    for part, count in (("train", 6), ("test", 3)):
        for name in ("cats", "dogs"):
            for i in range(count):
                put(f"{folder}/{part}/{name}/{i}.png", noise(seed, color=2))
                seed += 1


def image_of(folder):
    """All names and bytes below a folder, to be compared."""
    out = []
    for base, folders, files in sorted(os.walk(folder)):
        out += [(base, name, b.read(os.path.join(base, name)))
                for name in sorted(files) if os.path.isfile(os.path.join(base, name))]
        out += [(base, name) for name in sorted(folders)]
    return out


def run(*words):
    p = subprocess.run([b.FOVEA, *words], capture_output=True, timeout=b.SECONDS)
    return p.returncode, p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")


def case(name, spoil, found, words, training, said="", data=None):
    """`spoil` is done to a copy of the good folder; `found`: ids among those a check tells; `words`
    must be on its page; `training`: the exit code, and what is said then."""
    folder = "set " + name
    good(folder)
    spoil(folder)
    data = folder + (data or "")
    before = image_of(folder)
    code, out, err = run("data", "check", data)
    if code != 6:
        fail(name, f"check ended with {code}: {out}{err}")
    flat = " ".join(out.split())
    for word in [words] if isinstance(words, str) else words:
        if word not in flat:
            fail(name, f"'{word}' is not in: {out}")
    code, out, err = run("data", "check", data, "--json")
    ids = [f["id"] for f in json.loads(out)["found"]] if code == 6 else []
    for one in [found] if isinstance(found, str) else found:
        if one not in ids:
            fail(name, f"'{one}' is not among {ids}")
    if image_of(folder) != before:
        fail(name, "the check changed the folder")
    out_dir = "run " + name
    code, out, err = run("train", "n.net", data, "epochs=1", "batch=4", "--out", out_dir)
    if code != training:
        fail(name, f"training ended with {code}: {err}")
    flat = " ".join(err.split())
    if said not in flat:
        fail(name, f"'{said}' is not said: {err}")
    shutil.rmtree(out_dir, ignore_errors=True)
    print(f"ok {name}: {', '.join(ids)}")


def add(path, data):
    return lambda f: put(f"{f}/{path}", data)


def copy(source, target):
    return lambda f: (os.makedirs(os.path.dirname(f"{f}/{target}"), exist_ok=True),
                      shutil.copy(f"{f}/{source}", f"{f}/{target}"))


def cut(path, size):
    return lambda f: b.write(f"{f}/{path}", b.read(f"{f}/{path}")[:size])


def flip_bytes(f):
    data = bytearray(b.read(f"{f}/train/cats/2.png"))
    data[60] ^= 0xff
    b.write(f"{f}/train/cats/2.png", bytes(data))


def make_list(text):
    return lambda f: b.write(f"{f}/list.csv", text)


def damaged():
    case("truncated", cut("train/cats/1.png", 70), "unreadable",
         ["1 picture is damaged or cut short", "train/cats/1.png", "rm 'set truncated/train/cats/1.png'"],
         3, "fovea data check 'set truncated'")
    case("flipped", flip_bytes, "unreadable", "train/cats/2.png", 3, "cats/2.png")
    case("jpeg cut", add("train/dogs/j.jpg", b.JPEG[:200]), "unreadable", "train/dogs/j.jpg", 3,
         "dogs/j.jpg: this JPEG image is cut short")
    case("empty file", add("test/cats/e.png", b""), "unreadable", "the file is empty", 3,
         "the file is empty")
    case("a text", add("train/cats/t.jpg", "<html>not found</html>"), "no_picture",
         "a text file, not an image", 3, "this is a text file")
    case("lfs", add("train/cats/l.png", "version https://git-lfs.github.com/spec/v1\noid sha256:"
                    + "0" * 64 + "\nsize 3\n"), "no_picture", "Git LFS pointer", 3, "git lfs pull")
    case("lying size", add("train/cats/s.png", b.png(20000, 20000, b"\0" * 9)), "unreadable",
         "train/cats/s.png", 3, "s.png")
    case("other end", add("train/cats/x.jpg", noise(99, color=2)), "wrong_end",
         "mv 'set other end/train/cats/x.jpg' 'set other end/train/cats/x.png'", 0)
    case("foreign", add("train/cats/w.webp", b"RIFF\x20\0\0\0WEBPVP8 "), "foreign",
         "1 picture is of a kind that is not read", 0, "kind that is not read")
    case("dangling", lambda f: os.symlink("nowhere.png", f"{f}/train/cats/link.png"), "no_picture",
         "a link that leads nowhere", 0)


def nested():
    case("loose", add("train/loose.png", noise(50)), "loose",
         "1 picture lies beside the class folders", 0, "lies beside the class folders")
    case("lone", lambda f: (os.mkdir(f + "/new"), os.rename(f + "/train", f + "/new/in")),
         "lone_folder", "one level too many", 3, "one level too many: in", "/new")
    case("train in train", lambda f: shutil.copytree(f + "/test/cats", f + "/train/train"),
         "part_within", "named like a part and lies within one", 0, "named like a part")
    case("part in class", lambda f: (os.mkdir(f + "/train/cats/test"), put(
        f + "/train/cats/test/a.png", noise(60, color=2))), "part_within",
         "train/cats/test", 0, "named like a part")
    case("only folders", lambda f: put(f + "/train/birds/small/a.png", noise(61, color=2)),
         ["folders_only", "untested_class"], "1 class folder holds only folders", 0,
         "no pictures in the test part: train/birds")
    case("loop", lambda f: os.symlink("..", f + "/train/cats/up"), "loop",
         "1 link leads back into its own folder", 0, "is not followed")
    case("beside", add("old/cats/1.png", noise(62)), "beside", "1 folder beside the parts is left out",
         0, "left out: old")
    case("test beside", lambda f: (shutil.copytree(f + "/train/cats", f + "/a/cats"),
                                   shutil.copytree(f + "/train/dogs", f + "/a/test")),
         "part_beside", "is taken for one", 0, "taken for one", "/a")


def classes():
    case("empty class", lambda f: os.mkdir(f + "/train/birds"), "empty_class", "rmdir", 0,
         "has no pictures and is no class")
    case("untrained", add("test/birds/1.png", noise(70, color=2)), "untrained_class",
         "nothing to learn from", 3, "nothing to learn from: test/birds")
    case("untested", add("train/birds/1.png", noise(71, color=2)), "untested_class",
         "1 class has no pictures in the test part", 0, "no pictures in the test part")
    case("unbalanced", lambda f: [put(f"{f}/train/dogs/m{i}.png", noise(200 + i, color=2))
                                  for i in range(90)], "unbalanced", "9 to 99", 0)
    case("case", lambda f: os.rename(f + "/train/cats/0.png", f + "/train/cats/A.png") or put(
        f + "/train/cats/a.png", noise(72, color=2)), "by_case", "differs from another by case", 0)


def doubled():
    case("twice", copy("train/cats/0.png", "train/cats/again.png"), "duplicate",
         "1 picture is there twice in its class", 0)
    case("two classes", copy("train/cats/0.png", "train/dogs/same.png"), "two_classes",
         "1 picture is in two classes", 0)
    case("both parts", copy("train/cats/0.png", "test/cats/leak.png"), "across_parts",
         ["1 picture is in the training and in the test part",
          "rm 'set both parts/test/cats/leak.png'"], 0, "in the training and in the test part")
    case("near", add("test/cats/larger.png", noise(1, 48, 36, color=2)), "near_across",
         "looks like one of the training part", 0)
    case("near classes", add("train/dogs/larger.png", noise(1, 48, 36, color=2)), "near_classes",
         "looks like one of another class", 0)


def odd():
    case("tiny", add("train/cats/t.png", noise(80, 3, 2, color=2)), "tiny", "3x2 pixels", 0)
    case("long", add("train/cats/t.png", noise(81, 200, 20, color=2)), "extreme",
         "four times as long as wide", 0)
    case("gray", add("train/cats/g.png", noise(82)), "mixed", "gray where", 0)
    case("sixteen bits", add("train/cats/one two\n\xe9.jpg", noise(83, bits=16)),
         ["wrong_end", "mixed"], "\\n", 0)


def lists():
    case("missing file", make_list("file,label,part\ntrain/cats/1.png,a,train\nno.png,b,train\n"
                                   "test/cats/1.png,a,test\n"), "missing", "no.png", 3,
         "not there: no.png (line 3)", "/list.csv")
    case("relabelled", make_list("train/cats/1.png,a,train\ntrain/cats/1.png,b,train\n"
                                 "test/cats/1.png,a,test\ntest/cats/2.png,b,test\n"),
         "two_classes", "in two classes", 0, "", "/list.csv")
    good("lists")
    for text, code, words in (("a.png,x,tset\n", 3, "lists/l.csv:1: 'tset' is no part"),
                              ("\"a.png,x\n", 3, "l.csv:1: a quote is opened"),
                              ("\0\1\2,", 3, "a zero byte"), ("", 3, "names no pictures")):
        b.write("lists/l.csv", text)
        for verb in (["data", "check"], ["data"], ["train", "n.net"]):
            got, _, err = run(*verb, "lists/l.csv")
            if got != code or words not in " ".join(err.split()):
                fail("lists", f"{verb}: {got}, {err}")


def others():
    """What is clean is said to be; sets in memory; what is no set at all."""
    good("good")
    code, out, err = run("data", "check", "good")
    if code != 0 or "nothing is wrong" not in out or "18 pictures of 2 classes" not in out:
        fail("good", f"{code}: {out}{err}")
    code, out, err = run("train", "n.net", "good", "epochs=1", "--out", "run")
    if code != 0 or "warning" in err:
        fail("good", f"{code}: {err}")
    code, _, err = run("eval", "run", "good")
    if code != 0:
        fail("good", f"eval {code}: {err}")
    b.idx_folder("idx")
    code, out, err = run("data", "check", "idx", "--json")
    if code != 6 or "across_parts" not in out:
        fail("idx", f"{code}: {out}{err}")
    code, out, err = run("data", "check", "digits:20")
    if code != 0:
        fail("digits", f"{code}: {out}{err}")
    for words, want, said in ((["check"], 2, "./check"), (["check", "nowhere"], 3, "no data set"),
                              (["good", "good"], 2, "one word too many")):
        code, _, err = run("data", *words)
        if code != want or said not in err:
            fail(" ".join(words), f"{code}: {err}")
    os.rename("good", "check")
    if run("data", "check", "./check")[0] != 0 or run("data", "./check")[0] != 0:
        fail("./check", "it is not taken for a folder")


def many():
    """A list of many names, none of them read before it is needed."""
    for k in range(2):
        os.makedirs(f"many/c{k}")
        for i in range(1500):
            os.symlink("../../set tiny/train/cats/1.png", f"many/c{k}/{i}.png")
    code, out, err = run("data", "many")
    if code != 0 or "2,400 training images and 600 test images" not in out:
        fail("many", f"{code}: {out}{err}")


b.fresh("data")
b.write("n.net", NET)
damaged()
nested()
classes()
doubled()
odd()
lists()
others()
many()
print(f"{len(failed)} failed" if failed else "all broken data sets are found")
raise SystemExit(1 if failed else 0)
