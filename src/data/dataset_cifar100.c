/* SPDX-License-Identifier: MIT */
/*
 * dataset_cifar100.c - CIFAR-100 by name (Krizhevsky 2009), its hundred fine classes.
 */
#include "data/sets.h"
#include <string.h>

static const char *const names[] = {
    "apple",    "aquarium_fish", "baby",       "bear",         "beaver",
    "bed",      "bee",           "beetle",     "bicycle",      "bottle",
    "bowl",     "boy",           "bridge",     "bus",          "butterfly",
    "camel",    "can",           "castle",     "caterpillar",  "cattle",
    "chair",    "chimpanzee",    "clock",      "cloud",        "cockroach",
    "couch",    "crab",          "crocodile",  "cup",          "dinosaur",
    "dolphin",  "elephant",      "flatfish",   "forest",       "fox",
    "girl",     "hamster",       "house",      "kangaroo",     "keyboard",
    "lamp",     "lawn_mower",    "leopard",    "lion",         "lizard",
    "lobster",  "man",           "maple_tree", "motorcycle",   "mountain",
    "mouse",    "mushroom",      "oak_tree",   "orange",       "orchid",
    "otter",    "palm_tree",     "pear",       "pickup_truck", "pine_tree",
    "plain",    "plate",         "poppy",      "porcupine",    "possum",
    "rabbit",   "raccoon",       "ray",        "road",         "rocket",
    "rose",     "sea",           "seal",       "shark",        "shrew",
    "skunk",    "skyscraper",    "snail",      "snake",        "spider",
    "squirrel", "streetcar",     "sunflower",  "sweet_pepper", "table",
    "tank",     "telephone",     "television", "tiger",        "tractor",
    "train",    "trout",         "tulip",      "turtle",       "wardrobe",
    "whale",    "willow_tree",   "wolf",       "woman",        "worm",
    NULL};

const fv_cifar fv__cifar100 = {
    .title = "CIFAR-100",
    .label_bytes = 2, /* coarse, fine */
    .classes = 100,
    .training = {"train.bin"},
    .test = "test.bin",
    .meta = "fine_label_names.txt",
    .python = "train",
    .inner = {"cifar-100-binary", "cifar-100-python"},
    .files = "train.bin and test.bin",
    .names = names,
};

static bool recognise(const char *name) {
    return strcmp(name, "cifar100") == 0;
}

static fv_status open_cifar100(fv_context *ctx, const char *name, const fv_set_options *options,
                               fv_dataset *train, fv_dataset *test) {
    (void)options;
    return fv__cifar_open_named(ctx, &fv__cifar100, name, train, test);
}

const fv_dataset_kind fv__dataset_cifar100 = {
    .name = "cifar100",
    .help = "50,000 + 10,000 photos of a hundred kinds, 32x32 colour; CIFAR-100's binary files",
    .class_names = names,
    .recognise = recognise,
    .open = open_cifar100,
};
