/* SPDX-License-Identifier: MIT */
/*
 * peak.inc.h - as many multiply-adds as the processor can do, on nothing: the yardstick for
 * kernels. 24 independent chains hide the latency; the empty assembly keeps the loop from being
 * folded.
 */
static double peak(int64_t rounds) {
    enum { CHAINS = FV_LEVEL == 2 ? 24 : 12 };
    vec a[CHAINS], f = v_set(0.999f);
    UNROLL for (int i = 0; i < CHAINS; i++) a[i] = v_set((float)i);
    for (int64_t r = 0; r < rounds; r++) {
        UNROLL for (int i = 0; i < CHAINS; i++) a[i] = v_fma(a[i], f, f);
        __asm__ volatile("" ::: "memory");
    }
    vec s = v_zero();
    UNROLL for (int i = 0; i < CHAINS; i++) s += a[i];
    float out[LANES];
    volatile float sink = 0;
    v_store(out, s);
    sink = out[0];
    (void)sink;
    return (double)rounds * CHAINS * LANES * 2;
}
