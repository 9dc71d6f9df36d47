#!/bin/bash
# SPDX-License-Identifier: MIT
# What the command says to slips of the finger, and its exit codes. The command is $FOVEA.
set -u
failed=0
count=0
unset FOVEA_DATA
export HOME="$PWD" # no data sets but the generated one

fail() {
    echo "FAIL fovea $1: $2"
    failed=$((failed + 1))
}

# expect CODE 'PATTERN' ARGS...: exit code, and a pattern that stderr (or stdout when 0) must hold.
expect() {
    local code=$1 pattern=$2 rc out err text
    shift 2
    count=$((count + 1))
    "$FOVEA" "$@" >out.txt 2>err.txt </dev/null
    rc=$?
    [ "$rc" -eq "$code" ] || fail "$*" "exit code $rc instead of $code: $(head -c 300 err.txt)"
    if [ "$code" -eq 0 ]; then text=out.txt; else text=err.txt; fi
    grep -qF -- "$pattern" "$text" || fail "$*" "'$pattern' is not in: $(head -c 300 $text)"
    [ "$code" -eq 0 ] || [ ! -s out.txt ] || fail "$*" "something on stdout: $(head -c 100 out.txt)"
}

# Wrong commands, flags, settings, numbers of words: 2, with a suggestion where one is near.
expect 2 "did you mean 'explain'?" exlain vgg16
expect 2 "did you mean 'train'?" trian lenet5 digits
expect 2 "unknown command 'frobnicate'" frobnicate
expect 2 "fovea explain vgg16" vgg16
expect 2 "did you mean --markdown?" explain lenet5 --markdwon
expect 2 "did you mean --threads?" explain lenet5 --thread 2
expect 2 "unknown flag --frobnicate" explain lenet5 --frobnicate
expect 2 "it is a setting: batch=" explain lenet5 --batch 3
expect 2 "unknown flag -x" explain lenet5 -x
expect 2 "--json takes no value" explain lenet5 --json=yes
expect 2 "--threads needs a value" explain lenet5 --threads
expect 2 "whole number from 1 to 1024" explain lenet5 --threads 0
expect 2 "whole number from 1 to 1024" explain lenet5 --threads two
expect 2 "did you mean 'avx2'?" explain lenet5 --isa avx9
expect 2 "fp32, strict or bf16" bench lenet5 --precision exact
expect 2 "training is computed in fp32" train lenet5 digits --precision bf16
expect 2 "training is computed in fp32" bench lenet5 --training --precision strict
expect 2 "did you mean 'batch'?" explain lenet5 btach=3
expect 2 "did you mean 'classes'?" explain lenet5 clases=3
expect 2 "did you mean 'epochs'?" train lenet5 digits epocs=3
expect 2 "did you mean 'classes'?" train lenet5 digits clases=10
expect 2 "batch is given twice" explain lenet5 batch=3 batch=4
expect 2 "explain needs more" explain
expect 2 "does not know what to do with 'b'" explain lenet5 b
expect 2 "eval needs more" eval model.safetensors
expect 2 "did you mean 'conv'?" help cnv
expect 2 "no help on 'frobnicate'" help frobnicate
expect 2 "name it" data --sheet x.png
expect 2 ".net (the network's text)" convert lenet5 lenet5.tflite

expect 2 "did you mean 'seed'?" data digits sed=3
expect 2 "data show DATA" data digits batch=3
expect 2 "data show DATA" data check digits epoch=2
expect 2 "fovea data show DATA" data show
expect 2 "./show" data show
expect 2 "did you mean 'flip'?" data show digits flp=yes
expect 2 "the batches 1 to 10" data show digits:600 step=11
expect 2 "NAME.png" data show digits:600 --out x.svg
expect 3 "sort must be one of" runs sort=best

# Input that is missing, malformed or does not fit: 3.
expect 3 "did you mean 'vgg16'?" explain vgg166
expect 3 "does not exist" explain nothere.net
expect 3 "did you mean 'lenet5'?" zoo lenet
expect 3 "batch must be between" explain lenet5 batch=-1
expect 3 "batch must be a whole number" explain lenet5 batch=many
expect 3 "no data set 'minst'; did you mean 'mnist'?" data minst
expect 3 "FOVEA_DATA" data mnist
expect 3 "is a network without weights" eval lenet5 digits
expect 3 "there is no file nothere" predict nothere x.png
printf 'net broken\ninput 1x8x8\n  conv 4 9x9 - fc 2 - softmax\n' >broken.net
expect 3 "broken.net:3:" explain broken.net
expect 3 "without weights" predict broken.net x.png
expect 0 "small.safetensors" convert lenet5 small.safetensors
expect 0 "The output agrees within" compare small.safetensors lenet5
expect 3 "they cannot be given the same numbers" compare small.safetensors vgg16
expect 2 "compare needs more" compare lenet5
expect 3 "nothere.png" predict small.safetensors nothere.png
echo "not a picture" >text.png
expect 3 "text.png" predict small.safetensors text.png
head -c 1000 small.safetensors >short.safetensors
expect 3 "short.safetensors" explain short.safetensors
expect 3 "holds no model.safetensors" eval . digits
if [ "$(id -u)" -ne 0 ] && [ -e /proc/version ]; then
    expect 1 "/proc/" convert lenet5 /proc/x.net
fi
# A full disk under stdout.
if [ -w /dev/full ]; then
    count=$((count + 1))
    "$FOVEA" zoo vgg16 >/dev/full 2>err.txt
    [ $? -eq 5 ] || fail "zoo vgg16 >/dev/full" "exit code is not 5"
    grep -q "could not be written" err.txt || fail "zoo vgg16 >/dev/full" "$(cat err.txt)"
fi

# Good calls: 0, and nothing but JSON with --json.
expect 0 "0.1" version
expect 0 "0.1" --version
expect 0 "conv 6 5x5" zoo lenet5
expect 0 "digits" data
expect 0 "processor" doctor
expect 0 "Start here" help
expect 0 "Start here" --help
expect 0 "lenet5" explain lenet5 --quiet
expect 0 "lenet5" --threads 1 explain --isa baseline lenet5
expect 0 "[28x28x6]" explain -- lenet5
expect 0 "GFLOP/s" bench lenet5 runs=1
expect 0 "conv1" bench lenet5 runs=1 --layers --trace
expect 0 "forward, bf16" bench lenet5 runs=1 --precision bf16
expect 0 "strict does not allow" bench resnet18 runs=1 --trace --precision strict
expect 0 "basic1.conv2 + bn2, add1, relu2 " bench resnet20 runs=1 --layers
expect 0 "backward" bench lenet5 runs=1 batch=2 --layers --training
for call in "version" "help conv" "zoo" "zoo vgg16" "data" "data digits:100" "doctor" \
    "explain lenet5" "bench lenet5 runs=1 --layers --trace" "convert lenet5 c.net" \
    "eval small.safetensors digits:60" "check perceptron"; do
    count=$((count + 1))
    # shellcheck disable=SC2086
    "$FOVEA" $call --json >out.txt 2>err.txt || fail "$call --json" "$(head -c 300 err.txt)"
    python3 -c 'import json,sys; json.load(open("out.txt"))' 2>err.txt ||
        fail "$call --json" "is not JSON: $(tail -1 err.txt)"
done

# Nothing asked for at all: the overview, and 2.
count=$((count + 1))
"$FOVEA" >out.txt
[ $? -eq 2 ] || fail "" "exit code is not 2"

# Every command has help that fits 80 columns, and so has every topic.
for verb in $("$FOVEA" help | sed -n '/^  [a-z]* /s/^  \([a-z]*\) .*/\1/p' | grep -v fovea); do
    expect 0 "fovea $verb" "$verb" --help
    awk -v v="$verb" 'length > 80 { print "FAIL fovea " v " --help: over 80 columns: " $0; bad = 1 }
                      END { exit bad }' out.txt || failed=$((failed + 1))
    expect 0 "fovea $verb" help "$verb"
done
for topic in $("$FOVEA" help layers | sed -n 's/^  \([a-z]*\)  .*/\1/p') \
    $("$FOVEA" data | sed -n 's/^  \([a-z0-9]*\) .*/\1/p') settings input layers language exit; do
    expect 0 "" help "$topic"
    awk -v t="$topic" 'length > 80 { print "FAIL fovea help " t ": over 80 columns: " $0; bad = 1 }
                       END { exit bad }' out.txt || failed=$((failed + 1))
done
expect 0 "Simonyan" help vgg16

# Settings that can have no effect: those that contradict each other are refused, what is left over is
# told before the first step.
small=(train perceptron digits:60 epochs=2 --out advised)
expect 2 "steps=1 has an effect with schedule=step only" "${small[@]}" steps=1
expect 2 "schedule=step never lowers the rate without steps" "${small[@]}" schedule=step
expect 2 "patience=1 has an effect with schedule=plateau only" "${small[@]}" patience=1 schedule=constant
expect 2 "never be lr" "${small[@]}" warmup=3
# told PATTERN SETTING...: a run that ends well and says that.
told() {
    local pattern=$1
    shift
    expect 0 "after 2 epochs" "${small[@]}" "$@"
    grep -qF -- "$pattern" err.txt || fail "${small[*]} $*" "'$pattern' is not in: $(head -c 300 err.txt)"
    rm -rf advised
}
told "epoch 5 has no effect" schedule=step steps=1,5
told "patience=2 has no effect" schedule=plateau patience=2
told "momentum=0.5 has no effect with optimizer=adam" optimizer=adam momentum=0.5
told "elastic_sigma=3 has no effect without elastic" elastic_sigma=3
told "aspect=2 has no effect without area" rotate=5 aspect=2

echo "$count calls, $failed failed"
[ "$failed" -eq 0 ]
