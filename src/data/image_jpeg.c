/* SPDX-License-Identifier: MIT */
/*
 * image_jpeg.c - JPEG through libjpeg-turbo.
 *
 * libjpeg reports a failure by its error_exit, which must not return: it jumps out. As in
 * image_png.c, everything to be released lives in a struct of the caller.
 *
 * What other decoders read is read: headers that a camera's maker filled in oddly, an end marker
 * that is missing. But libjpeg paints what is missing in gray and only warns; that is a failure
 * here, as half an image gives a wrong answer without a word.
 */
#include "data/image_format.h"
#include <string.h>

static bool recognise(const uint8_t *data, size_t size) {
    return size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0;
}

/* 1x1, gray, white. */
static const uint8_t example[] = {
    0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, 0x4a, 0x46, 0x49, 0x46, 0x00, 0x01, 0x01, 0x00, 0x00, 0x01,
    0x00, 0x01, 0x00, 0x00, 0xff, 0xdb, 0x00, 0x43, 0x00, 0x10, 0x0b, 0x0c, 0x0e, 0x0c, 0x0a, 0x10,
    0x0e, 0x0d, 0x0e, 0x12, 0x11, 0x10, 0x13, 0x18, 0x28, 0x1a, 0x18, 0x16, 0x16, 0x18, 0x31, 0x23,
    0x25, 0x1d, 0x28, 0x3a, 0x33, 0x3d, 0x3c, 0x39, 0x33, 0x38, 0x37, 0x40, 0x48, 0x5c, 0x4e, 0x40,
    0x44, 0x57, 0x45, 0x37, 0x38, 0x50, 0x6d, 0x51, 0x57, 0x5f, 0x62, 0x67, 0x68, 0x67, 0x3e, 0x4d,
    0x71, 0x79, 0x70, 0x64, 0x78, 0x5c, 0x65, 0x67, 0x63, 0xff, 0xc0, 0x00, 0x0b, 0x08, 0x00, 0x01,
    0x00, 0x01, 0x01, 0x01, 0x11, 0x00, 0xff, 0xc4, 0x00, 0x14, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0xff, 0xc4, 0x00, 0x14,
    0x10, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0xff, 0xda, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x3f, 0x00, 0x40, 0x7f, 0xff, 0xd9,
};

#ifndef FV_HAVE_JPEG

const fv_image_format fv__image_format_jpeg = {
    .name = "JPEG",
    .ends = "jpg jpeg jpe jfif",
    .library = "libjpeg-turbo",
    .recognise = recognise,
    .example = example,
    .example_size = sizeof example,
};

#else

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

/* Most passes over an image of the progressive kind: ten are usual, and a pass may take few bytes
   of the file but always looks at the whole image. */
#define PASSES_MOST       200
/* Arithmetic coding has no least number of bits a block: a file of any size may hold so many. */
#define ARITHMETIC_PIXELS ((int64_t)1 << 22)

/* --- before libjpeg: the file's segments ---------------------------------------------------- */

/* What the segments before the pixels say. */
typedef struct outline {
    int frame; /* the frame header's marker, 0xc0 …: which kind of JPEG; 0: none */
    int bits;  /* of a value */
    const uint8_t *exif;
    size_t exif_size;
} outline;

static bool is_frame(int marker) {
    return (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
            marker != 0xcc) ||
           marker == 0xf7;
}

static void note_segment(outline *o, int marker, const uint8_t *data, size_t size) {
    if (is_frame(marker) && !o->frame && size) {
        o->frame = marker;
        o->bits = data[0];
    }
    if (marker == 0xe1 && !o->exif && size > 6 && memcmp(data, "Exif\0\0", 6) == 0) {
        o->exif = data + 6;
        o->exif_size = size - 6;
    }
}

static outline read_outline(const uint8_t *data, size_t size) {
    outline o = {0};
    size_t at = 2;
    while (size - at >= 4) {
        int marker = data[at + 1];
        if (data[at] != 0xff || marker == 0 || marker == 0xff) { /* fill bytes, or astray */
            at++;
            continue;
        }
        at += 2;
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue; /* no length */
        if (marker == 0xd9 || marker == 0xda) break; /* the end; the pixels */
        size_t length = (size_t)data[at] << 8 | data[at + 1];
        if (length < 2 || length > size - at) break;
        note_segment(&o, marker, data + at + 2, length - 2);
        at += length;
    }
    return o;
}

static const uint8_t *find_exif(const uint8_t *data, size_t size, size_t *exif_size) {
    outline o = read_outline(data, size);
    *exif_size = o.exif_size;
    return o.exif;
}

/* Kinds of JPEG that libjpeg does not read (ITU-T T.81, table B.1; T.87). */
static const char *unread_kind(const outline *o) {
    if (o->frame == 0xc3 || o->frame == 0xcb) return "of the lossless kind";
    if (o->frame == 0xf7) return "of the lossless kind JPEG-LS";
    if (o->frame >= 0xc5 && o->frame != 0xc9 && o->frame != 0xca) return "of the hierarchical kind";
    return o->frame && o->bits > 8 ? "of the kind for fine shades" : NULL;
}

static fv_status check_kind(fv_context *ctx, const char *name, const outline *o) {
    const char *kind = unread_kind(o);
    if (!kind) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: this JPEG is %s, %d bits a value, and those of 8 bits that are baseline "
                    "or progressive are read; convert it, for example with libjpeg-turbo 3: "
                    "`djpeg -pnm IN.jpg > OUT.ppm`, or save it as PNG in the program it came from",
                    name, kind, o->bits);
}

/* --- with libjpeg --------------------------------------------------------------------------- */

typedef struct work {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    fv_context *ctx;
    const char *name;
    const uint8_t *data;
    size_t size;
    fv_image image;
    uint8_t *row;      /* CMYK only */
    bool ended;        /* the file ended before its end marker */
    fv_status refused; /* our own failure, with its message set */
    char error[JMSG_LENGTH_MAX];
} work;

static void on_exit_error(j_common_ptr jpeg) {
    work *w = jpeg->client_data;
    jpeg->err->format_message(jpeg, w->error);
    longjmp(w->jump, 1);
}

static void refuse(work *w, fv_status status) {
    w->refused = status;
    longjmp(w->jump, 1);
}

/* Warnings that do not touch the pixels; every other one but the file's end is damage. */
static bool harmless(int code) {
    static const int codes[] = {JWRN_EXTRANEOUS_DATA, JWRN_ADOBE_XFORM, JWRN_JFIF_MAJOR,
                                JWRN_NOT_SEQUENTIAL, JWRN_BOGUS_PROGRESSION};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] == code) return true;
    return false;
}

static void on_message(j_common_ptr jpeg, int level) {
    work *w = jpeg->client_data;
    if (level >= 0) return;
    if (jpeg->err->msg_code == JWRN_JPEG_EOF)
        w->ended = true;
    else if (!harmless(jpeg->err->msg_code))
        on_exit_error(jpeg);
}

static void on_output(j_common_ptr jpeg) {
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg) {
    work *w = jpeg->client_data;
    if (w->jpeg.input_scan_number > PASSES_MOST)
        refuse(w, fv__fail(w->ctx, FV_BAD_INPUT,
                           "%s: this JPEG image goes over its pixels more than %d times; it is "
                           "damaged: fetch or save it again",
                           w->name, PASSES_MOST));
}

/* A Huffman-coded block of 8x8 takes at least one bit, so a small file cannot hold a huge image. */
static bool plausible(const work *w, int64_t pixels) {
    return pixels / 512 <= (int64_t)w->size + 64 ||
           (w->jpeg.arith_code && pixels <= ARITHMETIC_PIXELS);
}

/* Whether every coefficient of every channel was there, though the file's end was not. */
static bool complete(const work *w) {
    const struct jpeg_decompress_struct *jpeg = &w->jpeg;
    if (jpeg->arith_code) return false; /* it goes on with zeros, without a warning */
    for (int c = 0; c < jpeg->num_components; c++) {
        if (!jpeg->comp_info[c].quant_table) return false; /* in no pass */
        for (int k = 0; jpeg->progressive_mode && k < DCTSIZE2; k++)
            if (jpeg->coef_bits[c][k] != 0) return false;
    }
    return true;
}

/* CMYK as cameras' and printers' programs store it, marked as Adobe's or not: inverted. So do
   Pillow and OpenCV. R = C*K/255. */
static void cmyk_row(const work *w, const uint8_t *from, uint8_t *to) {
    for (int64_t x = 0; x < w->image.width; x++, from += 4, to += 3)
        for (int c = 0; c < 3; c++) to[c] = (uint8_t)((from[c] * from[3] + 127) / 255);
}

static void read_header(work *w) {
    j_decompress_ptr jpeg = &w->jpeg;
    jpeg_create_decompress(jpeg);
    w->progress.progress_monitor = on_progress;
    jpeg->progress = &w->progress;
    jpeg_mem_src(jpeg, w->data, (unsigned long)w->size);
    jpeg_read_header(jpeg, TRUE);
    int64_t width = jpeg->image_width, height = jpeg->image_height;
    fv_status status = fv__image_size(w->ctx, w->name, width, height);
    if (status != FV_OK) refuse(w, status);
    if (!plausible(w, width * height))
        refuse(w, fv__fail(w->ctx, FV_BAD_INPUT,
                           "%s: %lldx%lld pixels (width x height) cannot be in a JPEG file of %zu "
                           "bytes; it is cut short or damaged",
                           w->name, (long long)width, (long long)height, w->size));
}

static void read_image(work *w) {
    j_decompress_ptr jpeg = &w->jpeg;
    read_header(w);
    bool gray = jpeg->jpeg_color_space == JCS_GRAYSCALE;
    bool cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = gray ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
    /* The slow integer transform gives the same bytes on every machine. */
    jpeg->dct_method = JDCT_ISLOW;
    fv_status status = fv__image_new(w->ctx, w->name, jpeg->image_width, jpeg->image_height,
                                     gray ? 1 : 3, &w->image);
    if (status != FV_OK) refuse(w, status);
    if (cmyk) {
        w->row = fv__alloc(w->ctx, (size_t)w->image.width * 4, "decoding a JPEG image");
        if (!w->row) refuse(w, FV_EXHAUSTED);
    }
    jpeg_start_decompress(jpeg);
    size_t stride = (size_t)w->image.width * (size_t)w->image.channels;
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to = w->image.pixels + stride * jpeg->output_scanline;
        JSAMPROW row = cmyk ? w->row : to;
        jpeg_read_scanlines(jpeg, &row, 1);
        if (cmyk) cmyk_row(w, w->row, to);
    }
    /* jpeg_finish_decompress would ask for the end marker; a whole image without it is whole. */
    if (w->ended && !complete(w))
        refuse(w, fv__fail(w->ctx, FV_BAD_INPUT,
                           "%s: this JPEG image is cut short or damaged (the file ends before the "
                           "image does); fetch or save it again",
                           w->name));
}

static bool guarded(work *w) {
    if (setjmp(w->jump)) return false;
    read_image(w);
    return true;
}

static fv_status decode(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                        fv_image *out) {
    *out = (fv_image){0};
    outline o = read_outline(data, size);
    FV_TRY(check_kind(ctx, name, &o));
    work w = {.ctx = ctx, .name = name, .data = data, .size = size};
    w.jpeg.err = jpeg_std_error(&w.errors);
    w.jpeg.client_data = &w;
    w.errors.error_exit = on_exit_error;
    w.errors.emit_message = on_message;
    w.errors.output_message = on_output;
    bool done = guarded(&w);
    jpeg_destroy_decompress(&w.jpeg);
    fv__free(w.row);
    if (done) {
        *out = w.image;
        return FV_OK;
    }
    fv__image_free(&w.image);
    if (w.refused != FV_OK) return w.refused;
    if (w.errors.msg_code == JERR_OUT_OF_MEMORY)
        return fv__fail(ctx, FV_EXHAUSTED, "%s: out of memory while decoding this JPEG", name);
    if (w.errors.msg_code == JERR_ARITH_NOTIMPL)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: this JPEG is one with arithmetic coding, which this build's libjpeg "
                        "does not read; convert it with `jpegtran IN.jpg > OUT.jpg`",
                        name);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: this JPEG image is cut short or damaged (%s); fetch or save it again",
                    name, w.error);
}

const fv_image_format fv__image_format_jpeg = {
    .name = "JPEG",
    .ends = "jpg jpeg jpe jfif",
    .recognise = recognise,
    .decode = decode,
    .find_exif = find_exif,
    .example = example,
    .example_size = sizeof example,
};

#endif
