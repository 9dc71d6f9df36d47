/* SPDX-License-Identifier: MIT */
/*
 * augment.c - the fields of augmentation. All but flip and shift, which are older, are written into
 * files only where they are in use (FV_QUIET).
 */
#include "net/augment.h"

#define AT(name) offsetof(fv_augment, name)

const fv_field fv__augment_fields[] = {
    {"flip", "augmentation: mirror every second image, by chance", FV_BOOL, AT(flip), "no", 0, 0, 0,
     NULL, NULL},
    {"shift", "augmentation: move by up to so many pixels each way", FV_INT, AT(shift), "0", 0,
     1024, 0, NULL, NULL},
    {"zoom", "augmentation: enlarge or shrink by a factor of up to 1 + zoom", FV_REAL, AT(zoom),
     "0", 0, 9, FV_QUIET, NULL, NULL},
    {"rotate", "augmentation: turn by up to so many degrees each way", FV_REAL, AT(rotate), "0", 0,
     180, FV_QUIET, NULL, NULL},
    {"shear", "augmentation: slant by up to so many degrees each way", FV_REAL, AT(shear), "0", 0,
     80, FV_QUIET, NULL, NULL},
    {"elastic", "augmentation: bend; points move by about so many pixels (standard deviation)",
     FV_REAL, AT(elastic), "0", 0, 1024, FV_QUIET, NULL, NULL},
    {"elastic_sigma",
     "elastic: over how many pixels neighbours move alike (deviation of a Gaussian)", FV_REAL,
     AT(elastic_sigma), "4", 0.1, 64, FV_QUIET, NULL, NULL},
    {"area",
     "augmentation: cut out a part of at least this share of the image, then fit it (0: no)",
     FV_REAL, AT(area), "0", 0, 1, FV_QUIET, NULL, NULL},
    {"aspect", "area: the part is at most so many times as wide as high, or as high as wide",
     FV_REAL, AT(aspect), "4/3", 1, 100, FV_QUIET, NULL, NULL},
    {"brightness", "augmentation: pixels times 1 - brightness to 1 + brightness", FV_REAL,
     AT(brightness), "0", 0, 100, FV_QUIET, NULL, NULL},
    {"contrast",
     "augmentation: distance from the image's mean gray times 1 - contrast to 1 + contrast",
     FV_REAL, AT(contrast), "0", 0, 100, FV_QUIET, NULL, NULL},
    {"saturation",
     "augmentation: distance from each pixel's gray times 1 - saturation to 1 + saturation",
     FV_REAL, AT(saturation), "0", 0, 100, FV_QUIET, NULL, NULL},
    {"hue", "augmentation: turn colours by up to this share of the circle each way", FV_REAL,
     AT(hue), "0", 0, 0.5, FV_QUIET, NULL, NULL},
    {"pca", "augmentation: add multiples of the colours' principal components (AlexNet: 0.1)",
     FV_REAL, AT(pca), "0", 0, 100, FV_QUIET, NULL, NULL},
    {"cutout", "augmentation: hide a square of this side, in pixels, at a random place", FV_INT,
     AT(cutout), "0", 0, 65536, FV_QUIET, NULL, NULL},
    {"mixup", "augmentation: mix pairs of images and what they are; alpha of the Beta distribution",
     FV_REAL, AT(mixup), "0", 0, 1000, FV_QUIET, NULL, NULL},
    {"cutmix",
     "augmentation: put a part of another image into each; alpha of the Beta distribution", FV_REAL,
     AT(cutmix), "0", 0, 1000, FV_QUIET, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

bool fv__augment_warps(const fv_augment *a) {
    return a->zoom > 0 || a->rotate > 0 || a->shear > 0 || a->elastic > 0 || a->area > 0;
}

bool fv__augment_colours(const fv_augment *a) {
    return a->brightness > 0 || a->contrast > 0 || a->saturation > 0 || a->hue > 0 || a->pca > 0;
}

bool fv__augment_mixes(const fv_augment *a) {
    return a->mixup > 0 || a->cutmix > 0;
}
