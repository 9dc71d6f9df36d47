#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hostile and mistaken input at the command line: a table of what is given, the exit code, and
words the message must hold (what, where, what to do). It ends with that table as it came out.

Every case is also run with --json: the same code, and nothing on stdout that is not JSON. $FOVEA is
the command; it works in a folder of its own under the current one."""
import json
import os
import struct

import bad_files as b

USAGE, BAD, DIVERGED, EXHAUSTED, DIFFERS, FAILED = 2, 3, 4, 5, 6, 1
CASES = []


def case(name, code, words, *command, **more):
    """`words`: all of them must be in the message. `more`: how it is run (bad_files.run), plus
    plain=True where a second run with --json would make no sense."""
    CASES.append((name, code, [words] if isinstance(words, str) else words, command, more))


# --- networks as text -----------------------------------------------------------------------------

def net(name, code, words, text, *more_words):
    path = name.replace(" ", "-") + ".net"
    b.write(path, text)
    case(name, code, words, "explain", path, *more_words)


def texts():
    net("layer's name mistyped", BAD, ["name-mistyped.net:3:3", "conf", "did you mean 'conv'"],
        "net a\ninput 1x28x28\n  conf 6 5x5 - fc 10 - softmax\n")
    net("missing brace", BAD, [":3:7: error", "'{' is never closed"],
        "net a\ninput 1x8x8\n  add { conv 4 3x3 | conv 4 3x3\n  - fc 10\n")
    net("missing closing bracket", BAD, [":3:3: error", "'(' is never closed"],
        "net a\ninput 1x8x8\n  (conv 4 3x3 - relu\n  - fc 10\n")
    net("a word for a number", BAD, [":3:8: error", "many"],
        "net a\ninput 1x8x8\n  conv many 3x3 - fc 10\n")
    net("a number for yes or no", BAD, [":3:", "bias must be yes or no, not 3"],
        "net a\ninput 1x8x8\n  conv 4 3x3 bias 3 - fc 10\n")
    net("a fraction for a count", BAD, [":3:", "whole number, not 2.5"],
        "net a\ninput 1x8x8\n  conv 2.5 3x3 - fc 10\n")
    net("filter larger than its input", BAD,
        [":3:14: error", "9x9 kernel does not fit 8x8 input", "what flows in"],
        "net a\ninput 1x8x8\n  identity - conv 4 9x9 - fc 2\n")
    net("mismatched add", BAD, [":3:3: error", "add needs branches of one shape", "branch 2"],
        "net a\ninput 1x8x8\n  add { conv 4 3x3 | conv 8 3x3 } - fc 10\n")
    net("mismatched concat", BAD, ["concat needs branches that differ in channels only"],
        "net a\ninput 1x8x8\n  concat { conv 4 3x3 | conv 8 5x5 } - fc 10\n")
    net("a block that calls itself", BAD, ["again", "itself"],
        "net a\nblock again(k) = conv k 3x3 - again(k)\ninput 1x8x8\n  again(4) - fc 10\n")
    net("blocks that call each other", BAD, [".net:", "error"],
        "net a\nblock p(k) = q(k)\nblock q(k) = p(k)\ninput 1x8x8\n  p(4) - fc 10\n")
    net("a million repetitions", BAD, [":3:", "1000000"],
        "net a\ninput 1x8x8\n  (conv 1 1x1)*1000000 - fc 10\n")
    net("nested repetitions", BAD, [".net:3:"],
        "net a\ninput 1x8x8\n  " + "(" * 9 + "relu" + ")*1000" * 9 + " - fc 10\n")
    net("unknown option", BAD, [":3:14: error", "'strid'", "did you mean 'stride'"],
        "net a\ninput 1x8x8\n  conv 4 3x3 strid 2 - fc 10\n")
    net("option out of range", BAD, [":3:", "stride must be between 1 and", "not 0"],
        "net a\ninput 1x8x8\n  conv 4 3x3 stride 0 - fc 10\n")
    net("label given twice", BAD, ["'here'", ":4:"],
        "net a\ninput 1x8x8\n  conv 4 3x3 as here\n  - conv 4 3x3 as here - fc 10\n")
    net("from an unknown label", BAD, ["'her'", "did you mean 'here'"],
        "net a\ninput 1x8x8\n  conv 4 3x3 as here - fc 10\nhead x from her\n  - fc 3\n")
    net("window that does not tile, strict", BAD, ["(8 - 3)/2 + 1 = 3.5"],
        "net a\ninput 1x8x8\n  conv 4 3x3 stride 2 - fc 10\n", "--strict")
    net("no input line", BAD, [".net:", "input"], "net a\n  conv 4 3x3 - fc 10\n")
    net("no layer", BAD, [".net:", "layer"], "net a\ninput 1x8x8\n")
    net("empty text", BAD, [".net", "empty"], "")
    net("picture called .net", BAD, [".net", "not text"], b.png())
    net("NUL in the text", BAD, [":3:"], b"net a\ninput 1x8x8\n  conv 4 \0 3x3 - fc 10\n")
    net("escape sequences in the text", BAD, [":3:"],
        b"net a\ninput 1x8x8\n  \x1b[2J\x1b]0;owned\x07 - fc 10\n")
    net("not UTF-8", BAD, [":3:"], b"net a\ninput 1x8x8\n  conv 4 \xff\xfe 3x3 - fc 10\n")
    net("division by zero", BAD, [":3:", "zero"], "net a\ninput 1x8x8\n  conv 4/0 3x3 - fc 10\n")
    net("three means for one channel", BAD, [":2:", "mean"],
        "net a\ninput 1x8x8 mean 0.1,0.2,0.3\n  fc 10\n")
    net("scale nan", BAD, [":2:"], "net a\ninput 1x8x8 scale nan\n  fc 10\n")
    net("std zero", BAD, [":2:", "std"], "net a\ninput 1x8x8 std 0\n  fc 10\n")
    net("a picture of astronomic size", BAD, [":2:"],
        "net a\ninput 3x999999999x999999999\n  conv 64 3x3 pad 1 - fc 10\n")
    net("more weights than fit any memory", BAD, [":3:"],
        "net a\ninput 1x9999x9999\n  fc 999999999 - fc 999999999 - fc 999999999\n")
    net("a hundred thousand brackets", BAD, [":3:"],
        "net a\ninput 1x8x8\n  " + "(" * 100000 + "relu" + ")" * 100000 + "\n")
    net("recipe's setting mistyped", BAD, ["'optimiser'", "did you mean 'optimizer'"],
        "net a\ninput 1x8x8\n  fc 10 - softmax\ntrain optimiser sgd\n")
    os.mkdir("folder.net")
    case("folder called .net", BAD, ["folder.net", "is a folder"], "explain", "folder.net")
    case("file that does not exist", BAD, ["nothere.net", "does not exist"], "explain",
         "nothere.net")
    case("network that does not exist", BAD, ["'lenet'", "did you mean 'lenet5'"], "explain",
         "lenet")
    case("network nobody could mean", BAD, ["xyzzy", "fovea zoo"], "explain", "xyzzy")
    case("network without a name", BAD, [""], "explain", "")


# --- the command line -----------------------------------------------------------------------------

def lines():
    case("no arguments", USAGE, ["say what to do", "fovea explain lenet5"], plain=True)
    case("unknown command", USAGE, ["'trian'", "did you mean 'train'"], "trian", "lenet5", "digits")
    case("--threads 0", USAGE, ["--threads", "1 to 1024", "'0'"], "explain", "lenet5", "--threads",
         "0")
    case("--threads -1", USAGE, ["--threads", "1 to 1024", "'-1'"], "explain", "lenet5",
         "--threads", "-1")
    case("--threads abc", USAGE, ["--threads", "1 to 1024", "'abc'"], "train", "lenet5", "digits",
         "--threads", "abc")
    case("--threads 99999999999999999999", USAGE, ["--threads", "1 to 1024"], "explain", "lenet5",
         "--threads", "99999999999999999999")
    case("unknown flag", USAGE, ["--quite", "did you mean --quiet"], "explain", "lenet5", "--quite")
    case("unknown setting", USAGE, ["'epocs'", "did you mean 'epochs'"], "train", "lenet5",
         "digits", "epocs=3")
    case("unknown setting of a command", USAGE, ["'bach'", "did you mean 'batch'"], "eval",
         "tiny.safetensors", "digits", "bach=3")
    case("setting without a value", BAD, ["epochs has no value"], "train", "lenet5", "digits",
         "epochs=")
    for key, value, words in (
            ("lr", "nan", ["lr", "number"]), ("lr", "inf", ["lr"]), ("lr", "1e999", ["lr"]),
            ("lr", "-0.1", ["lr must be", "-0.1"]), ("batch", "0", ["batch must be", "not 0"]),
            ("batch", "1e30", ["batch must be"]), ("epochs", "1.5", ["whole number, not 1.5"]),
            ("momentum", "2", ["momentum must be between 0 and", "not 2"]),
            ("schedule", "stepp", ["schedule must be", "did you mean 'step'"]),
            ("steps", "3x4", ["steps must be"]), ("seed", "-1", ["seed must be"]),
            ("shift", "99999999999", ["shift must be"]), ("flip", "perhaps", ["flip must be yes"]),
            ("seed", "\x1b[31mred", ["seed must be"])):
        case("%s=%s" % (key, value.replace("\x1b", "ESC")), BAD, words, "train", "lenet5",
             "digits:100", "%s=%s" % (key, value), "--out", "never")
    case("classes=0", BAD, ["0"], "explain", "lenet5", "classes=0")
    case("classes=1e12", BAD, ["1"], "explain", "lenet5", "classes=1000000000000")
    case("a setting no network has", USAGE, ["has no parameter 'sides'", "classes"], "explain",
         "lenet5", "sides=3")
    case("tolerance=nan", BAD, ["tolerance"], "check", "perceptron", "tolerance=nan")
    case("forty settings", USAGE, ["at most 32 parameters"], "train", "lenet5", "digits:60",
         *["p%d=1" % i for i in range(40)])
    case("a network with nothing to learn", BAD, ["bare", "no weights", "fc or conv"], "train",
         "bare.net", "digits:60", "--out", "never")
    case("a tolerance nothing can keep", DIFFERS, ["'fc1' (operator fc)", "allowed 1e-15"], "check",
         "perceptron", "tolerance=1e-15", "--quiet")
    case("rate that diverges", DIVERGED, ["epoch 1", "'fc3'", "not a finite number",
         "smaller learning rate"], "train", "diverge.net", "digits:60", "lr=1e6", "batch=4", "--out",
         "diverges", "--quiet", plain=True)


# --- data sets ------------------------------------------------------------------------------------

def idx(name, words, code=BAD, **change):
    """Four IDX files, some of them spoilt."""
    folder = name.replace(" ", "-")
    b.idx_folder(folder, **change)
    case(name, code, words, "data", folder)


def gzips(pictures):
    idx("truncated gzip", ["train-images", "gzip", "cut short"],
        train_images=b.packed(pictures)[:-40])
    idx("damaged gzip", ["train-images", "gzip"],
        train_images=b.packed(pictures)[:40] + b"\xff" * 20 + b.packed(pictures)[60:])
    idx("gzip with a wrong checksum", ["train-images", "gzip"],
        train_images=b.packed(pictures)[:-8] + bytes(8))
    idx("gzip with a lying header", ["train-images", "cannot be in a gzip file"],
        train_images=b.packed(b"\0\0\x08\x03\x7f\xff\xff\xff" + pictures[8:]))
    idx("gzip of something else", ["train-images", "not an IDX file"],
        train_images=b.packed(b"hello " * 100))


def sets(has):
    pictures, labels = b.idx_pictures(), b.idx_labels()
    case("data set that does not exist", BAD, ["'minst'", "did you mean 'mnist'"], "train",
         "lenet5", "minst")
    case("data set whose files are missing", BAD, ["mnist", "FOVEA_DATA", ".cache/fovea/mnist"],
         "train", "lenet5", "mnist")
    case("nowhere to look for data", BAD, ["mnist", "neither FOVEA_DATA nor HOME"], "data", "mnist",
         env={"HOME": "", "FOVEA_DATA": ""})
    case("digits of no number", BAD, ["digits:many", "10 to"], "train", "lenet5", "digits:many")
    case("too few digits", BAD, ["digits:3", "10 to"], "data", "digits:3")
    case("three files for four", BAD, ["four IDX files", "commas"], "data", "a,b,c")
    case("folder without data", BAD, ["folder.net", "train-images-idx3-ubyte"], "data",
         "folder.net")
    idx("one of four missing", ["t10k-labels-idx1-ubyte", "missing"], t10k_labels=None)
    idx("truncated pictures", ["train-images", "cut short", "20 images"],
        train_images=pictures[:-1000])
    idx("truncated labels", ["train-labels", "cut short", "20 labels"], train_labels=labels[:-3])
    idx("truncated header", ["train-images", "ends within its header"], train_images=pictures[:9])
    idx("swapped files", ["train-images", "swapped"], train_images=labels, train_labels=pictures)
    idx("empty pictures", ["train-images", "empty"], train_images=b"")
    idx("empty labels", ["train-labels", "empty"], train_labels=b"")
    idx("header that lies about counts", ["train-images", "4294967295 images", "cut short"],
        train_images=b"\0\0\x08\x03\xff\xff\xff\xff" + pictures[8:])
    idx("header with huge pictures", ["train-images", "rows", "4096"],
        train_images=b"\0\0\x08\x03" + struct.pack(">III", 20, 70000, 70000) + pictures[16:])
    idx("no pictures at all", ["train-images", "0 images"],
        train_images=b.idx_pictures(0, 28, 28), train_labels=b.idx_labels(0))
    idx("pictures and labels of other sets", ["20 images", "19 labels", "belong together"],
        train_labels=b.idx_labels(19))
    idx("test pictures of another size", ["28x28", "14x28", "belong together"],
        t10k_images=b.idx_pictures(20, 14, 28))
    idx("bytes after the end", ["t10k-labels", "5 bytes follow"], t10k_labels=labels + b"extra")
    idx("numbers that are no bytes", ["train-images", "0x0d"],
        train_images=b"\0\0\x0d\x03" + pictures[4:])
    idx("text as IDX", ["train-images", "not an IDX file"],
        train_images=b"<!DOCTYPE html><title>404 Not Found</title>\n")
    os.makedirs("dirs/train-images-idx3-ubyte")
    b.idx_folder("dirs", train_images=None)
    case("folder instead of a file", BAD, ["train-images-idx3-ubyte"], "data", "dirs")
    case("folder among four files", BAD, ["folder.net", "is a folder"], "data",
         "folder.net,folder.net,folder.net,folder.net")
    gzips(pictures) if has["zlib"] else idx("gzip without zlib", ["built without zlib", "gunzip"],
                                            train_images=b.packed(pictures))
    b.idx_folder("home/fashion", train_labels=b.idx_labels(20, 10, bytes([3] * 19 + [77])))
    case("labels out of range", BAD, ["train-labels", "label 20 of 20 is 77", "0 to 9"], "train",
         "lenet5", "fashion", env={"FOVEA_DATA": "home"})
    b.idx_folder("wide", train_labels=b.idx_labels(20, 20), t10k_labels=b.idx_labels(20, 20))
    case("more classes than outputs", BAD, ["20 classes", "10 outputs"], "eval", "tiny.safetensors",
         "wide")
    os.makedirs("home/cifar10")
    record = bytes([3]) + bytes(3072)
    for n in range(1, 6):
        b.write("home/cifar10/data_batch_%d.bin" % n, record * 2)
    b.write("home/cifar10/test_batch.bin", record * 2 + record[:99])
    case("truncated CIFAR-10", BAD, ["test_batch.bin", "cut short", "3073"], "data", "cifar10",
         env={"FOVEA_DATA": "home"})
    b.idx_folder("colourless")
    case("network for colour, gray pictures", BAD, ["channel"], "train", "strange.net",
         "colourless", "--out", "never")


# --- pictures -------------------------------------------------------------------------------------

def picture(name, path, data, words, code=BAD, *more):
    b.write(path, data)
    case(name, code, words, "predict", "tiny.safetensors", path, *more)


def pictures(has):
    good = b.png()
    picture("text called .png", "text.png", "seven\n" * 9, ["text.png", "text"])
    picture("empty picture", "empty.png", b"", ["empty.png", "empty"])
    picture("picture of another kind", "cat.gif", b"GIF89a" + bytes(40), ["GIF", "PNG"])
    picture("noise called .jpg", "noise.jpg", bytes(range(1, 250)), ["noise.jpg", "not an image"])
    picture("truncated PGM", "short.pgm", b.pgm()[:-9], ["short.pgm", "cut short"])
    picture("PGM that lies", "lies.pgm", b"P5 30000 30000 255\nabc", ["lies.pgm"])
    picture("model as picture", "model.png", b.read("tiny.safetensors"), ["not an image"])
    os.mkdir("folder.png")
    case("folder called .png", BAD, ["folder.png", "is a folder"], "predict", "tiny.safetensors",
         "folder.png")
    case("picture that does not exist", BAD, ["cat.png", "does not exist"], "predict",
         "tiny.safetensors", "cat.png")
    b.write("good.pgm", b.pgm())
    case("one bad picture among good", BAD, ["text.png", "1 of 3 images"], "predict",
         "tiny.safetensors", "good.pgm", "text.png", "good.pgm")
    case("k=0", BAD, ["k must be between 1 and 1000"], "predict", "tiny.safetensors", "good.pgm",
         "k=0")
    case("name that is not UTF-8", BAD, ["does not exist"], "predict", "tiny.safetensors",
         b"\xff\xfe.pgm")
    case("device as picture", BAD, ["/dev/zero", "device"], "predict", "tiny.safetensors",
         "/dev/zero", memory=0 if b.SANITIZED else 1 << 30)
    if has["libpng"]:
        picture("truncated PNG", "short.png", good[:-60], ["short.png", "damaged", "again"])
        picture("PNG with a wrong checksum", "crc.png", good[:50] + b"\0\1\2" + good[53:],
                ["crc.png", "damaged"])
        picture("PNG that claims 2 billion pixels", "bomb.png",
                b.png(46000, 46000, b"\0" + bytes(28)), ["bomb.png", "46000x46000"])
        picture("PNG without pixels", "none.png", b.png(0, 0, b""), ["none.png"])
        picture("PNG of a wrong colour type", "type.png", b.png(28, 28, None, 3, 5), ["type.png"])
    else:
        picture("PNG without libpng", "good.png", good, ["good.png", "built without libpng", "PGM"])
    if not has["libjpeg"]:
        picture("JPEG without libjpeg", "good.jpg", b.JPEG, ["good.jpg", "built without libjpeg"])
    else:
        picture("truncated JPEG", "short.jpg", b.JPEG[:-80],
                ["short.jpg", "cut short or damaged", "again"])
        picture("JPEG of a head alone", "head.jpg", b.JPEG[:40], ["head.jpg", "cut short"])
        at = b.JPEG.index(b"\xff\xc0")
        picture("JPEG that claims 4 billion pixels", "bomb.jpg",
                b.JPEG[:at + 5] + b"\xff\xdc\xff\xdc" + b.JPEG[at + 9:],
                ["bomb.jpg", "65500x65500"])


# --- models ---------------------------------------------------------------------------------------

def model(name, data, words, *command, code=BAD):
    path = name.replace(" ", "-").replace("'", "") + ".safetensors"
    b.write(path, data)
    case(name, code, [path[:20]] + words, *(command or ("explain",)), path)


def with_range(begin, end):
    def change(header):
        header["fc1.weight"]["data_offsets"] = [begin, end]
    return change


def entry(**fields):
    def change(header):
        header["fc1.weight"].update(fields)
    return change


def metadata(**fields):
    def change(header):
        header["__metadata__"].update(fields)
        for key in [k for k, v in fields.items() if v is None]:
            del header["__metadata__"][key]
    return change


def models():
    good = b.read("tiny.safetensors")
    header, body = b.unpack(good)
    case("model that does not exist", BAD, ["nothere.safetensors", "there is no file"], "eval",
         "nothere.safetensors", "digits")
    case("network for a model", BAD, ["lenet5", "without weights", "fovea train lenet5"], "eval",
         "lenet5", "digits")
    case("text of a network for a model", BAD, ["tiny.net", "without weights"], "predict",
         "tiny.net", "good.pgm")
    case("show of a network without weights", BAD, ["lenet5", "without weights"], "show", "lenet5")
    b.write("text.safetensors", b.TINY)
    os.mkdir("nothing")
    case("network's text called .safetensors", BAD, ["text.safetensors", "not a safetensors file"],
         "eval", "text.safetensors", "digits:60")
    case("folder without a model", BAD, ["nothing", "no model.safetensors"], "eval",
         "nothing", "digits")
    model("empty model", b"", ["0 bytes", "too short"])
    model("model cut within its header", good[:100], ["cut short"])
    model("model cut within its weights", good[:-1000], ["fc1.weight"])
    model("picture called .safetensors", b.png(), ["not a safetensors file"])
    model("header length that lies", b"\xff" * 7 + b"\x7f" + good[8:], ["announces a header of"])
    model("header that is no JSON", b.pack(b'{"fc1.weight": {"dtype"  ', body),
          ["in the header", "expected ':'", "again"])
    model("header that is a list", b.pack(b"[1, 2, 3]", body), ["'{'"])
    model("header of endless brackets", b.pack(b'{"a":' + b"[" * 200000, body), ["deep"])
    model("weights that lie about their end", b.changed(good, with_range(0, 1 << 40)),
          ["fc1.weight"])
    model("weights that lie about their start", b.changed(good, with_range(-8, 31360)),
          ["fc1.weight"])
    model("weights that end before they start", b.changed(good, with_range(31360, 0)),
          ["fc1.weight"])
    model("weights that overlap", b.changed(good, with_range(4, 31364)), ["fc1"])
    model("shape that lies", b.changed(good, entry(shape=[10, 999])), ["fc1.weight"])
    model("shape that overflows", b.changed(good, entry(shape=[1 << 62, 1 << 62, 16])),
          ["fc1.weight"])
    model("shape of fractions", b.changed(good, entry(shape=[10.5, 784])), ["fc1.weight"])
    model("shape below zero", b.changed(good, entry(shape=[-10, -784])), ["fc1.weight"])
    model("numbers of an unknown kind", b.changed(good, entry(dtype="F31")), ["F31"])
    model("numbers of another kind", b.changed(good, entry(dtype="I32")), ["I32", "weights are"])
    model("bytes after the last weight", good + b"extra", ["5 bytes"])
    model("no metadata", b.changed(good, lambda h: h.pop("__metadata__") and h),
          ["without a network", "weights=FILE"], "check")
    model("no network", b.changed(good, metadata(net=None)),
          ["without a network", "weights=FILE"], "check")
    case("weights of another network beside one", BAD, ["weights of lenet5", "tiny"], "explain",
         "lenet5", "weights=tiny.safetensors")
    case("a network's text as weights", BAD, ["tiny.net", "holds no weights", ".safetensors"],
         "eval", "tiny.net", "digits:60", "weights=tiny.net")
    case("weights that are not there", BAD, ["nothere.safetensors", "does not exist"], "explain",
         "lenet5", "weights=nothere.safetensors")
    case("weights where none are taken", USAGE, ["unknown setting 'weights'"], "data", "digits",
         "weights=tiny.safetensors")
    for name in ("lfs.safetensors", "lfs.net", "lfs"):
        b.write(name, b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
        case("a Git LFS pointer as " + name, BAD, [name, "Git LFS", "git lfs pull"], "explain", name)
    case("a Git LFS pointer as weights", BAD, ["lfs.safetensors", "git lfs pull"], "explain",
         "lenet5", "weights=lfs.safetensors")
    model("another version's format", b.changed(good, metadata(format="fovea 99")), ["fovea 99"])
    model("broken network inside", b.changed(good, metadata(net="net a\ninput 1x8x8\n  cnv 3\n")),
          ["its network:3:3", "did you mean 'conv'"])
    model("huge network inside", b.changed(good, metadata(
        net="net a\ninput 1x9999x9999\n  fc 999999\n", given="")), ["fc1.weight"])
    model("setting of another network inside", b.changed(good, metadata(given="sides=3")),
          ["sides"])
    model("weights of another network", b.changed(good, metadata(net=b.SMALL)),
          ["small", "save it again"])
    header["fc1.bias"]["data_offsets"] = [body.__len__() - 40, body.__len__()]
    fewer = dict(header)
    del fewer["fc1.bias"]
    model("weights missing", b.pack(fewer, body[:-40]), ["fc1.bias", "missing"])
    more = dict(header)
    more["fc9.weight"] = {"dtype": "F32", "shape": [1],
                          "data_offsets": [len(body), len(body) + 4]}
    model("weights too many", b.pack(more, body + bytes(4)), ["fc9.weight", "no place"])
    b.write("doubled.safetensors",
            b.pack(b"{" + b",".join([json.dumps(header)[1:-1].encode()] * 2) + b"}", body))
    case("every weight twice", BAD, ["twice"], "explain", "doubled.safetensors")
    case("settings for a trained model", USAGE, ["classes=3", "trained as"], "explain",
         "tiny.safetensors", "classes=3")
    case("a form that nobody knows", USAGE, ["tiny.tflite", ".safetensors"], "convert", "tiny.net",
         "tiny.tflite")
    b.write("nan.safetensors", b.pack(b.unpack(good)[0], b"\0\0\xc0\x7f" * (len(body) // 4)))
    case("model whose weights are no numbers", BAD, ["nan.safetensors", "fc1.weight", "not finite"],
         "predict", "nan.safetensors", "good.pgm")
    b.write("inf.safetensors",
            b.pack(b.unpack(good)[0], b"".join(struct.pack("<f", 3e38) for _ in body[::4])))
    case("model whose weights are too large", BAD, ["white.pgm", "not finite", "smaller lr"],
         "predict", "inf.safetensors", "white.pgm", "--quiet")
    case("model too large for a data set", BAD, ["tiny", "digits:60", "not finite"], "eval",
         "inf.safetensors", "digits:60")
    case("data of another size and colour", BAD, ["cifar10"], "eval", "tiny.safetensors",
         "cifar10", env={"FOVEA_DATA": "home"})


# --- runs and places to write ---------------------------------------------------------------------

def spoilt_run(name, words, change, code=BAD):
    """A copy of a good run's folder, spoilt by change(folder)."""
    folder = name.replace(" ", "-").replace("'", "")
    os.mkdir(folder)
    for file in ("run.json", "checkpoint.safetensors"):
        b.write(os.path.join(folder, file), b.read(os.path.join("good", file)))
    change(folder)
    case(name, code, words, "resume", folder, "--quiet")


def rewrite(file, change):
    def spoil(folder):
        path = os.path.join(folder, file)
        b.write(path, change(b.read(path)))
    return spoil


def description(**fields):
    def change(data):
        run = json.loads(data)
        run.update(fields)
        return json.dumps(run)
    return rewrite("run.json", change)


def with_nan(data):
    header, body = b.unpack(data)
    at = header["fc1.weight"]["data_offsets"][0]
    return b.pack(header, body[:at] + b"\0\0\xc0\x7f" + body[at + 4:])


def runs():
    case("resume of nothing", BAD, ["nothere", "no folder"], "resume", "nothere")
    case("resume of a file", BAD, ["tiny.net"], "resume", "tiny.net")
    case("resume of a folder that is no run", BAD, ["folder.net", "run.json"], "resume",
         "folder.net")
    spoilt_run("run.json cut short", ["run.json", "line"], rewrite("run.json", lambda d: d[:200]))
    spoilt_run("run.json empty", ["run.json"], rewrite("run.json", lambda d: b""))
    spoilt_run("run.json of another program", ["run.json", "no run"], description(format="x"))
    spoilt_run("run.json without a network", ["run.json"], description(text=""))
    spoilt_run("run.json with a broken network", ["run.json", "did you mean 'conv'"],
               description(text="net a\ninput 1x28x28\n  cnv 10\n"))
    spoilt_run("run.json with broken settings", ["run.json", "lr"],
               description(settings="lr=much"))
    spoilt_run("run.json with a list for a text", ["run.json"], description(settings=["lr=1"]))
    spoilt_run("data that changed", ["digits:60", "not what it was", "new run"],
               description(data_checksum="0123456789abcdef"))
    spoilt_run("data that is gone", ["FOVEA_DATA"], description(data="mnist"))
    spoilt_run("checkpoint cut short", ["checkpoint.safetensors"],
               rewrite("checkpoint.safetensors", lambda d: d[:-500]))
    spoilt_run("checkpoint empty", ["checkpoint.safetensors"],
               rewrite("checkpoint.safetensors", lambda d: b""))
    spoilt_run("checkpoint that is a model", ["checkpoint.safetensors", "no checkpoint"],
               rewrite("checkpoint.safetensors", lambda d: b.read("good/model.safetensors")))
    spoilt_run("checkpoint of another network", ["checkpoint.safetensors", "conv1.weight"],
               description(text=b.SMALL))
    for fields, what in (({"epoch": "-3"}, "before the start"), ({"step": "99"}, "past the end"),
                         ({"epoch": "7"}, "without history"), ({"steps": "-1"}, "of no step"),
                         ({"history": "1,2,3"}, "with a broken history"),
                         ({"seen": "-5"}, "of no picture"), ({"step": "two"}, "of words")):
        spoilt_run("checkpoint " + what, ["checkpoint.safetensors", "damaged"],
                   rewrite("checkpoint.safetensors",
                           lambda d, f=fields: b.changed(d, metadata(**f))))
    spoilt_run("checkpoint whose weights are no numbers", ["checkpoint.safetensors", "not finite"],
               rewrite("checkpoint.safetensors", with_nan))
    case("folder that holds a run", BAD, ["good", "fovea resume good"], "train", "tiny.net",
         "digits:60", "--out", "good")
    b.write("in-the-way", "a file\n")
    os.mkdir("filed")
    b.write("filed/runs", "a file\n")
    case("file in the way of a run's folder", FAILED, ["in-the-way", "file"], "train", "tiny.net",
         "digits:60", "--out", "in-the-way")
    case("run's folder below a file", FAILED, ["in-the-way", "file"], "train", "tiny.net",
         "digits:60", "--out", "in-the-way/deep/run")
    os.mkdir("taken")
    b.write("taken/notes", "mine\n")
    case("folder that holds something else", FAILED, ["taken", "there already", "--out DIR"],
         "train", "tiny.net", "digits:60", "--out", "taken")
    case("name that is too long", FAILED, ["too long"], "convert", "tiny.net",
         "x" * 300 + ".net")
    case("model below a file", FAILED, ["in-the-way/x.safetensors"], "convert", "tiny.net",
         "in-the-way/x.safetensors")
    case("model in no folder", FAILED, ["nofolder/x.net", "folder does not exist"], "convert",
         "tiny.net", "nofolder/x.net")
    case("model over a folder", FAILED, ["folder.net", "is a folder"], "convert", "tiny.net",
         "folder.net")
    case("pictures below a file", FAILED, ["in-the-way", "file"], "show", "small.safetensors",
         "--out", "in-the-way/pictures")
    os.symlink("loop.net", "loop.net")
    case("link that leads to itself", BAD, ["loop.net", "links"], "explain", "loop.net")
    case("file for the folder of all runs", FAILED, ["runs", "a file of that name"], "train",
         "../tiny.net", "digits:60", cwd="filed")
    case("sheet in no folder", FAILED, ["nofolder/x.png"], "data", "digits:60", "--sheet",
         "nofolder/x.png")
    case("file larger than allowed", EXHAUSTED, ["big.safetensors", "larger"], "convert",
         "lenet5", "big.safetensors", file_size=100000)
    if os.path.exists("/dev/full"):
        for command in (("explain", "vgg16"), ("zoo", "vgg16"), ("predict", "tiny.safetensors",
                        "good.pgm"), ("help", "conv"), ("check", "perceptron")):
            case("full disk under %s > file" % command[0], EXHAUSTED, ["stdout", "disk is full"],
                 *command, stdout="/dev/full")
        case("full disk under fovea > file", EXHAUSTED, ["stdout", "full"], stdout="/dev/full",
             plain=True)
    case("stdout closed", FAILED, ["stdout"], "explain", "lenet5", close=(1,))
    case("stdout closed, check", FAILED, ["stdout"], "check", "perceptron", close=(1,))
    case("stdin and stdout closed", FAILED, ["stdout"], "predict", "tiny.safetensors", "good.pgm",
         close=(0, 1))


def memory():
    limit = 600 << 20
    case("out of memory in bench", EXHAUSTED, ["out of memory", "batch"], "bench", "wide.net",
         "batch=4096", memory=limit)
    case("out of memory for weights", EXHAUSTED, ["out of memory", "weights"], "convert", "vgg16",
         "vgg.safetensors", memory=limit // 2)
    case("out of memory in train", EXHAUSTED, ["out of memory", "batch"], "train", "wide.net",
         "digits:2000", "batch=1000", "--out", "never", memory=limit)
    case("out of memory in eval", EXHAUSTED, ["out of memory", "batch"], "eval",
         "wide.safetensors", "digits:60", "batch=1000000", memory=limit)
    case("out of memory for data", EXHAUSTED, ["out of memory"], "data", "digits:10000000",
         memory=limit)
    case("out of memory in check", EXHAUSTED, ["out of memory"], "check", "vgg16", memory=limit)


# --- the run --------------------------------------------------------------------------------------

def prepare():
    b.write("tiny.net", b.TINY)
    b.write("small.net", b.SMALL)
    b.write("diverge.net", "net diverge\ninput 1x28x28\n  fc 30 - relu - fc 30 - relu - fc 10\n"
                           "  - softmax\n")
    b.write("bare.net", "net bare\ninput 1x2x5\n  flatten - softmax\n")
    b.write("white.pgm", b.pgm(28, 28, b"\xff" * 784))
    b.write("strange.net", "net strange\ninput 5x28x28\n  fc 10 - softmax\n")
    b.write("wide.net", "net wide\ninput 3x512x512\n  conv 64 3x3 pad 1 - relu - globalavgpool\n"
                        "  - fc 10 - softmax\n")
    for command in (("convert", "tiny.net", "tiny.safetensors"),
                    ("convert", "small.net", "small.safetensors"),
                    ("convert", "wide.net", "wide.safetensors"),
                    ("train", "tiny.net", "digits:60", "epochs=2", "--out", "good", "--quiet")):
        done = b.run(*command)
        if done.code != 0:
            raise SystemExit("fovea %s: %s" % (" ".join(command), done.err.decode()))


def missing(words, text):
    return ["'%s' is not in: %s" % (w, text) for w in words if w not in text]


def harmless():
    """What looks odd but is right."""
    failed = []
    os.mkdir("there")
    for words in (("train", "tiny.net", "digits:60", "epochs=1", "--out", "slash//"),
                  ("train", "tiny.net", "digits:60", "epochs=1", "--out", "there"),
                  ("resume", "slash/"), ("show", "small.safetensors", "--out", "slash/deep/er/"),
                  ("predict", "slash/", "./good.pgm"), ("explain", "--", "tiny.net"),
                  ("train", "tiny.net", "digits:60", "epochs=1", "--out", "deaf", "--json")):
        close = (2,) if "deaf" in words else ()  # nowhere to say how it goes: no reason to fail
        result = b.run(*words, close=close)
        failed += ["fovea %s: %s: %s" % (words_of(words), f, b.message(result))
                   for f in b.faults(result, {0}, "--json" in words)]
    return failed


def words_of(command):
    return " ".join(w if isinstance(w, str) else repr(w) for w in command)[:200]


def try_case(name, code, words, command, more):
    more = dict(more)
    plain = more.pop("plain", False)
    result = b.run(*command, **more)
    text = b.message(result)
    found = b.faults(result, {code}) + missing(words, result.err.decode(errors="replace"))
    if command and command[0] not in ("predict", "check") and result.out:
        found.append("something on stdout: %r" % result.out[:100])
    if not plain:
        again = b.run(*command, "--json", **more)
        found += ["with --json: " + f for f in b.faults(again, {code}, json_wanted=True)]
    return result.code, text, found


def main():
    b.fresh("bad_input")
    has = b.built_with()
    prepare()
    lines()
    texts()
    sets(has)
    models()
    pictures(has)
    runs()
    if b.SANITIZED:
        print("SKIP out of memory: a sanitizer's own memory does not fit a limit")
    else:
        memory()
    rows, failed = [], harmless()
    for name, code, words, command, more in CASES:
        got, text, found = try_case(name, code, words, command, more)
        rows.append((name, got, text))
        failed += ["%s (fovea %s): %s" % (name, words_of(command), f) for f in found]
    for name in ("never", "vgg.safetensors", "big.safetensors", "big.safetensors.tmp"):
        if os.path.exists(name):
            failed.append("%s was left behind" % name)
    failed += ["%s was left behind" % f for f in os.listdir(".") if ".new-" in f or ".tmp" in f]
    for row in rows:
        print("%s | %s | %s" % row)
    b.end("bad input", len(CASES), failed)


main()
