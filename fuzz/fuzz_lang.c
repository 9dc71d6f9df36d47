/* SPDX-License-Identifier: MIT */
/*
 * fuzz_lang.c - any bytes as a network's text, for libFuzzer. What parses must also print, and what
 * was printed must parse and print to the same bytes.
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -Iinclude fuzz/fuzz_lang.c LIBRARY -lm
 *     ./fuzz_lang -max_len=4096 -dict=fuzz_lang.dict CORPUS zoo
 */
#include "lang/lang.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fv_context context;
    memset(&context, 0, sizeof context);
    fv_graph *net = NULL, *again = NULL;
    fv_text first = {0}, second = {0};
    if (fv__net_parse(&context, "fuzz.net", (const char *)data, size, NULL, 0, &net, NULL) ==
            FV_OK &&
        net->node_count < 1000) {
        if (fv__net_print(&context, net, NULL, &first) != FV_OK ||
            fv__net_parse(&context, "again.net", first.data, first.length, NULL, 0, &again, NULL) !=
                FV_OK ||
            fv__net_print(&context, again, NULL, &second) != FV_OK ||
            strcmp(first.data, second.data) != 0)
            abort();
    }
    fv__net_free(net);
    fv__net_free(again);
    fv__text_free(&first);
    fv__text_free(&second);
    return 0;
}
