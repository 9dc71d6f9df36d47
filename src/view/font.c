/* SPDX-License-Identifier: MIT */
/*
 * font.c - the built-in font, drawn for Fovea.
 *
 * Letters are strokes, not bitmaps, so that they are smooth at every size and can be turned. The
 * grid is half a pixel of the 7x13 letter: capitals stand from y 3 to 19 (the baseline), small
 * letters from 7, tails reach down to 25. Stems lie on odd numbers, the middle of a pixel at
 * scale 1, and that is what keeps small text crisp.
 *
 * A glyph is an advance and a text: a point is two digits in base 36 (x, y); a point after '.' is
 * the control point of a quadratic curve, and between two of them lies an implied point halfway
 * (as in TrueType); a space starts a new stroke; '@' marks a closed one; a lone point is a dot.
 */
#include "view/parts.h"

typedef struct glyph {
    uint8_t advance;
    const char *strokes;
} glyph;

static const glyph ascii[95] = {
    {8, ""},                                               /*   */
    {6, "333d 3j"},                                        /* ! */
    {10, "3337 7377"},                                     /* " */
    {18, "735j d3bj 39f9 3dfd"},                           /* # */
    {14, "b6.b373.3337.3b7b.bbbf.bj7j.3j3g 717l"},         /* $ */
    {20, "@.33.83.89.39 @.cd.hd.hj.cj e36j"},              /* % */
    {18, "fj5a.4846.4373.a3a6.a96b.3d3f.3j7j.djec"},       /* & */
    {6, "3337"},                                           /* ' */
    {8, "62.363b.3g6k"},                                   /* ( */
    {8, "32.666b.6g3k"},                                   /* ) */
    {14, "737b 35b9 b539"},                                /* * */
    {14, "797h 3dbd"},                                     /* + */
    {8, "4i3m"},                                           /* , */
    {12, "3d9d"},                                          /* - */
    {6, "3j"},                                             /* . */
    {12, "a22k"},                                          /* / */
    {14, "@.33.b3.bj.3j"},                                 /* 0 */
    {14, "46737j"},                                        /* 1 */
    {14, "37.3373.b3b7.ba8d3jbj"},                         /* 2 */
    {14, "36.3373.b3b7.bb7b 5b7b.bbbf.bj7j.3j3g"},         /* 3 */
    {14, "9j933fcf"},                                      /* 4 */
    {14, "a3433b.4979.b9be.bj7j.3j3g"},                    /* 5 */
    {14, "a3.353e @.39.b9.bj.3j"},                         /* 6 */
    {14, "33b36j"},                                        /* 7 */
    {14, "@.43.a3.ab.4b @.3b.bb.bj.3j"},                   /* 8 */
    {14, "@.33.b3.bd.3d b8.bh4j"},                         /* 9 */
    {6, "39 3j"},                                          /* : */
    {8, "49 4i3m"},                                        /* ; */
    {14, "b73dbj"},                                        /* < */
    {14, "3bbb 3fbf"},                                     /* = */
    {14, "37bd3j"},                                        /* > */
    {14, "37.3373.b3b7.ba7c7e 7j"},                        /* ? */
    {20, "@.78.d8.dg.7g d8de.dgfg.hghb.h3a3.333c.3kakdk"}, /* @ */
    {16, "2j83ej 4dcd"},                                   /* A */
    {14, "3b7b.bbb7.b373333j7j.cjcf.cb7b"},                /* B */
    {16, "d7.d383.333b.3j8j.djdf"},                        /* C */
    {16, "@3373.d3db.dj7j3j"},                             /* D */
    {14, "b3333jbj 3bab"},                                 /* E */
    {12, "b3333j 3bab"},                                   /* F */
    {16, "d7.d383.333b.3j8j.djdedb9b"},                    /* G */
    {16, "333j d3dj 3bdb"},                                /* H */
    {6, "333j"},                                           /* I */
    {12, "939f.9j6j.3j2h"},                                /* J */
    {14, "333j c33d 6acj"},                                /* K */
    {12, "333jaj"},                                        /* L */
    {18, "3j339df3fj"},                                    /* M */
    {16, "3j33djd3"},                                      /* N */
    {16, "@.33.d3.dj.3j"},                                 /* O */
    {14, "3j3373.b3b7.bb7b3b"},                            /* P */
    {16, "@.33.d3.dj.3j 9fdk"},                            /* Q */
    {14, "3j3373.b3b7.bb7b3b 7bbj"},                       /* R */
    {14, "b6.b373.3337.3b7b.bbbf.bj7j.3j3g"},              /* S */
    {14, "13d3 737j"},                                     /* T */
    {16, "333d.3j8j.djddd3"},                              /* U */
    {16, "238je3"},                                        /* V */
    {20, "236ja4eji3"},                                    /* W */
    {14, "23cj c32j"},                                     /* X */
    {14, "237bc3 7b7j"},                                   /* Y */
    {14, "33b33jbj"},                                      /* Z */
    {8, "62323k6k"},                                       /* [ */
    {12, "22ak"},                                          /* \ */
    {8, "32626k3k"},                                       /* ] */
    {14, "3a74ba"},                                        /* ^ */
    {14, "1ldl"},                                          /* _ */
    {8, "2356"},                                           /* ` */
    {14, "48.5777.b7bbbj bd7d.3d3g.3j6j.bjbe"},            /* a */
    {14, "333j @.37.b7.bj.3j"},                            /* b */
    {12, "a9.a777.373d.3j7j.ajah"},                        /* c */
    {14, "b3bj @.37.b7.bj.3j"},                            /* d */
    {14, "3dbd.b777.373d.3j7j.ajbh"},                      /* e */
    {10, "93.53575j 2797"},                                /* f */
    {14, "@.37.b7.bj.3j b7bl.bp7p.4p3n"},                  /* g */
    {14, "333j 3c.3777.b7bcbj"},                           /* h */
    {6, "373j 33"},                                        /* i */
    {6, "373m.3p0p 33"},                                   /* j */
    {12, "333j a73e 5caj"},                                /* k */
    {8, "333g.3j6j"},                                      /* l */
    {18, "373j 3b.3767.979b9j 9b.97c7.f7fbfj"},            /* m */
    {14, "373j 3c.3777.b7bcbj"},                           /* n */
    {14, "@.37.b7.bj.3j"},                                 /* o */
    {14, "373p @.37.b7.bj.3j"},                            /* p */
    {14, "b7bp @.37.b7.bj.3j"},                            /* q */
    {10, "373j 3c.3787"},                                  /* r */
    {12, "a9.a767.373a.3d6d.adag.aj6j.3j3h"},              /* s */
    {10, "545f.5j8j 2787"},                                /* t */
    {14, "373e.3j7j.bjbe b7bj"},                           /* u */
    {14, "277jc7"},                                        /* v */
    {18, "275j98djg7"},                                    /* w */
    {12, "27aj a72j"},                                     /* x */
    {14, "277j c75o"},                                     /* y */
    {12, "37a73jaj"},                                      /* z */
    {10, "72.525559.5b3b.5b5d5h.5k7k"},                    /* { */
    {6, "313l"},                                           /* | */
    {10, "32.525559.5b7b.5b5d5h.5k3k"},                    /* } */
    {14, "3e.4b7d.afbc"},                                  /* ~ */
};

/* Signs beyond ASCII that captions and class names use. */
static const struct {
    uint16_t code;
    glyph glyph;
} signs[] = {
    {0x00a0, {8, ""}},                                 /* no-break space */
    {0x00b0, {10, "@.33.73.77.37"}},                   /* degree */
    {0x00b1, {14, "757d 39b9 3hbh"}},                  /* plus-minus */
    {0x00b2, {10, "34.3353.7375.773b7b"}},             /* squared */
    {0x00b5, {14, "373p 3e.3j7j.bjbe b7bj"}},          /* micro */
    {0x00b7, {6, "3c"}},                               /* middle dot */
    {0x00d7, {14, "49ah a94h"}},                       /* times */
    {0x00df, {14, "3j38.3373.b3a8.9a7b.bbbf.bj7j6j"}}, /* sharp s */
    {0x2013, {14, "2dcd"}},                            /* en dash */
    {0x2014, {20, "2did"}},                            /* em dash */
    {0x2018, {8, "5337"}},                             /* quotation marks */
    {0x2019, {8, "4336"}},
    {0x201c, {12, "5337 9377"}},
    {0x201d, {12, "4336 8376"}},
    {0x2026, {16, "3j 8j dj"}},    /* ellipsis */
    {0x2192, {18, "2dgd b8gdbi"}}, /* arrow */
    {0x2212, {14, "3dbd"}},        /* minus */
    {0x2264, {14, "b53abf 3jbj"}}, /* at most */
    {0x2265, {14, "35ba3f 3jbj"}}, /* at least */
};

/* Accents, drawn for a small letter whose middle is x 7; '=' means none. */
static const char *accent_strokes(char kind) {
    switch (kind) {
    case '`':
        return "5275";
    case '\'':
        return "9275";
    case '^':
        return "457295";
    case '~':
        return "44.5173.95a2";
    case ':':
        return "54 94";
    case 'o':
        return "@.51.91.95.55";
    case ',':
        return "7j8l6o";
    default:
        return NULL;
    }
}

/* U+00C0 … U+00FF: the letter under the accent, and the accent. Those without one stand for
   themselves nearest (AE, thorn, eth are read as A, P, D). */
static const char latin_letter[] = "AAAAAAACEEEEIIIIDNOOOOO*OUUUUYPs"
                                   "aaaaaaaceeeeiiiidnooooo/ouuuuypy";
static const char latin_accent[] = "`'^~:o=,`'^:`'^:=~`'^~:==`'^:'=="
                                   "`'^~:o=,`'^:`'^:=~`'^~:==`'^:'=:";

/* What stands for a letter the font does not have. */
static const glyph missing = {14, "@33b3bj3j"};

const char *fv__glyph(uint32_t code, int *advance, const char **accent) {
    *accent = NULL;
    const glyph *g = &missing;
    if (code >= 32 && code < 127) {
        g = &ascii[code - 32];
    } else {
        for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
            if (signs[i].code == code) g = &signs[i].glyph;
        if (g == &missing && code >= 0xc0 && code <= 0xff) {
            g = &ascii[(unsigned char)latin_letter[code - 0xc0] - 32];
            *accent = accent_strokes(latin_accent[code - 0xc0]);
        }
    }
    *advance = g->advance;
    return g->strokes;
}
