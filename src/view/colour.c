/* SPDX-License-Identifier: MIT */
/*
 * colour.c - the colours of curves and maps.
 *
 * Curves: the palette of Okabe and Ito ("Color Universal Design", 2008), told apart with any colour
 * vision, its yellow left out (too pale on white). Maps about zero: red - white - blue after
 * ColorBrewer's RdBu (Brewer and Harrower), safe likewise.
 */
#include "view/parts.h"

fv_colour fv__palette(int i) {
    static const fv_colour colours[] = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7,
                                        0xe69f00, 0x56b4e9, 0x4d4d4d};
    return colours[(unsigned)i % (sizeof colours / sizeof colours[0])];
}

fv_colour fv__mix(fv_colour a, fv_colour b, double t) {
    if (!(t > 0)) return a;
    if (t >= 1) return b;
    fv_colour mixed = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
        double from = (double)(a >> shift & 255u), to = (double)(b >> shift & 255u);
        mixed |= (fv_colour)(from + (to - from) * t + 0.5) << shift;
    }
    return mixed;
}

fv_colour fv__diverging(double t) {
    static const fv_colour steps[] = {0xb2182b, 0xef8a62, 0xfddbc7, 0xffffff,
                                      0xd1e5f0, 0x67a9cf, 0x2166ac};
    if (!(t > -1)) return steps[0];
    if (t >= 1) return steps[6];
    double at = (t + 1) * 3;
    int i = (int)at;
    return fv__mix(steps[i], steps[i + 1], at - i);
}

/* Rec. 709 weights on the stored values: near enough to choose black or white ink. */
double fv__luminance(fv_colour c) {
    return (0.2126 * (double)(c >> 16 & 255u) + 0.7152 * (double)(c >> 8 & 255u) +
            0.0722 * (double)(c & 255u)) /
           255;
}

fv_colour fv__on_dark(fv_colour colour) {
    double l = fv__luminance(colour);
    return l < 0.62 ? fv__mix(colour, 0xffffff, (0.62 - l) / (1 - l)) : colour;
}
