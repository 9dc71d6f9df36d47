#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Weights in a file of their own: listed by explain, put beside their network by weights=FILE in every
# command that takes a network or a model. The command is $FOVEA.
set -euo pipefail

fail() { printf 'FAIL %s\n' "$*"; exit 1; }
expect() { # what the last command wrote has these words
    for words in "$@"; do grep -qF -- "$words" out.txt || fail "'$words' is not in: $(cat out.txt)"; done
}

cat > tiny.net <<'END'
net tiny(classes = 10)
input 1x28x28 scale 1/255
  conv 2 5x5 stride 4 - relu - fc classes - softmax
END
"$FOVEA" convert tiny.net model.safetensors seed=5 > out.txt
# The same file without its metadata is weights alone.
python3 - <<'END'
import json, struct
data = open("model.safetensors", "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + size])
del header["__metadata__"]
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
open("alone.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + data[8 + size:])
END

"$FOVEA" explain alone.safetensors > out.txt
expect "weights without a network" "conv1.weight" "2x1x5x5" "F32" "4 tensors" "weights=FILE"
"$FOVEA" explain alone.safetensors --json > out.txt
python3 - <<'END'
import json
rows = json.load(open("out.txt"))["tensors"]
assert [r["name"] for r in rows] == ["conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias"], rows
assert rows[0]["shape"] == [2, 1, 5, 5] and rows[0]["numbers"] == 50, rows
END

"$FOVEA" eval model.safetensors digits:200 --json > out.txt
wanted=$(sed 's/, "seconds.*//' out.txt)
"$FOVEA" eval tiny.net digits:200 weights=alone.safetensors --json > out.txt
[ "$wanted" = "$(sed 's/, "seconds.*//' out.txt)" ] || fail "eval with weights: $(cat out.txt)"
"$FOVEA" convert tiny.net joined.safetensors weights=alone.safetensors > out.txt
cmp model.safetensors joined.safetensors || fail "converted with weights differs"
printf 'P2 2 2 255 0 255 255 0\n' > image.pgm
"$FOVEA" predict model.safetensors image.pgm > out.txt
cp out.txt wanted.txt
"$FOVEA" predict tiny.net image.pgm weights=alone.safetensors > out.txt
cmp wanted.txt out.txt || fail "predict with weights"
"$FOVEA" explain tiny.net weights=alone.safetensors > out.txt
expect "conv1" "total"
"$FOVEA" show tiny.net weights=alone.safetensors --out look > out.txt
expect "filters.png"
"$FOVEA" bench tiny.net weights=alone.safetensors runs=1 > out.txt
expect "tiny, batch 1"
if "$FOVEA" explain tiny.net classes=7 weights=alone.safetensors > out.txt 2>&1; then
    fail "weights of 10 classes in a network of 7"
fi
expect "these are not the weights of tiny" "fc1.weight"
echo ok
