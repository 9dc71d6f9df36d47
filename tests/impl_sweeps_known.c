/* SPDX-License-Identifier: MIT */
/*
 * impl_sweeps_known.c - problems large enough that the fast ways of operators whose drawn problems
 * are small have several blocks, and rests of them: the blocks are those of src/cpu.
 */
#include "impl_sweeps.h"

static const struct {
    const char *op, *sample;
} known[] = {
    {"convtranspose", "21 16x16 stride 8 pad 4 groups 21 bias no ; 1x21x7x9"},
    {"convtranspose", "9 4x4 stride 2 pad 1 ; 3x13x17x19"},
    {"convtranspose", "17 3x5 stride 2x3 pad 1,0,0,1 output_pad 1x2 groups 1 ; 2x18x9x21"},
    {"convtranspose", "5 14x15 dilation 1x2 ; 2x3x40x31"},
    {"convtranspose", "12 2x2 stride 2 groups 2 ; 2x40x33x14"},
    {"matmul", "; 2x70x300, constant 300x210"},
    {"matmul", "; 3x67x261, 3x261x35"},
    {"matmul", "; 3x1x530, 3x530x201"},
    {"matmul", "; 3x90x530, constant 530"},
    {"matmul", "; 2x3x5x70, constant 70x41"},
    {"matmul", "; constant 65x259, 2x259x67"},
    {"gemm", "transb alpha 0.5 beta 2 ; 70x300, constant 210x300, constant 210"},
    {"gemm", "transb ; 67x3, constant 20000x3"},
    {"gemm", "transa ; constant 300x70, constant 300x210, constant 70x1"},
    {"gemm", "transa transb ; constant 517x70, constant 41x517"},
    {"rnn", "101 direction reverse ; 3x7x9, below 9 3"},
    {"gru", "53 direction both ; 60x60x2, below 70 60"},
    {"gru", "97 linear_before_reset clip 0.3 ; 3x5x7"},
    {"lstm", "50 direction both ; 60x50x1, below 60 60"},
    {"lstm", "100 peepholes ; 5x6x70, 5x1x100, 5x1x100"},
    {"mul", "; 2x5x93x47, 2x5x1x1"},
    {"mul", "; 3x7x93x1, 3x7x93x61"},
    {"sub", "; 2x3x5x19, constant 5x1"},
    {"div", "; constant 3x1x19, positive 2x3x5x19"},
    {"max", "; 2x3x70x71, constant 70x71, 2x3x1x1"},
    {"min", "; 2x1x9001, constant 3x1, 2x3x9001"},
    {"sum", "; 2x3x9001, 2x3x9001, constant 9001"},
    {"transpose", "0,2,3,1 ; 2x70x13x11"},
    {"transpose", "0,3,1,2 ; 2x13x11x67"},
    {"transpose", "0,2,1,3 ; 2x9x70x33"},
    {"depthtospace", "2 ; 2x12x19x70"},
    {"spacetodepth", "3 ; 2x3x18x69"},
    {"expand", "1,70,9001 ; 2x70x1"},
    {"slice", "-1 -9999 -1 steps -2 ; 2x3x8300"},
    {"slice", "3 75 1 ; 2x90x37x5"},
    {"maxpool", "3x3 stride 1 pad 1 ; 2x3x28x28"},
    {"maxpool", "3x2 stride 2x3 pad 1,0,1,1 dilation 2 ; 2x3x21x37"},
    {"avgpool", "3x3 stride 1 pad 1 count_pad no ; 2x3x17x35"},
    {"avgpool", "5x4 stride 2x3 pad 2,1,2,2 ceil ; 2x3x18x40"},
    {"minpool", "3x3 stride 1 pad 1 ; 2x3x17x35"},
    {"lppool", "3x3 stride 2 pad 1 ; 2x3x17x70"},
    {"lppool", "4x2 stride 2 ceil p 1 ; 2x3x17x70"},
    {"softmax", "axis 1 ; 2x21x17x31"},
    {"softmax", "axis -1 ; 2x3x5x70"},
    {"logsoftmax", "axis 2 ; 2x3x9x300"},
    {"logsoftmax", "axis -1 ; 2x3x1000"},
    {"lrn", "5 alpha 0.3 beta 0.6 k 2 ; 2x9x17x31"},
    {"lrn", "5 alpha 0.3 region within ; 2x3x17x31"},
    {"lrn", "7 alpha 0.3 beta 1.25 k 2 region within ; 2x3x9x330"},
    {"upsample", "2 mode bilinear ; 2x3x17x31"},
    {"upsample", "3x2 ; 2x3x17x31"},
    {"resize", "37x91 mode bilinear coordinates align_corners ; 2x3x17x31"},
    {"resize", "5x7 mode bilinear ; 2x3x17x31"},
    {"resize", "23x19 rounding round_prefer_ceil ; 2x3x17x31"},
    {"adaptiveavgpool", "3x2 ; 2x3x19x70"},
    {"adaptiveavgpool", "6 ; 2x3x7x7"},
    {"adaptivemaxpool", "4x5 ; 2x3x19x70"},
    {"globalmaxpool", "; 2x3x19x37"},
    {"globalminpool", "; 2x3x19x37"},
    {"globallppool", "p 1 ; 2x3x19x137"},
    {"globallppool", "; 2x3x19x137"},
};

void impl_sweep_known(op_tally *t, impl_sweep_fn *fn, void *arg) {
    for (int i = 0; i < (int)(sizeof known / sizeof *known); i++)
        op_check(t, fn(arg, fv__op_find(known[i].op), known[i].sample, i), "%s '%s' is refused",
                 known[i].op, known[i].sample);
}
