/* SPDX-License-Identifier: MIT */
/*
 * mock_device.c - a device in protected pages.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "mock_device.h"
#include "cpu/cpu.h"
#include "fovea.h"
#include <stdio.h>
#include <string.h>
#ifdef FV_HAVE_MMAP
#include <sys/mman.h>
#include <unistd.h>
#endif

#define BLOCKS_MAX 256

typedef struct block {
    char *pages;  /* the accessible ones; a guard page lies on either side */
    size_t bytes; /* of them */
    char *data;   /* what was handed out: it ends where they end */
} block;

static block blocks[BLOCKS_MAX];
static int block_count, faults, open_calls;
static long launches, refused_in = -1;

void mock_refuse(long n) {
    refused_in = n;
}

int mock_faults(void) {
    return faults;
}
int mock_blocks(void) {
    return block_count;
}
long mock_launches(void) {
    return launches;
}

bool mock_owns(const void *p) {
    const char *at = p;
    for (int i = 0; i < block_count; i++)
        if (at >= blocks[i].data && at < blocks[i].pages + blocks[i].bytes) return true;
    return false;
}

/* ----------------------------------------------------------------------------- protection --- */

#ifdef FV_HAVE_MMAP

bool mock_works(void) {
    return true;
}

static void protect(int how) {
    for (int i = 0; i < block_count; i++)
        if (mprotect(blocks[i].pages, blocks[i].bytes, how) != 0) perror("mprotect");
}

static void *allocate(fv_context *ctx, size_t bytes, const char *what) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t whole = (bytes + (bytes == 0) + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
    const size_t room = (whole + page - 1) / page * page;
    char *all = MAP_FAILED;
    const bool refused = refused_in >= 0 && refused_in-- == 0;
    if (!refused && block_count < BLOCKS_MAX && bytes < SIZE_MAX / 2)
        all = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == (char *)MAP_FAILED) {
        (void)fv__fail_memory(ctx, bytes, what);
        return NULL;
    }
    block *b = &blocks[block_count++];
    *b = (block){all + page, room, all + page + room - whole};
    return b->data;
}

static void release(void *memory) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < block_count; i++) {
        if (blocks[i].data != memory) continue;
        munmap(blocks[i].pages - page, blocks[i].bytes + 2 * page);
        blocks[i] = blocks[--block_count];
        return;
    }
    if (!memory) return;
    faults++;
    printf("mock device: released what it never gave\n");
}

#else

enum { PROT_NONE, PROT_READ, PROT_WRITE };

bool mock_works(void) {
    return false;
}
static void protect(int how) {
    (void)how;
}
static void *allocate(fv_context *ctx, size_t bytes, const char *what) {
    (void)fv__fail_memory(ctx, bytes, what);
    return NULL;
}
static void release(void *memory) {
    (void)memory;
}

#endif

/* Around everything the device does itself. */
static void enter(void) {
    if (open_calls++ == 0) protect(PROT_READ | PROT_WRITE);
}
static void leave(void) {
    if (--open_calls == 0) protect(PROT_NONE);
}

/* Whether a pointer is where it must be. */
static void expect(bool on_device, const void *p, const char *what) {
    if (!p || mock_owns(p) == on_device) return;
    faults++;
    printf("mock device: %s is not in the %s's memory\n", what, on_device ? "device" : "host");
}

/* -------------------------------------------------------------------------------- copies --- */

static void upload(void *to, const void *from, size_t bytes) {
    expect(true, to, "what is uploaded to");
    expect(false, from, "what is uploaded");
    enter();
    memcpy(to, from, bytes);
    leave();
}

static void download(void *to, const void *from, size_t bytes) {
    expect(false, to, "what is downloaded to");
    expect(true, from, "what is downloaded");
    enter();
    memcpy(to, from, bytes);
    leave();
}

static void clear(void *memory, size_t bytes) {
    expect(true, memory, "what is cleared");
    enter();
    memset(memory, 0, bytes);
    leave();
}

static void copy(void *to, const void *from, size_t bytes) {
    expect(true, to, "what is copied to");
    expect(true, from, "what is copied");
    enter();
    memmove(to, from, bytes);
    leave();
}

/* ------------------------------------------------------------------------------ computing --- */

static void expect_tensors(const fv_tensor *t, int count, const char *what) {
    for (int i = 0; t && i < count; i++) expect(true, t[i].data, what);
}

static void launch(fv_pass_fn *fn, const fv_pass *pass) {
    launches++;
    expect_tensors(pass->x, pass->inputs, "an input");
    expect_tensors(pass->dx, pass->inputs, "an input's gradient");
    expect_tensors(pass->y, pass->outputs, "an output");
    expect_tensors(pass->dy, pass->outputs, "an output's gradient");
    expect_tensors(pass->w, pass->params, "a weight");
    expect_tensors(pass->dw, pass->params, "a weight's gradient");
    expect_tensors(pass->added, 1, "what an epilogue adds");
    if (pass->saved && pass->training) expect(true, pass->saved[0].data, "what is saved");
    enter();
    fn(pass);
    leave();
}

static void update(fv_context *ctx, const fv_update *u) {
    expect(true, u->weights, "the weights");
    expect(true, u->gradients, "the gradients");
    for (int i = 0; i < FV_OPTIM_STATES; i++) expect(true, u->states[i], "the optimiser's memory");
    expect(false, u->spans, "what is updated alike");
    enter();
    fv__cpu_device.update(ctx, u);
    leave();
}

static void add(fv_context *ctx, float *to, const float *from, int64_t count) {
    expect(true, to, "a sum");
    expect(true, from, "what is added");
    enter();
    fv__cpu_device.add(ctx, to, from, count);
    leave();
}

static double squares(fv_context *ctx, const float *v, int64_t count) {
    expect(true, v, "what is squared");
    enter();
    const double sum = fv__cpu_device.squares(ctx, v, count);
    leave();
    return sum;
}

static void shrink(fv_context *ctx, float *v, int64_t count, float by, float most) {
    expect(true, v, "what is clipped");
    enter();
    fv__cpu_device.shrink(ctx, v, count, by, most);
    leave();
}

static void follow(fv_context *ctx, float *to, const float *from, int64_t count, float share) {
    expect(true, to, "an average");
    expect(true, from, "what is averaged");
    enter();
    fv__cpu_device.follow(ctx, to, from, count, share);
    leave();
}

static bool finite(fv_context *ctx, const float *v, int64_t count) {
    expect(true, v, "what is looked at");
    enter();
    const bool all = fv__cpu_device.finite(ctx, v, count);
    leave();
    return all;
}

static const struct fv_kernels *kernels(int isa, struct fv_kernels *out) {
    return fv__cpu_device.kernels(isa, out);
}

static bool fuses(const fv_op *op, const fv_epilogue *epilogue) {
    return fv__cpu_device.fuses(op, epilogue);
}

const fv_device mock_device = {
    .name = "mock",
    .host = false,
    .impls = fv__cpu_impls,
    .kernels = kernels,
    .fuses = fuses,
    .alloc = allocate,
    .release = release,
    .upload = upload,
    .download = download,
    .clear = clear,
    .copy = copy,
    .launch = launch,
    .update = update,
    .add = add,
    .finite = finite,
    .squares = squares,
    .shrink = shrink,
    .follow = follow,
};
