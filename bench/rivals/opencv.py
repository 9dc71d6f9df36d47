#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""OpenCV's dnn as a side of `fovea bench --against opencv` (README.md in this folder)."""
import os
import sys

sys.dont_write_bytecode = True  # the folder may be an installed one
import side

# What OpenCV dispatches on, above each set of instructions.
ABOVE = {"baseline": "SSE4_1,SSE4_2,AVX,FP16,AVX2,FMA3,AVX512_SKX", "avx2": "AVX512_SKX,AVX512_ICL"}


def main():
    task = side.job()
    if task.get("training"):
        side.refuse("it trains nothing")
    os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
    if task["isa"] in ABOVE:
        os.environ["OPENCV_CPU_DISABLE"] = ABOVE[task["isa"]]
    try:
        import cv2
        import numpy
    except ImportError as error:
        side.missing("python3-opencv", error)
    cv2.setNumThreads(task["threads"])
    x = numpy.fromfile(task["input"], numpy.float32).reshape(task["shape"])
    try:
        net = cv2.dnn.readNetFromONNX(side.form(task, "onnx", "ONNX file"))
        net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
        net.setPreferableTarget(cv2.dnn.DNN_TARGET_CPU)
        names = net.getUnconnectedOutLayersNames()

        def run():
            net.setInput(x)
            return net.forward(names)

        run()
    except cv2.error as error:
        words = " ".join(str(error).split("error: ")[-1].replace("\n> ", " ").split())
        side.refuse("OpenCV does not take this network: " + words[:300])
    side.say(first=True)
    side.say(ready=True, title="OpenCV", version=cv2.__version__,
             settings="its own dnn")
    side.serve(run)


main()
