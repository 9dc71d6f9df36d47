/* SPDX-License-Identifier: MIT */
/*
 * print_input.c - what goes into a net, in one line.
 */
#include "lang/lang.h"

void fv__input_print(fv_text *out, const fv_input *input) {
    fv__text_addf(out, "%lldx%lldx%lld", (long long)input->channels, (long long)input->height,
                  (long long)input->width);
    for (const fv_field *f = fv__input_fields; f->name; f++) {
        if (fv__field_is_default(f, input)) continue;
        fv__text_addf(out, " %s ", f->name);
        fv__field_print(out, f, input);
    }
}
