/* SPDX-License-Identifier: MIT */
/*
 * bench_shapes.h - what bench_cpu times: shapes that networks have.
 *
 * A problem is written as operators write their samples, "options ; shape, shape" with the batch.
 * An operator that has no line here is timed on its own samples.
 */
#ifndef BENCH_SHAPES_H
#define BENCH_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bench_shape {
    const char *label, *op, *sample;
    bool first;      /* a first layer: nobody wants the gradient of its input */
    const char *act; /* done by the step itself where the device does that; NULL: nothing */
} bench_shape;

static const bench_shape bench_shapes[] = {
    {"lenet conv1", "conv", "6 5x5 ; 64x1x32x32", true, "tanh"},
    {"lenet tanh1", "tanh", "; 64x6x28x28", false, NULL},
    {"lenet pool1", "avgpool", "2x2 ; 64x6x28x28", false, NULL},
    {"lenet conv2", "conv", "16 5x5 ; 64x6x14x14", false, "tanh"},
    {"lenet tanh2", "tanh", "; 64x16x10x10", false, NULL},
    {"lenet pool2", "avgpool", "2x2 ; 64x16x10x10", false, NULL},
    {"lenet maxpool1", "maxpool", "2x2 ; 64x6x28x28", false, NULL},
    {"lenet fc1", "fc", "120 ; 64x400", false, "tanh"},
    {"lenet fc2", "fc", "84 ; 64x120", false, "tanh"},
    {"lenet fc3", "fc", "10 ; 64x84", false, NULL},
    {"lenet crossentropy", "crossentropy", "; 64x10", false, NULL},
    {"cifar conv 3>16 b128", "conv", "16 3x3 pad 1 ; 128x3x32x32", true, NULL},
    {"cifar conv 16>16 b128", "conv", "16 3x3 pad 1 ; 128x16x32x32", false, NULL},
    {"cifar conv 32>32 b128", "conv", "32 3x3 pad 1 ; 128x32x16x16", false, NULL},
    {"cifar conv 64>64 b128", "conv", "64 3x3 pad 1 ; 128x64x8x8", false, NULL},
    {"cifar bn 16 b128", "bn", "; 128x16x32x32", false, NULL},
    {"vgg 3>64 224", "conv", "64 3x3 pad 1 ; 1x3x224x224", true, "relu"},
    {"vgg 64>64 224", "conv", "64 3x3 pad 1 ; 1x64x224x224", false, "relu"},
    {"vgg 128>128 112", "conv", "128 3x3 pad 1 ; 1x128x112x112", false, "relu"},
    {"vgg 256>256 56", "conv", "256 3x3 pad 1 ; 1x256x56x56", false, "relu"},
    {"vgg 512>512 28", "conv", "512 3x3 pad 1 ; 1x512x28x28", false, "relu"},
    {"vgg 512>512 14", "conv", "512 3x3 pad 1 ; 1x512x14x14", false, "relu"},
    {"vgg maxpool 224", "maxpool", "2x2 ; 1x64x224x224", false, NULL},
    {"vgg fc6 b1", "fc", "4096 ; 1x25088", false, "relu"},
    {"vgg fc7 b16", "fc", "4096 ; 16x4096", false, "relu"},
    {"vgg dropout b16", "dropout", "; 16x4096", false, NULL},
    {"vgg softmax b16", "softmax", "; 16x1000", false, NULL},
    {"resnet conv1", "conv", "64 7x7 stride 2 pad 3 ; 1x3x224x224", true, "relu"},
    {"resnet maxpool", "maxpool", "3x3 stride 2 pad 1 ; 1x64x112x112", false, NULL},
    {"resnet 64>256 56 1x1", "conv", "256 1x1 ; 1x64x56x56", false, NULL},
    {"resnet 256>64 56 1x1", "conv", "64 1x1 ; 1x256x56x56", false, NULL},
    {"resnet 256>512 56 1x1s2", "conv", "512 1x1 stride 2 ; 1x256x56x56", false, NULL},
    {"resnet 128>128 28", "conv", "128 3x3 pad 1 ; 1x128x28x28", false, NULL},
    {"resnet 256>256 28 s2", "conv", "256 3x3 stride 2 pad 1 ; 1x256x28x28", false, NULL},
    {"resnet 1024>256 14 1x1", "conv", "256 1x1 ; 1x1024x14x14", false, NULL},
    {"resnet 512>512 7", "conv", "512 3x3 pad 1 ; 1x512x7x7", false, NULL},
    {"resnet 2048>512 7 1x1", "conv", "512 1x1 ; 1x2048x7x7", false, NULL},
    {"resnet 512>512 7 b8", "conv", "512 3x3 pad 1 ; 8x512x7x7", false, NULL},
    {"resnet bn 256 56", "bn", "; 8x256x56x56", false, NULL},
    {"resnet relu 256 56", "relu", "; 8x256x56x56", false, NULL},
    {"resnet add 256 56", "add", "; 8x256x56x56, 8x256x56x56", false, "relu"},
    {"resnet globalavgpool", "globalavgpool", "; 8x2048x7x7", false, NULL},
    {"alexnet conv1", "conv", "96 11x11 stride 4 ; 1x3x227x227", true, "relu"},
    {"alexnet conv2", "conv", "256 5x5 pad 2 groups 2 ; 1x96x27x27", false, "relu"},
    {"alexnet lrn", "lrn", "; 1x96x27x27", false, NULL},
    {"inception concat 3a", "concat", "; 8x64x28x28, 8x128x28x28, 8x32x28x28, 8x32x28x28", false,
     NULL},
    {"depthwise 96 112", "conv", "96 3x3 pad 1 groups 96 ; 1x96x112x112", false, NULL},
};

#endif
