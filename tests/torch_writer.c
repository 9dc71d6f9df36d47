/* SPDX-License-Identifier: MIT */
/*
 * torch_writer.c - writes what torch.save writes.
 */
#include "torch_writer.h"
#include "base/checksum.h"
#include <stdio.h>
#include <string.h>

static void number(fv_text *out, uint64_t v, int bytes) {
    char b[8];
    for (int i = 0; i < bytes; i++) b[i] = (char)(uint8_t)(v >> (8 * i));
    fv__text_addn(out, b, (size_t)bytes);
}

void torch_text(fv_text *out, const char *text) {
    fv__text_add(out, "X");
    number(out, strlen(text), 4);
    fv__text_add(out, text);
}

void torch_whole(fv_text *out, int64_t value) {
    if (value >= 0 && value < 256) {
        fv__text_add(out, "K");
        number(out, (uint64_t)value, 1);
    } else if (value >= 0 && value < 65536) {
        fv__text_add(out, "M");
        number(out, (uint64_t)value, 2);
    } else {
        fv__text_add(out, "\x8a\x08");
        number(out, (uint64_t)value, 8);
    }
}

static void wholes(fv_text *out, const int64_t *v, int count) {
    fv__text_add(out, "(");
    for (int i = 0; i < count; i++) torch_whole(out, v[i]);
    fv__text_add(out, "t");
}

void torch_value(fv_text *out, const torch_tensor *t) {
    fv__text_add(out, "ctorch._utils\n_rebuild_tensor_v2\n((");
    torch_text(out, "storage");
    fv__text_addf(out, "ctorch\n%s\n", t->type);
    torch_text(out, t->storage->key);
    torch_text(out, "cpu");
    torch_whole(out, t->storage->numbers);
    fv__text_add(out, "tQ");
    torch_whole(out, t->offset);
    wholes(out, t->dim, t->rank);
    wholes(out, t->stride, t->rank);
    fv__text_add(out, "\x89"
                      "ccollections\nOrderedDict\n)RtR");
}

void torch_dict(fv_text *out, const torch_tensor *t, int count) {
    fv__text_add(out, "ccollections\nOrderedDict\n)R(");
    for (int i = 0; i < count; i++) {
        torch_text(out, t[i].name);
        torch_value(out, &t[i]);
    }
    fv__text_add(out, "u}");
    torch_text(out, "_metadata");
    fv__text_add(out, "}sb");
}

void torch_pickle(fv_text *out, const torch_tensor *t, int count) {
    fv__text_add(out, "\x80\x02");
    torch_dict(out, t, count);
    fv__text_add(out, ".");
}

/* ------------------------------------------------------------------------------- the archive ---
 */

/* A file's own header and its bytes; its entry goes into `list`. */
static void zip_file(fv_text *out, fv_text *list, const char *name, const void *data, size_t bytes,
                     bool wide) {
    const uint32_t crc = fv__crc32(0, data, bytes);
    const size_t at = out->length, length = strlen(name);
    const int more = wide ? 28 : 0;
    fv__text_addn(out, "PK\3\4\0\0\0\10\0\0\0\0\0\0", 14);
    number(out, crc, 4);
    number(out, bytes, 4);
    number(out, bytes, 4);
    number(out, length, 2);
    number(out, 4, 2);
    fv__text_add(out, name);
    fv__text_addn(out, "FB\0\0", 4); /* padding, as PyTorch's */
    fv__text_addn(out, data, bytes);
    fv__text_addn(list, "PK\1\2\0\0\0\0\0\10\0\0\0\0\0\0", 16);
    number(list, crc, 4);
    number(list, wide ? 0xffffffff : bytes, 4);
    number(list, wide ? 0xffffffff : bytes, 4);
    number(list, length, 2);
    number(list, (uint64_t)more, 2);
    fv__text_addn(list, "\0\0\0\0\0\0\0\0\0\0", 10);
    number(list, wide ? 0xffffffff : at, 4);
    fv__text_add(list, name);
    if (!wide) return;
    number(list, 1, 2);
    number(list, 24, 2);
    number(list, bytes, 8);
    number(list, bytes, 8);
    number(list, at, 8);
}

static void zip_end(fv_text *out, uint64_t files, uint64_t bytes, bool wide) {
    const uint64_t at = out->length - bytes, end = out->length;
    if (wide) {
        fv__text_addn(out, "PK\6\6", 4);
        number(out, 44, 8);
        number(out, 0, 8);
        number(out, 0, 4);
        number(out, files, 8);
        number(out, files, 8);
        number(out, bytes, 8);
        number(out, at, 8);
        fv__text_addn(out, "PK\6\7\0\0\0\0", 8);
        number(out, end, 8);
        number(out, 1, 4);
    }
    fv__text_addn(out, "PK\5\6\0\0\0\0", 8);
    number(out, wide ? 0xffff : files, 2);
    number(out, wide ? 0xffff : files, 2);
    number(out, wide ? 0xffffffff : bytes, 4);
    number(out, wide ? 0xffffffff : at, 4);
    number(out, 0, 2);
}

void torch_zip(fv_text *out, const fv_text *pickle, const torch_storage *storages, int count,
               bool wide) {
    fv_text list = {0};
    char name[64];
    zip_file(out, &list, "net/data.pkl", pickle->data, pickle->length, wide);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "net/data/%s", storages[i].key);
        zip_file(out, &list, name, storages[i].data, storages[i].bytes, wide);
    }
    zip_file(out, &list, "net/version", "3\n", 2, wide);
    zip_file(out, &list, "net/byteorder", "little", 6, wide);
    fv__text_addn(out, list.data, list.length);
    zip_end(out, (uint64_t)count + 3, list.length, wide);
    fv__text_free(&list);
}

/* ------------------------------------------------------------------------------- before 1.6 --- */

void torch_legacy(fv_text *out, const fv_text *pickle, const torch_storage *storages, int count) {
    fv__text_addn(out, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
    fv__text_add(out, "\x80\x02M\xe9\x03.\x80\x02}");
    torch_text(out, "little_endian");
    fv__text_add(out, "\x88s.");
    fv__text_addn(out, pickle->data, pickle->length);
    fv__text_add(out, "\x80\x02](");
    for (int i = 0; i < count; i++) torch_text(out, storages[i].key);
    fv__text_add(out, "e.");
    for (int i = 0; i < count; i++) {
        number(out, (uint64_t)storages[i].numbers, 8);
        fv__text_addn(out, storages[i].data, storages[i].bytes);
    }
}
