/* SPDX-License-Identifier: MIT */
/*
 * args.c - argv into words, key=value and --flags, with "did you mean".
 *
 * A word with a name and '=' at its start is a setting; one that begins with "--" is a flag, whose
 * value follows as the next word or after '='. After a lone "--" everything is a word. Words, keys
 * and flags may stand in any order, the verb first.
 *
 * Names of files may look like either, "lr=0.1.pgm" or "-5.png". Where the command still takes a
 * word and a file of that very name is there, it is meant.
 */
#include "cli/cli.h"
#include <ctype.h>
#include <string.h>

#define CANDIDATES 128

static const fv_cli_flag *find_in(const fv_cli_flag *flags, const char *name, size_t length) {
    for (; flags && flags->name; flags++)
        if (strlen(flags->name) == length && memcmp(flags->name, name, length) == 0) return flags;
    return NULL;
}

/* The flag of that name: the command's own first, then the common ones. */
static const fv_cli_flag *find_flag(const fv_cli *cli, const char *name, size_t length) {
    const fv_cli_flag *own = cli->command ? cli->command->flags : NULL;
    const fv_cli_flag *flag = find_in(own, name, length);
    return flag ? flag : find_in(fv__cli_common_flags, name, length);
}

static fv_status unknown_flag(fv_cli *cli, const char *word) {
    const char *names[CANDIDATES];
    size_t count = 0;
    const fv_cli_flag *own = cli->command ? cli->command->flags : NULL;
    for (; own && own->name && count < CANDIDATES; own++) names[count++] = own->name;
    for (const fv_cli_flag *f = fv__cli_common_flags; f->name && count < CANDIDATES; f++)
        names[count++] = f->name;
    char name[FV_WORD_MAX];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *near = fv__nearest(name, names, count);
    const char *verb = cli->command ? cli->command->name : NULL;
    if (near)
        return fv__fail(cli->ctx, FV_USAGE, "%s%sunknown flag --%s; did you mean --%s?",
                        verb ? verb : "", verb ? ": " : "", name, near);
    const bool key = cli->command && fv__field_find(cli->command->keys, name);
    if (key || fv__cli_is_recipe(name))
        return fv__fail(cli->ctx, FV_USAGE, "unknown flag --%s; it is a setting: %s=VALUE", name,
                        name);
    return fv__fail(cli->ctx, FV_USAGE, "%s%sunknown flag --%s; `fovea %s%s--help` lists them",
                    verb ? verb : "", verb ? ": " : "", name, verb ? verb : "", verb ? " " : "");
}

/* Reads the flag in argv[*i]; moves *i past a value of its own. */
static fv_status take_flag(fv_cli *cli, int *i) {
    const char *word = cli->argv[*i];
    if (strcmp(word, "-h") == 0) word = "--help";
    if (strcmp(word, "-q") == 0) word = "--quiet";
    if (word[1] != '-')
        return fv__fail(cli->ctx, FV_USAGE,
                        "unknown flag %s; flags are written out, as --json or --quiet", word);
    const char *name = word + 2;
    const size_t length = strcspn(name, "=");
    const fv_cli_flag *flag = find_flag(cli, name, length);
    if (!flag) return unknown_flag(cli, word);
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (!flag->value && value)
        return fv__fail(cli->ctx, FV_USAGE, "--%s takes no value, but was given '%s'", flag->name,
                        value);
    if (flag->value && !value) {
        if (*i + 1 >= cli->argc)
            return fv__fail(cli->ctx, FV_USAGE, "--%s needs a value: --%s %s", flag->name,
                            flag->name, flag->value);
        value = cli->argv[++*i];
    }
    if (flag->value && !*value)
        return fv__fail(cli->ctx, FV_USAGE, "--%s was given an empty value; write --%s %s",
                        flag->name, flag->name, flag->value);
    cli->given[cli->given_count++] = (fv_cli_given){flag, value};
    return FV_OK;
}

/* Length of the name before '=' when the word is a setting, otherwise 0. */
static size_t setting_name(const char *word) {
    size_t n = 0;
    if (!isalpha((unsigned char)word[0])) return 0;
    while (isalnum((unsigned char)word[n]) || word[n] == '_' || word[n] == '-') n++;
    return word[n] == '=' ? n : 0;
}

/* Whether the word is the name of a file that is there, and the command takes one more. */
static bool is_file(const fv_cli *cli, const char *word) {
    const fv_command *c = cli->command;
    return c && (c->words_max < 0 || cli->word_count < c->words_max) && fv__file_exists(word);
}

/* Whether the word is a flag that is known here. */
static bool is_flag(const fv_cli *cli, const char *word) {
    if (strcmp(word, "-h") == 0 || strcmp(word, "-q") == 0) return true;
    return word[1] == '-' && find_flag(cli, word + 2, strcspn(word + 2, "=")) != NULL;
}

static fv_status unknown_key(fv_cli *cli, const char *name) {
    const fv_command *c = cli->command;
    const char *near = c->keys ? fv__field_nearest(c->keys, name) : NULL;
    if (!near && c->takes & FV_CLI_RECIPE) FV_TRY(fv__cli_recipe_nearest(cli, name, &near));
    if (near)
        return fv__fail(cli->ctx, FV_USAGE, "%s: unknown setting '%s'; did you mean '%s'?", c->name,
                        name, near);
    if (find_flag(cli, name, strlen(name)))
        return fv__fail(cli->ctx, FV_USAGE, "%s: unknown setting '%s'; it is a flag: --%s", c->name,
                        name, name);
    return fv__fail(cli->ctx, FV_USAGE, "%s: unknown setting '%s'; `fovea %s --help` lists them",
                    c->name, name, c->name);
}

static const char *const ways[] = {"auto", "name", "order", "keras", NULL}; /* as in fv_match */
const fv_field fv__cli_match_key[] = {
    {"match",
     "how its tensors find their place: by name or else by order (auto), one alone, or as Keras "
     "has them",
     FV_CHOICE, 0, "auto", 0, 0, 0, ways, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

/* Whether a setting says which weights, and how they are read. */
static bool take_weights(fv_cli *cli, const char *name, const char *value, fv_status *status) {
    *status = FV_OK;
    if (strcmp(name, "weights") == 0)
        cli->weights = value;
    else if (strcmp(name, "map") == 0)
        cli->map = value;
    else if (strcmp(name, fv__cli_match_key->name) == 0)
        *status = fv__field_set_text(cli->ctx, fv__cli_match_key, &cli->match, value);
    else
        return false;
    return true;
}

/* The setting in argv[i], whose name has `length` characters. */
static fv_status take_setting(fv_cli *cli, int i, size_t length) {
    const fv_command *c = cli->command;
    char *name = fv__arena_textn(&cli->arena, cli->argv[i], length);
    if (!name) return FV_EXHAUSTED;
    const char *value = cli->argv[i] + length + 1;
    fv_status status;
    for (int k = 1; k < i; k++)
        if (strncmp(cli->argv[k], cli->argv[i], length + 1) == 0)
            return fv__fail(cli->ctx, FV_USAGE, "%s is given twice: %s and %s", name,
                            cli->argv[k] + length + 1, value);
    const fv_field *own = c->keys ? fv__field_find(c->keys, name) : NULL;
    if (own) return fv__field_set_text(cli->ctx, own, cli->keys, value);
    if (c->takes & FV_CLI_WEIGHTS && take_weights(cli, name, value, &status)) return status;
    if (c->takes & FV_CLI_DATA && strcmp(name, "data") == 0) {
        cli->data = value;
        return FV_OK;
    }
    if (c->takes & FV_CLI_INPUT && strcmp(name, "input") == 0) {
        cli->input = value;
        return FV_OK;
    }
    double number;
    if (c->takes & FV_CLI_CLASSES && strcmp(name, "classes") == 0 &&
        !fv__parse_real(value, &number)) {
        cli->classes = value;
        return FV_OK;
    }
    const bool recipe = c->takes & (FV_CLI_RECIPE | FV_CLI_DATA) && fv__cli_is_recipe(name);
    /* parameters of a network are checked when its text has been read */
    if (!recipe && !(c->takes & (FV_CLI_NET | FV_CLI_ANY))) return unknown_key(cli, name);
    cli->settings[cli->setting_count++] = (fv_setting){name, value};
    return FV_OK;
}

static fv_status find_command(fv_cli *cli, const char *word) {
    cli->command = fv__command_find(word);
    if (cli->command) return FV_OK;
    const char *names[CANDIDATES];
    size_t count = 0;
    for (; fv__commands[count] && count < CANDIDATES; count++)
        names[count] = fv__commands[count]->name;
    const char *near = fv__nearest(word, names, count);
    if (near)
        return fv__fail(cli->ctx, FV_USAGE, "unknown command '%s'; did you mean '%s'?", word, near);
    if (fv_zoo_find(word))
        return fv__fail(cli->ctx, FV_USAGE,
                        "'%s' is a network; say what to do with it: fovea explain %s", word, word);
    return fv__fail(cli->ctx, FV_USAGE, "unknown command '%s'; `fovea help` lists them", word);
}

static fv_status check_count(fv_cli *cli) {
    const fv_command *c = cli->command;
    if (cli->word_count < c->words_min)
        return fv__fail(cli->ctx, FV_USAGE, "%s needs more: fovea %s %s", c->name, c->name,
                        c->synopsis);
    if (c->words_max >= 0 && cli->word_count > c->words_max)
        return fv__fail(cli->ctx, FV_USAGE, "%s does not know what to do with '%s': fovea %s %s",
                        c->name, cli->words[c->words_max], c->name, c->synopsis);
    return FV_OK;
}

/* What the common flags say. */
static fv_status take_common(fv_cli *cli) {
    int64_t threads = 0;
    cli->json = fv__cli_has(cli, "json");
    cli->quiet = fv__cli_has(cli, "quiet");
    cli->help = fv__cli_has(cli, "help");
    FV_TRY(fv__cli_whole(cli, "threads", 1, 1024, &threads));
    cli->threads = (int)threads;
    cli->isa = fv__cli_value(cli, "isa");
    cli->precision = fv__cli_value(cli, "precision");
    return FV_OK;
}

static fv_status make_room(fv_cli *cli) {
    const size_t n = (size_t)cli->argc;
    cli->words = fv__arena_alloc(&cli->arena, n * sizeof *cli->words);
    cli->settings = fv__arena_alloc(&cli->arena, n * sizeof *cli->settings);
    cli->given = fv__arena_alloc(&cli->arena, n * sizeof *cli->given);
    return cli->words && cli->settings && cli->given ? FV_OK : FV_EXHAUSTED;
}

static fv_status take_command(fv_cli *cli, const char *word) {
    FV_TRY(find_command(cli, word));
    if (!cli->command->keys) return FV_OK;
    cli->keys = fv__arena_alloc(&cli->arena, cli->command->keys_size);
    if (!cli->keys) return FV_EXHAUSTED;
    fv__field_defaults(cli->command->keys, cli->keys);
    return FV_OK;
}

/* argv[*i], which is no word for certain; moves *i past a value of its own. */
static fv_status take(fv_cli *cli, int *i) {
    const char *word = cli->argv[*i];
    const size_t name = setting_name(word);
    /* "-1,2,-1" is numbers: no flag begins with a digit */
    const bool dash = word[0] == '-' && word[1] && !isdigit((unsigned char)word[1]);
    if (!cli->command && strcmp(word, "--version") == 0) return take_command(cli, "version");
    if (dash && (is_flag(cli, word) || !is_file(cli, word))) return take_flag(cli, i);
    if (!cli->command) return take_command(cli, word);
    if (name && !is_file(cli, word)) return take_setting(cli, *i, name);
    cli->words[cli->word_count++] = word;
    return FV_OK;
}

fv_status fv__cli_parse(fv_cli *cli, int argc, char **argv) {
    bool words_only = false;
    cli->argc = argc;
    cli->argv = argv;
    FV_TRY(make_room(cli));
    for (int i = 1; i < argc; i++) {
        if (!words_only && strcmp(argv[i], "--") == 0)
            words_only = true;
        else if (words_only && cli->command)
            cli->words[cli->word_count++] = argv[i];
        else
            FV_TRY(take(cli, &i));
    }
    FV_TRY(take_common(cli));
    if (!cli->weights && (cli->map || cli->match))
        return fv__fail(cli->ctx, FV_USAGE, "%s says how weights=FILE is read; give that too",
                        cli->map ? "map=FILE" : "match=");
    return cli->command && !cli->help ? check_count(cli) : FV_OK;
}

bool fv__cli_has(const fv_cli *cli, const char *flag) {
    for (int i = 0; i < cli->given_count; i++)
        if (strcmp(cli->given[i].flag->name, flag) == 0) return true;
    return false;
}

const char *fv__cli_value(const fv_cli *cli, const char *flag) {
    const char *value = NULL; /* the last one counts */
    for (int i = 0; i < cli->given_count; i++)
        if (strcmp(cli->given[i].flag->name, flag) == 0) value = cli->given[i].value;
    return value;
}

fv_status fv__cli_whole(const fv_cli *cli, const char *flag, int64_t min, int64_t max,
                        int64_t *out) {
    const char *value = fv__cli_value(cli, flag);
    int64_t v;
    if (!value) return FV_OK;
    if (!fv__parse_int(value, &v) || v < min || v > max)
        return fv__fail(cli->ctx, FV_USAGE, "--%s is a whole number from %lld to %lld, not '%s'",
                        flag, (long long)min, (long long)max, value);
    *out = v;
    return FV_OK;
}
