/* SPDX-License-Identifier: MIT */
/*
 * picture_names.c - what the names of files say of images. What a file is, its bytes decide.
 */
#include "data/picture_names.h"
#include <string.h>

/* Of formats that people keep pictures in and we do not read. */
static const char foreign[] =
    "gif webp tif tiff heic heif avif jp2 jxl psd pbm pam pfm ico svg raw "
    "dng cr2 nef arw";

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_letters(const char *a, const char *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

/* Whether what follows the last dot of a name is one of the words. */
static bool ends_in(const char *name, const char *words) {
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    if (!dot || (slash && dot < slash)) return false;
    const size_t n = strlen(dot + 1);
    for (const char *w = words; n && *w; w += strspn(w, " ")) {
        const size_t length = strcspn(w, " ");
        if (length == n && same_letters(w, dot + 1, n)) return true;
        w += length;
    }
    return false;
}

const fv_image_format *fv__format_of_name(const char *name) {
    for (size_t i = 0; fv__image_formats[i]; i++)
        if (ends_in(name, fv__image_formats[i]->ends)) return fv__image_formats[i];
    return NULL;
}

const fv_image_format *fv__format_of_bytes(const uint8_t *data, size_t size) {
    for (size_t i = 0; fv__image_formats[i]; i++)
        if (size && fv__image_formats[i]->recognise(data, size)) return fv__image_formats[i];
    return NULL;
}

fv_name_kind fv__name_kind(const char *name) {
    if (fv__format_of_name(name)) return FV_NAME_PICTURE;
    return ends_in(name, foreign) ? FV_NAME_FOREIGN : FV_NAME_OTHER;
}

bool fv__name_hidden(const char *name) {
    static const char *const left[] = {
        "Thumbs.db", "ehthumbs.db",  "desktop.ini", "__MACOSX",
        "@eaDir",    "$RECYCLE.BIN", "lost+found",  "System Volume Information"};
    if (name[0] == '.') return true;
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        if (strlen(name) == strlen(left[i]) && same_letters(name, left[i], strlen(name)))
            return true;
    return false;
}
