/* SPDX-License-Identifier: MIT */
/*
 * choose.c - which implementation takes a site.
 */
#include "device/device.h"

const char fv__impl_no_memory[] = "no memory was left for it";

/* Whether a value can lie in blocks: maps of a batch with whole blocks of channels, so that a slice
   of a concat begins at a block and both layouts are of one size. */
static bool blocks(const fv_shape *s, const fv_type *type) {
    return s->rank == 4 && s->dim[1] % FV_BLOCK == 0 && type->batched;
}

/* Why a layout cannot be had here; NULL: it can. */
static const char *layout_refused(const fv_impl *impl, const fv_site *site) {
    for (int i = 0; impl->takes == FV_BLOCK16 && i < site->inputs; i++)
        if (!blocks(&site->in[i], &site->in_type[i]))
            return "its blocked layout wants maps with a multiple of 16 channels";
    for (int o = 0; impl->gives == FV_BLOCK16 && o < site->outputs; o++)
        if (!blocks(&site->out[o], &site->out_type[o]))
            return "its blocked layout gives maps with a multiple of 16 channels";
    return NULL;
}

/* Why an implementation does not take a site; NULL: it does, and has settled. */
static const char *refused(const fv_impl *impl, const fv_site *site, const fv_request *request,
                           fv_arena *arena, fv_settled *settled) {
    const char *reason = layout_refused(impl, site);
    *settled = (fv_settled){0};
    if (!reason && site->prologue.there && !impl->prologue)
        reason = "does not apply what comes before it";
    if (!reason && site->inner && !impl->inner) reason = "does not compute what makes its input";
    if (!reason && impl->refuses) reason = impl->refuses(site, request);
    if (!reason && impl->settle) reason = impl->settle(site, request, arena, settled);
    return reason;
}

static bool meant(const fv_impl *impl, const fv_op *op, const fv_request *request, bool preferred) {
    if ((impl->op && impl->op != op) || impl->which != request->which) return false;
    return preferred == (request->prefer != FV_PLAIN && impl->takes == request->prefer);
}

fv_status fv__impl_choose(fv_context *ctx, const fv_device *device, const fv_op *op,
                          const fv_site *site, const fv_request *request, fv_arena *arena,
                          const fv_impl **impl, fv_settled *settled, fv_text *why) {
    fv_request plain = *request;
    plain.variant = 0;
    for (int preferred = 1; preferred >= 0; preferred--)
        for (const fv_impl *const *i = device->impls; *i; i++) {
            if (!meant(*i, op, request, preferred == 1)) continue;
            const char *reason = refused(*i, site, &plain, arena, settled);
            if (reason == fv__impl_no_memory) return FV_EXHAUSTED;
            if (!reason) {
                *impl = *i;
                return FV_OK;
            }
            if (why) fv__text_addf(why, "%s%s: %s", why->length ? "; " : "", (*i)->name, reason);
        }
    return fv__fail(ctx, FV_FAILED, "the device %s has no way to compute %s", device->name,
                    op->name);
}

fv_status fv__impl_vary(const fv_impl *impl, const fv_site *site, const fv_request *request,
                        fv_arena *arena, fv_settled *settled) {
    fv_settled other;
    if (request->variant < 1 || !impl->variant || !impl->variant(request->variant)) return FV_OK;
    const char *reason = refused(impl, site, request, arena, &other);
    if (reason == fv__impl_no_memory) return FV_EXHAUSTED;
    if (reason) return FV_OK;
    other.variant = request->variant;
    *settled = other;
    return FV_OK;
}
