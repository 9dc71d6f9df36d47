/* SPDX-License-Identifier: MIT */
/*
 * number.h - numbers written and read, whatever the program's locale says.
 *
 * printf and strtod follow the locale of the program that calls: under de_DE a half is "0,5". What
 * this library writes and reads always has a point; every number with one goes through here.
 */
#ifndef FV_BASE_NUMBER_H
#define FV_BASE_NUMBER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* snprintf and vsnprintf in the C locale. */
int fv__format(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int fv__vformat(char *out, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Shortest decimal that reads back as v: 0.1, 3e-05; nan and inf become null. Returns `out`. */
char *fv__number_text(char out[32], double v);

/* Shortest decimal that reads back as the float v, which is finite: 0.1 and not
   0.10000000149011612; and the number that it stands for, such as somebody wrote it before it
   became a float. */
char *fv__float_text(char out[32], float v);
double fv__float_as_written(float v);

/* Reads a whole decimal number from `text`; false when something else stands there too. "1/255" is
   read as the quotient. */
bool fv__parse_real(const char *text, double *out);
bool fv__parse_int(const char *text, int64_t *out);
/* A decimal number at the start of *text, which is moved behind it; false: there is none, or it is
   not finite. */
bool fv__read_real(const char **text, double *out);

/* 1234567 as "1,234,567"; returns `out`, which holds at least 32 bytes. */
char *fv__commas(char *out, int64_t v);
/* As lectures write: 150528 "150K", 3211264 "3.2M", 1000 "1000", 802816 "800K". */
char *fv__short_count(char *out, double v);
/* 96e6 as "96.0 MB" (MB = 10^6 bytes): "12 B", "3.4 KB", "96.0 MB", "1.2 GB". */
char *fv__short_bytes(char *out, double bytes);

#endif
