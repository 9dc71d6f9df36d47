/* SPDX-License-Identifier: MIT */
/*
 * test_file.c - whole files in and out; what does not work leaves the old file and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/mount.h>
#endif

/* Every test works in a new folder, which is the current one. */
static int enter(void **state) {
    char name[] = "/tmp/fovea-test-XXXXXX";
    if (mkdtemp(name) == NULL || chdir(name) != 0) return -1;
    *state = strdup(name);
    return *state == NULL ? -1 : 0;
}

static int leave(void **state) {
    char command[256];
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", (char *)*state,
             (char *)*state);
    int r = chdir("/") == 0 ? system(command) : -1;
    free(*state);
    return r;
}

static int count_entries(const char *path) {
    DIR *d = opendir(path);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void check_file(const char *path, const void *data, size_t size) {
    fv_context ctx = {0};
    fv_bytes b;
    assert_int_equal(fv__file_read(&ctx, path, 0, &b), FV_OK);
    assert_int_equal(b.size, size);
    if (size > 0) assert_memory_equal(b.data, data, size);
    fv__file_release(&b);
    assert_null(b.data);
    fv__file_release(&b);
}

static void test_write_read(void **state) {
    (void)state;
    fv_context ctx = {0};
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, (1 << 20) - 1, 1 << 20, 5000011};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *data = malloc(sizes[i] + 1);
        for (size_t k = 0; k < sizes[i]; k++) data[k] = (unsigned char)(k * 31 >> 3);
        assert_int_equal(fv__file_write(&ctx, "a", data, sizes[i]), FV_OK);
        check_file("a", data, sizes[i]);
        size_t half = sizes[i] / 2;
        fv_piece pieces[] = {{data, half}, {NULL, 0}, {data + half, sizes[i] - half}};
        assert_int_equal(fv__file_write_pieces(&ctx, "a", pieces, 3), FV_OK);
        check_file("a", data, sizes[i]);
        free(data);
    }
    assert_int_equal(count_entries("."), 1);
    assert_int_equal(fv__file_write(&ctx, "log", "one\ntwo\n", 8), FV_OK);
    assert_int_equal(fv__file_rename(&ctx, "log", "a"), FV_OK);
    check_file("a", "one\ntwo\n", 8);
    assert_int_equal(fv__file_remove(&ctx, "a"), FV_OK);
    assert_int_equal(count_entries("."), 0);
}

static void test_read_refusals(void **state) {
    (void)state;
    fv_context ctx = {0};
    fv_bytes b;
    assert_int_equal(fv__file_read(&ctx, "none", 0, &b), FV_BAD_INPUT);
    assert_string_equal(ctx.message, "cannot read none: it does not exist");
    assert_int_equal(fv__file_read(&ctx, ".", 0, &b), FV_BAD_INPUT);
    assert_string_equal(ctx.message, "cannot read .: it is a folder");
    assert_int_equal(fv__file_write(&ctx, "ten", "0123456789", 10), FV_OK);
    assert_int_equal(fv__file_read(&ctx, "ten", 9, &b), FV_BAD_INPUT);
    assert_string_equal(ctx.message, "ten is too large: more than 9 bytes");
    assert_null(b.data);
    assert_int_equal(fv__file_read(&ctx, "ten", 10, &b), FV_OK);
    fv__file_release(&b);
    assert_int_equal(fv__file_read(&ctx, "ten/more", 0, &b), FV_BAD_INPUT);
    assert_string_equal(ctx.message, "cannot read ten/more: a part of this path is not a folder");
    /* what says no size beforehand is limited too */
    if (access("/dev/zero", R_OK) == 0) {
        assert_int_equal(fv__file_read(&ctx, "/dev/zero", 1000000, &b), FV_BAD_INPUT);
    }
    char lengthy[5000];
    memset(lengthy, 'a', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    assert_int_equal(fv__file_read(&ctx, lengthy, 0, &b), FV_BAD_INPUT);
}

static void test_write_refusals(void **state) {
    (void)state;
    fv_context ctx = {0};
    assert_int_equal(fv__file_write(&ctx, "no/such/folder/a", "x", 1), FV_FAILED);
    assert_string_equal(ctx.message, "cannot write no/such/folder/a: its folder does not exist");
    assert_int_equal(fv__file_write(&ctx, ".", "x", 1), FV_FAILED);
    assert_int_equal(fv__file_write(&ctx, "", "x", 1), FV_FAILED);
    assert_int_equal(fv__file_rename(&ctx, "no", "a"), FV_FAILED);
    assert_int_equal(fv__file_remove(&ctx, "no"), FV_FAILED);
    if (geteuid() != 0) { /* root may write anywhere */
        assert_int_equal(mkdir("locked", 0555), 0);
        assert_int_equal(fv__file_write(&ctx, "locked/a", "x", 1), FV_FAILED);
        assert_string_equal(ctx.message, "cannot write locked/a: no permission");
    }
    /* a folder in the way of the temporary */
    assert_int_equal(mkdir("b.tmp", 0777), 0);
    assert_int_equal(fv__file_write(&ctx, "b", "x", 1), FV_FAILED);
    assert_false(fv__file_exists("b"));
}

/* What is no plain file is written into, not replaced by one. Links stand for the devices, so that
   a mistake here cannot cost a machine its /dev/null. */
static void test_devices(void **state) {
    (void)state;
    fv_context ctx = {0};
    struct stat st;
    char back[8] = {0};
    assert_int_equal(mkfifo("pipe", 0666), 0);
    int fd = open("pipe", O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(fv__file_write(&ctx, "pipe", "water", 5), FV_OK);
    assert_int_equal(read(fd, back, sizeof back), 5);
    assert_string_equal(back, "water");
    close(fd);
    assert_int_equal(stat("pipe", &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(symlink("/dev/null", "null"), 0);
    assert_int_equal(fv__file_write(&ctx, "null", "x", 1), FV_OK);
    assert_int_equal(lstat("null", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(symlink("/dev/full", "full"), 0);
        assert_int_equal(fv__file_write(&ctx, "full", "x", 1), FV_EXHAUSTED);
        assert_non_null(strstr(ctx.message, "the disk is full"));
    }
}

static void test_modes(void **state) {
    (void)state;
    fv_context ctx = {0};
    struct stat st;
    mode_t old = umask(027);
    assert_int_equal(fv__file_write(&ctx, "a", "x", 1), FV_OK);
    assert_int_equal(stat("a", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(chmod("a", 0604), 0);
    assert_int_equal(fv__file_write(&ctx, "a", "y", 1), FV_OK);
    assert_int_equal(stat("a", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0604);
    umask(old);
}

/* What a killed program left behind is taken over, whatever it holds. */
static void test_leftover(void **state) {
    (void)state;
    fv_context ctx = {0};
    FILE *f = fopen("a.tmp", "w");
    for (int i = 0; i < 10000; i++) fputs("leftover", f);
    fclose(f);
    assert_int_equal(fv__file_write(&ctx, "a", "new", 3), FV_OK);
    check_file("a", "new", 3);
    assert_int_equal(count_entries("."), 1);
}

/* Several programs write one file at once, again and again; a reader sees one of their versions,
   whole, every time. */
static void test_writers_at_once(void **state) {
    (void)state;
    enum { WRITERS = 3, ROUNDS = 60, SIZE = 70000 };
    fv_context ctx = {0};
    char *data = malloc(SIZE);
    memset(data, 'A', SIZE);
    assert_int_equal(fv__file_write(&ctx, "a", data, SIZE), FV_OK);
    for (int w = 0; w < WRITERS; w++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            int bad = 0;
            memset(data, 'A' + w, SIZE);
            for (int i = 0; i < ROUNDS; i++) {
                bad |= fv__file_write(&ctx, "a", data, SIZE - (size_t)w) != FV_OK;
            }
            _exit(bad);
        }
    }
    int running = WRITERS, bad = 0;
    while (running > 0) {
        fv_bytes b;
        assert_int_equal(fv__file_read(&ctx, "a", 0, &b), FV_OK);
        assert_in_range(b.data[0], 'A', 'A' + WRITERS - 1);
        assert_int_equal(b.size, SIZE - (size_t)(b.data[0] - 'A'));
        for (size_t i = 1; i < b.size; i++) bad += b.data[i] != b.data[0];
        fv__file_release(&b);
        int status;
        if (waitpid(-1, &status, WNOHANG) > 0) {
            running--;
            bad += status != 0;
        }
    }
    assert_int_equal(bad, 0);
    assert_int_equal(count_entries("."), 1);
    free(data);
}

/* A disk of 64 KB, which only root can make; elsewhere /dev/full has to do. */
static void test_full_disk(void **state) {
    (void)state;
#if defined(__linux__)
    fv_context ctx = {0};
    assert_int_equal(mkdir("small", 0777), 0);
    if (geteuid() != 0 || mount("tmpfs", "small", "tmpfs", 0, "size=65536") != 0) {
        print_message("SKIP: no small disk could be made here\n");
        return;
    }
    char *data = calloc(1, 100000);
    fv_status first = fv__file_write(&ctx, "small/a", data, 20000);
    fv_status second = fv__file_write(&ctx, "small/a", data, 100000);
    bool said = strstr(ctx.message, "the disk is full") != NULL;
    int entries = count_entries("small");
    struct stat st;
    bool there = stat("small/a", &st) == 0;
    umount("small");
    free(data);
    assert_int_equal(first, FV_OK);
    assert_int_equal(second, FV_EXHAUSTED);
    assert_true(said);
    assert_int_equal(entries, 1);
    assert_true(there && st.st_size == 20000);
#else
    print_message("SKIP: no small disk could be made here\n");
#endif
}

static void test_folders(void **state) {
    (void)state;
    fv_context ctx = {0};
    assert_int_equal(fv__folder_make(&ctx, "x/y//z/"), FV_OK);
    assert_true(fv__folder_exists("x/y/z"));
    assert_false(fv__file_exists("x/y/z"));
    assert_int_equal(fv__folder_make(&ctx, "x/y/z"), FV_OK);
    assert_int_equal(fv__folder_make(&ctx, "/"), FV_OK);
    assert_int_equal(fv__folder_make(&ctx, ""), FV_FAILED);
    assert_int_equal(fv__file_write(&ctx, "x/file", "1", 1), FV_OK);
    assert_true(fv__file_exists("x/file"));
    assert_false(fv__folder_exists("x/file"));
    assert_int_equal(fv__folder_make(&ctx, "x/file"), FV_FAILED);
    assert_string_equal(ctx.message, "cannot make the folder x/file: a file of that name is there");
    assert_int_equal(fv__folder_make(&ctx, "x/file/deeper"), FV_FAILED);
}

static void test_checksums(void **state) {
    (void)state;
    static const char nine[] = "123456789";
    assert_int_equal(fv__crc32(0, nine, 9), 0xcbf43926u); /* the check value of CRC-32 */
    assert_int_equal(fv__crc32(0, "", 0), 0);
    assert_true(fv__fnv64(FV_FNV_START, "a", 1) == 0xaf63dc4c8601ec8cu); /* FNV's test vectors */
    assert_true(fv__fnv64(FV_FNV_START, "foobar", 6) == 0x85944171f73967e8u);
    /* in pieces of any length, by tables or bit by bit: the same */
    unsigned char data[5000];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * i >> 4);
    uint32_t whole = fv__crc32(0, data, sizeof data);
    for (size_t step = 1; step < sizeof data; step += 333) {
        uint32_t crc = 0;
        for (size_t i = 0; i < sizeof data; i += step) {
            crc = fv__crc32(crc, data + i, sizeof data - i < step ? sizeof data - i : step);
        }
        assert_int_equal(crc, whole);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_write_read),      IN_FOLDER(test_read_refusals),
        IN_FOLDER(test_write_refusals),  IN_FOLDER(test_devices),
        IN_FOLDER(test_modes),           IN_FOLDER(test_leftover),
        IN_FOLDER(test_writers_at_once), IN_FOLDER(test_full_disk),
        IN_FOLDER(test_folders),         cmocka_unit_test(test_checksums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
