/* SPDX-License-Identifier: MIT */
/*
 * picture_jpeg.c - JPEG through libjpeg-turbo.
 *
 * libjpeg reports a failure by its error_exit, which must not return: it jumps out. As in
 * picture_png.c, everything to be released lives in a struct of the caller. Damage that libjpeg
 * would only warn of (and paint over in gray) is a failure here: half a picture gives a wrong
 * answer without a word.
 */
#include "data/decode.h"

#ifndef FV_HAVE_JPEG

fv_status fv__decode_jpeg(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                          fv_picture *out) {
    (void)data, (void)size, (void)out;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: this is a JPEG picture, and this Fovea was built without libjpeg-turbo; "
                    "convert it to PGM or PPM, or build again with libjpeg-turbo",
                    name);
}

#else

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

typedef struct work {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf jump;
    fv_context *ctx;
    const char *name;
    const uint8_t *data;
    size_t size;
    fv_picture picture;
    uint8_t *row;      /* CMYK only */
    fv_status refused; /* our own failure, with its message set */
    char error[JMSG_LENGTH_MAX];
} work;

static void on_exit_error(j_common_ptr jpeg) {
    work *w = jpeg->client_data;
    jpeg->err->format_message(jpeg, w->error);
    longjmp(w->jump, 1);
}

/* Warnings that do not touch the pixels; every other one is damage. */
static bool harmless(int code) {
    return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR;
}

static void on_message(j_common_ptr jpeg, int level) {
    if (level < 0 && !harmless(jpeg->err->msg_code)) on_exit_error(jpeg);
}

static void on_output(j_common_ptr jpeg) {
    (void)jpeg;
}

static void refuse(work *w, fv_status status) {
    w->refused = status;
    longjmp(w->jump, 1);
}

/* A Huffman-coded block of 8x8 takes at least one bit, so a small file cannot hold a huge picture.
   (Arithmetic coding has no such bound.) */
static bool plausible(const work *w, int64_t pixels) {
    return w->jpeg.arith_code || pixels / 512 <= (int64_t)w->size + 64;
}

/* CMYK as cameras' and printers' programs store it (Adobe: inverted): R = C*K/255. */
static void cmyk_row(const work *w, const uint8_t *from, uint8_t *to) {
    int flip = w->jpeg.saw_Adobe_marker ? 0 : 255;
    for (int64_t x = 0; x < w->picture.width; x++, from += 4, to += 3)
        for (int c = 0; c < 3; c++)
            to[c] = (uint8_t)(((from[c] ^ flip) * (from[3] ^ flip) + 127) / 255);
}

static void read_picture(work *w) {
    j_decompress_ptr jpeg = &w->jpeg;
    jpeg_create_decompress(jpeg);
    jpeg_mem_src(jpeg, w->data, (unsigned long)w->size);
    jpeg_read_header(jpeg, TRUE);
    int64_t width = jpeg->image_width, height = jpeg->image_height;
    fv_status status = fv__picture_size(w->ctx, w->name, width, height);
    if (status != FV_OK) refuse(w, status);
    if (!plausible(w, width * height))
        refuse(w, fv__fail(w->ctx, FV_BAD_INPUT,
                           "%s: %lldx%lld pixels (width x height) cannot be in a JPEG file of %zu "
                           "bytes; it is cut short or damaged",
                           w->name, (long long)width, (long long)height, w->size));
    bool gray = jpeg->jpeg_color_space == JCS_GRAYSCALE;
    bool cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = gray ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
    /* The slow integer transform gives the same bytes on every machine. */
    jpeg->dct_method = JDCT_ISLOW;
    status = fv__picture_new(w->ctx, w->name, width, height, gray ? 1 : 3, &w->picture);
    if (status != FV_OK) refuse(w, status);
    if (cmyk) {
        w->row = fv__alloc(w->ctx, (size_t)width * 4, "decoding a JPEG picture");
        if (!w->row) refuse(w, FV_EXHAUSTED);
    }
    jpeg_start_decompress(jpeg);
    size_t stride = (size_t)width * (size_t)w->picture.channels;
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to = w->picture.pixels + stride * jpeg->output_scanline;
        JSAMPROW row = cmyk ? w->row : to;
        jpeg_read_scanlines(jpeg, &row, 1);
        if (cmyk) cmyk_row(w, w->row, to);
    }
    /* jpeg_finish_decompress would ask for the end marker; a whole picture without it is whole. */
}

static bool guarded(work *w) {
    if (setjmp(w->jump)) return false;
    read_picture(w);
    return true;
}

fv_status fv__decode_jpeg(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                          fv_picture *out) {
    *out = (fv_picture){0};
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
        *out = w.picture;
        return FV_OK;
    }
    fv__picture_free(&w.picture);
    if (w.refused != FV_OK) return w.refused;
    if (w.errors.msg_code == JERR_OUT_OF_MEMORY)
        return fv__fail(ctx, FV_EXHAUSTED, "%s: out of memory while decoding this JPEG", name);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: this JPEG picture is cut short or damaged (%s); fetch or save it again",
                    name, w.error);
}

#endif
