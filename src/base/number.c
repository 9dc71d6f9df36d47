/* SPDX-License-Identifier: MIT */
/*
 * number.c - numbers written and read in the C locale.
 *
 * The calling thread alone is put into the C locale (uselocale, POSIX 2008), for the length of one
 * call of printf or strtod; other threads and the program's own setlocale are left as they are.
 */
#include "base/number.h"
#include "base/memory.h"

#include <inttypes.h>
#include <locale.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif

/* What enter_plain_locale made, and what was there before. Where the system gives no locale (it
   needs no memory for this one in glibc and musl) the program's stays. */
typedef struct plain_locale {
    locale_t plain, before;
} plain_locale;

static plain_locale enter_plain_locale(void) {
    plain_locale l = {newlocale(LC_ALL_MASK, "C", (locale_t)0), (locale_t)0};
    if (l.plain != (locale_t)0) l.before = uselocale(l.plain);
    return l;
}

static void leave_plain_locale(plain_locale l) {
    if (l.plain == (locale_t)0) return;
    uselocale(l.before);
    freelocale(l.plain);
}

int fv__vformat(char *out, size_t size, const char *format, va_list args) {
    const plain_locale l = enter_plain_locale();
    const int n = vsnprintf(out, size, format, args);
    leave_plain_locale(l);
    return n;
}

int fv__format(char *out, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int n = fv__vformat(out, size, format, args);
    va_end(args);
    return n;
}

static size_t digits(const char *s) {
    size_t n = 0;
    while (s[n] >= '0' && s[n] <= '9') n++;
    return n;
}

/* Length of the decimal number at s: [+-] digits [. digits] [e [+-] digits]; 0: none. */
static size_t decimal_length(const char *s) {
    size_t i = s[0] == '+' || s[0] == '-' ? 1 : 0;
    size_t whole = digits(s + i), fraction = 0;
    i += whole;
    if (s[i] == '.') {
        fraction = digits(s + i + 1);
        i += 1 + fraction;
    }
    if (whole + fraction == 0) return 0;
    if (s[i] == 'e' || s[i] == 'E') {
        size_t sign = s[i + 1] == '+' || s[i + 1] == '-' ? 1 : 0;
        size_t exponent = digits(s + i + 1 + sign);
        if (exponent > 0) i += 1 + sign + exponent;
    }
    return i;
}

bool fv__read_real(const char **text, double *out) {
    const size_t n = decimal_length(*text);
    char copy[512]; /* strtod would read on, into an exponent of hexadecimal or a name */
    if (n == 0 || n >= sizeof copy) return false;
    memcpy(copy, *text, n);
    copy[n] = '\0';
    const plain_locale before = enter_plain_locale();
    *out = strtod(copy, NULL);
    leave_plain_locale(before);
    *text += n;
    return isfinite(*out);
}

char *fv__float_text(char out[32], float v) {
    for (int precision = 6; precision <= 9; precision++) {
        double back = 0;
        const char *at = out;
        (void)fv__format(out, 32, "%.*g", precision, (double)v);
        if (fv__read_real(&at, &back) && (float)back == v) break;
    }
    return out;
}

double fv__float_as_written(float v) {
    char text[32];
    const char *at = fv__float_text(text, v);
    double written = v;
    const bool read = fv__read_real(&at, &written) && fabs(written) <= FLT_MAX;
    return read ? written : (double)v; /* the largest float rounds up */
}

bool fv__parse_real(const char *text, double *out) {
    double a, b;
    if (!fv__read_real(&text, &a)) return false;
    if (*text == '/') {
        text++;
        if (!fv__read_real(&text, &b) || b == 0) return false;
        a /= b;
    }
    if (*text != '\0' || !isfinite(a)) return false;
    *out = a;
    return true;
}

bool fv__parse_int(const char *text, int64_t *out) {
    bool negative = text[0] == '-';
    const char *s = text + (text[0] == '-' || text[0] == '+' ? 1 : 0);
    size_t n = digits(s);
    if (n == 0 || s[n] != '\0') return false;
    int64_t v = 0; /* built up below zero, where there is room for one more value */
    for (size_t i = 0; i < n; i++) {
        if (!fv__mul_i64(v, 10, &v) || __builtin_sub_overflow(v, (int64_t)(s[i] - '0'), &v)) {
            return false;
        }
    }
    if (!negative && __builtin_sub_overflow((int64_t)0, v, &v)) return false;
    *out = v;
    return true;
}

char *fv__number_text(char out[32], double v) {
    if (!isfinite(v)) return strcpy(out, "null");
    /* 15 digits always survive the way through a double, 17 always name it; 16 are enough for some.
     */
    for (int precision = 15; precision <= 17; precision++) {
        double back;
        const char *at = out;
        fv__format(out, 32, "%.*g", precision, v);
        if (fv__read_real(&at, &back) && back == v) break;
    }
    return out;
}

char *fv__commas(char *out, int64_t v) {
    char plain[32];
    int n = fv__format(plain, sizeof plain, "%" PRId64, v);
    char *to = out;
    for (int i = 0; i < n; i++) {
        int after = n - i;
        if (i > 0 && after % 3 == 0 && plain[i - 1] != '-') *to++ = ',';
        *to++ = plain[i];
    }
    *to = '\0';
    return out;
}

char *fv__short_count(char *out, double v) {
    /* The lectures write thousands to two digits (150528: 150K) and millions to one decimal. */
    if (v < 0) {
        out[0] = '-';
        fv__short_count(out + 1, -v);
    } else if (v < 9999.5) {
        fv__format(out, 32, "%.0f", v);
    } else if (v < 995e3) {
        double unit = v < 99.5e3 ? 1e3 : 1e4;
        fv__format(out, 32, "%.0fK", rint(v / unit) * unit / 1e3);
    } else {
        double unit = v < 999.5e6 ? 1e6 : v < 999.5e9 ? 1e9 : 1e12;
        char letter = v < 999.5e6 ? 'M' : v < 999.5e9 ? 'G' : 'T';
        fv__format(out, 32, v < 99.95 * unit ? "%.1f%c" : "%.0f%c", v / unit, letter);
    }
    return out;
}

char *fv__short_bytes(char *out, double bytes) {
    static const char *const units[] = {"KB", "MB", "GB", "TB"};
    if (bytes < 999.5) {
        fv__format(out, 32, "%.0f B", bytes);
        return out;
    }
    int i = 0;
    double v = bytes / 1e3;
    while (v >= 999.95 && i < 3) {
        v /= 1e3;
        i++;
    }
    fv__format(out, 32, "%.1f %s", v, units[i]);
    return out;
}
