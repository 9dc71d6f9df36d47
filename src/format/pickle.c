/* SPDX-License-Identifier: MIT */
/*
 * pickle.c - the machine that a pickle is a program for, as far as tensors need it.
 *
 * A pickle (Python's pickletools.py describes all operations) pushes values on a stack, puts the
 * upper ones together, and keeps some in a memo to push them again. Operations are one byte, with
 * their arguments behind it. Each is a function here and a row in the table below.
 */
#include "format/pickle.h"
#include <string.h>

#define MARKED (-1) /* as many values as lie above the last mark */

typedef struct machine {
    fv_context *ctx;
    fv_arena *arena;
    const uint8_t *data;
    size_t size, at;
    const fv_pickle_global *allowed;
    fv_pickle_value *stack, *memo;
    size_t depth, stack_capacity, memo_count, memo_capacity;
    size_t spent; /* of FV_PICKLE_MEMORY */
    fv_pickle_list *persistent;
    bool stopped;
} machine;

static fv_status bad(machine *m, const char *what) {
    return fv__fail(m->ctx, FV_BAD_INPUT, "byte %zu of its pickle: %s", m->at, what);
}

/* The next n bytes. */
static fv_status take(machine *m, size_t n, const uint8_t **out) {
    if (n > m->size - m->at) return bad(m, "the pickle ends early: the file is cut short");
    *out = m->data + m->at;
    m->at += n;
    return FV_OK;
}

/* The next n bytes as a number, the lowest first. */
static fv_status take_number(machine *m, size_t n, uint64_t *out) {
    const uint8_t *p = NULL;
    FV_TRY(take(m, n, &p));
    *out = 0;
    for (size_t i = n; i-- > 0;) *out = *out << 8 | p[i];
    return FV_OK;
}

/* ------------------------------------------------------------------------- values, the stack ---
 */

static fv_status push(machine *m, fv_pickle_value value) {
    if (m->depth >= FV_PICKLE_STACK) return bad(m, "too many values wait to be put together");
    FV_TRY(fv__grow(m->ctx, (void **)&m->stack, &m->stack_capacity, m->depth + 1, sizeof *m->stack,
                    "a pickle"));
    m->stack[m->depth++] = value;
    return FV_OK;
}

static fv_status pop(machine *m, fv_pickle_value *out) {
    if (!m->depth || m->stack[m->depth - 1].kind == FV_PICKLE_MARK)
        return bad(m, "an operation finds no value to work on");
    *out = m->stack[--m->depth];
    return FV_OK;
}

/* Memory within the budget. */
static fv_status spend(machine *m, size_t bytes, void **out) {
    if (bytes > FV_PICKLE_MEMORY - m->spent)
        return bad(m, "it describes more than Fovea takes memory for (64 MB)");
    m->spent += bytes;
    *out = fv__arena_alloc(m->arena, bytes);
    return *out ? FV_OK : FV_EXHAUSTED;
}

static fv_status add(machine *m, fv_pickle_list *list, const fv_pickle_value *items, size_t n) {
    if (n > list->capacity - list->count) {
        const size_t twice = 2 * list->capacity;
        const size_t capacity = list->count + n > twice ? list->count + n : twice;
        void *grown = NULL;
        FV_TRY(spend(m, capacity * sizeof *items, &grown));
        if (!grown) return FV_EXHAUSTED;
        if (list->count) memcpy(grown, list->items, list->count * sizeof *items);
        list->items = grown, list->capacity = capacity;
    }
    if (n) memcpy(list->items + list->count, items, n * sizeof *items);
    list->count += n;
    return FV_OK;
}

/* A tuple, list … of n values. */
static fv_status make(machine *m, fv_pickle_kind kind, const fv_pickle_value *items, size_t n,
                      fv_pickle_value *out) {
    void *list = NULL;
    FV_TRY(spend(m, sizeof(fv_pickle_list), &list));
    *out = (fv_pickle_value){.kind = kind, .list = list};
    return add(m, out->list, items, n);
}

/* How many values an operation puts together: n, or those above the last mark, which goes too. */
static fv_status count(machine *m, int n, size_t *values, size_t *marks) {
    const size_t most = n == MARKED ? m->depth : (size_t)n;
    *marks = n == MARKED;
    for (*values = 0; *values < most; ++*values) {
        if (*values == m->depth) break;
        if (m->stack[m->depth - 1 - *values].kind == FV_PICKLE_MARK) break;
    }
    if (n == MARKED ? *values < m->depth : *values == most) return FV_OK;
    return bad(m, "an operation finds too few values, or no mark where they begin");
}

static fv_status put_together(machine *m, fv_pickle_kind kind, int n) {
    fv_pickle_value made;
    size_t values, marks;
    FV_TRY(count(m, n, &values, &marks));
    FV_TRY(make(m, kind, values ? m->stack + m->depth - values : NULL, values, &made));
    m->depth -= values + marks;
    return push(m, made);
}

/* The upper values go into the list or dictionary below them. */
static fv_status put_into(machine *m, fv_pickle_kind kind, int n) {
    size_t values, marks;
    FV_TRY(count(m, n, &values, &marks));
    const size_t above = values + marks;
    if (m->depth <= above || m->stack[m->depth - 1 - above].kind != kind ||
        (kind == FV_PICKLE_DICT && values % 2))
        return bad(m, "values are put into what cannot hold them");
    FV_TRY(add(m, m->stack[m->depth - 1 - above].list, m->stack + m->depth - values, values));
    m->depth -= above;
    return FV_OK;
}

/* ----------------------------------------------------------------------------- operations --- */

static fv_status protocol(machine *m, int bytes) {
    uint64_t version;
    FV_TRY(take_number(m, (size_t)bytes, &version));
    if (version == 2) return FV_OK;
    return fv__fail(m->ctx, FV_BAD_INPUT,
                    "a pickle of protocol %d; PyTorch writes 2 unless it is told otherwise: save "
                    "it again with pickle_protocol=2",
                    (int)version);
}

/* None, True, False, and the mark where the values of what is to be put together begin. */
static fv_status constant(machine *m, int which) {
    static const fv_pickle_value constants[] = {{.kind = FV_PICKLE_NONE},
                                                {.kind = FV_PICKLE_BOOL, .whole = 1},
                                                {.kind = FV_PICKLE_BOOL, .whole = 0},
                                                {.kind = FV_PICKLE_MARK}};
    return push(m, constants[which]);
}

static fv_status whole(machine *m, int bytes) {
    uint64_t v;
    FV_TRY(take_number(m, (size_t)bytes, &v));
    return push(m, (fv_pickle_value){.kind = FV_PICKLE_INT, .whole = (int64_t)v});
}

/* The same with a sign: the highest bit says that those above it are ones too. */
static fv_status signed_whole(machine *m, int bytes) {
    uint64_t v;
    FV_TRY(take_number(m, (size_t)bytes, &v));
    if (bytes && bytes < 8 && v >> (8 * bytes - 1)) v |= ~(uint64_t)0 << (8 * bytes);
    return push(m, (fv_pickle_value){.kind = FV_PICKLE_INT, .whole = (int64_t)v});
}

static fv_status long_whole(machine *m, int length_bytes) {
    uint64_t n;
    FV_TRY(take_number(m, (size_t)length_bytes, &n));
    return n > 8 ? bad(m, "a whole number of more than 64 bits") : signed_whole(m, (int)n);
}

static fv_status real(machine *m, int bytes) { /* the highest byte first */
    const uint8_t *p = NULL;
    uint64_t bits = 0;
    fv_pickle_value v = {.kind = FV_PICKLE_REAL};
    FV_TRY(take(m, (size_t)bytes, &p));
    for (int i = 0; i < bytes; i++) bits = bits << 8 | p[i];
    memcpy(&v.real, &bits, sizeof bits);
    return push(m, v);
}

static fv_status text(machine *m, int length_bytes) {
    const uint8_t *p = NULL;
    uint64_t n;
    FV_TRY(take_number(m, (size_t)length_bytes, &n));
    FV_TRY(take(m, (size_t)n, &p));
    return push(m, (fv_pickle_value){
                       .kind = FV_PICKLE_TEXT, .length = (uint32_t)n, .text = (const char *)p});
}

static fv_status tuple(machine *m, int n) {
    return put_together(m, FV_PICKLE_TUPLE, n);
}
static fv_status list(machine *m, int n) {
    return put_together(m, FV_PICKLE_LIST, n);
}
static fv_status dict(machine *m, int n) {
    return put_together(m, FV_PICKLE_DICT, n);
}
static fv_status into_list(machine *m, int n) {
    return put_into(m, FV_PICKLE_LIST, n);
}
static fv_status into_dict(machine *m, int n) {
    return put_into(m, FV_PICKLE_DICT, n);
}

static fv_status put(machine *m, int bytes) {
    uint64_t i;
    FV_TRY(take_number(m, (size_t)bytes, &i));
    if (!m->depth) return bad(m, "nothing is there to be remembered");
    /* every writer counts them, from 0 or 1 */
    if (i > m->memo_count + 1 || i >= FV_PICKLE_MEMO)
        return bad(m, "a number of the memo that is out of range");
    FV_TRY(fv__grow(m->ctx, (void **)&m->memo, &m->memo_capacity, (size_t)i + 1, sizeof *m->memo,
                    "a pickle"));
    while (m->memo_count <= i) m->memo[m->memo_count++] = (fv_pickle_value){.kind = FV_PICKLE_MARK};
    m->memo[i] = m->stack[m->depth - 1];
    return FV_OK;
}

static fv_status get(machine *m, int bytes) {
    uint64_t i;
    FV_TRY(take_number(m, (size_t)bytes, &i));
    if (i >= m->memo_count || m->memo[i].kind == FV_PICKLE_MARK)
        return bad(m, "a number of the memo under which nothing is kept");
    return push(m, m->memo[i]);
}

/* The text up to the end of the line. */
static fv_status take_line(machine *m, const char **text, size_t *length) {
    const uint8_t *p = m->data + m->at, *end = memchr(p, '\n', m->size - m->at);
    if (!end) return bad(m, "the pickle ends early: the file is cut short");
    *text = (const char *)p;
    *length = (size_t)(end - p);
    m->at += *length + 1;
    return FV_OK;
}

static bool same(const char *name, const char *text, size_t length) {
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

/* A name: a line for the module, a line within it. */
static fv_status global(machine *m, int lines) {
    (void)lines;
    const char *module, *name;
    size_t module_length, name_length;
    FV_TRY(take_line(m, &module, &module_length));
    FV_TRY(take_line(m, &name, &name_length));
    for (const fv_pickle_global *g = m->allowed; g->name; g++)
        if (same(g->module, module, module_length) && same(g->name, name, name_length))
            return push(m, (fv_pickle_value){.kind = FV_PICKLE_GLOBAL, .global = g});
    return fv__fail(m->ctx, FV_BAD_INPUT,
                    "this file wants to run %.*s.%.*s; Fovea reads tensors only and runs nothing. "
                    "In PyTorch, save the state dictionary alone: torch.save(model.state_dict(), "
                    "FILE)",
                    module_length < 100 ? (int)module_length : 100, module,
                    name_length < 100 ? (int)name_length : 100, name);
}

/* A dictionary from what it is called with: nothing, or one list of pairs. */
static fv_status fill_dict(machine *m, fv_pickle_list *dict, const fv_pickle_list *arguments) {
    const fv_pickle_value *pairs = arguments->items;
    if (!arguments->count) return FV_OK;
    if (arguments->count != 1 || (pairs->kind != FV_PICKLE_LIST && pairs->kind != FV_PICKLE_TUPLE))
        return bad(m, "a dictionary is made of what is no list of pairs");
    for (size_t i = 0; i < pairs->list->count; i++) {
        const fv_pickle_value *pair = &pairs->list->items[i];
        if ((pair->kind != FV_PICKLE_LIST && pair->kind != FV_PICKLE_TUPLE) ||
            pair->list->count != 2)
            return bad(m, "a dictionary is made of what is no list of pairs");
        FV_TRY(add(m, dict, pair->list->items, 2));
    }
    return FV_OK;
}

/* A call: written down, not made. */
static fv_status call(machine *m, int values) {
    (void)values;
    fv_pickle_value what, arguments, made;
    FV_TRY(pop(m, &arguments));
    FV_TRY(pop(m, &what));
    if (what.kind != FV_PICKLE_GLOBAL || arguments.kind != FV_PICKLE_TUPLE)
        return bad(m, "a call of what is no name");
    if (what.global->dict) {
        FV_TRY(make(m, FV_PICKLE_DICT, NULL, 0, &made));
        FV_TRY(fill_dict(m, made.list, arguments.list));
    } else {
        FV_TRY(make(m, FV_PICKLE_CALL, arguments.list->items, arguments.list->count, &made));
        made.list->global = what.global;
    }
    return push(m, made);
}

/* An object is given its attributes: nothing of them is wanted. */
static fv_status build(machine *m, int values) {
    (void)values;
    fv_pickle_value state;
    FV_TRY(pop(m, &state));
    if (!m->depth || (m->stack[m->depth - 1].kind != FV_PICKLE_DICT &&
                      m->stack[m->depth - 1].kind != FV_PICKLE_CALL))
        return bad(m, "attributes are given to what has none");
    return FV_OK;
}

static fv_status persistent(machine *m, int values) {
    FV_TRY(put_together(m, FV_PICKLE_PERSISTENT, values));
    fv_pickle_list *made = m->stack[m->depth - 1].list;
    made->next = m->persistent;
    m->persistent = made;
    return FV_OK;
}

static fv_status stop(machine *m, int values) {
    (void)values;
    m->stopped = true;
    return FV_OK;
}

/* Code, function and its argument: bytes that follow, or values from the stack. */
static const struct {
    uint8_t code;
    fv_status (*run)(machine *m, int n);
    int n;
} operations[] = {{0x80, protocol, 1},
                  {'N', constant, 0},
                  {0x88, constant, 1},
                  {0x89, constant, 2},
                  {'(', constant, 3},
                  {'K', whole, 1},
                  {'M', whole, 2},
                  {'J', signed_whole, 4},
                  {'G', real, 8},
                  {'X', text, 4},
                  {'U', text, 1},
                  {'T', text, 4},
                  {')', tuple, 0},
                  {0x85, tuple, 1},
                  {0x86, tuple, 2},
                  {0x87, tuple, 3},
                  {'t', tuple, MARKED},
                  {']', list, 0},
                  {'a', into_list, 1},
                  {'e', into_list, MARKED},
                  {'}', dict, 0},
                  {'s', into_dict, 2},
                  {'u', into_dict, MARKED},
                  {0x8a, long_whole, 1},
                  {'q', put, 1},
                  {'r', put, 4},
                  {'h', get, 1},
                  {'j', get, 4},
                  {'c', global, 2},
                  {'R', call, 2},
                  {0x81, call, 2},
                  {'b', build, 1},
                  {'Q', persistent, 1},
                  {'.', stop, 1}};

static fv_status step(machine *m) {
    const uint8_t *code = NULL;
    FV_TRY(take(m, 1, &code));
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (operations[i].code == *code) return operations[i].run(m, operations[i].n);
    m->at--;
    return fv__fail(m->ctx, FV_BAD_INPUT,
                    "byte %zu of its pickle is an operation (0x%02x) that no dictionary of tensors "
                    "needs; Fovea reads tensors only and runs nothing",
                    m->at, *code);
}

static fv_status finish(machine *m, fv_pickle *out) {
    *out = (fv_pickle){.persistent = m->persistent, .size = m->at};
    FV_TRY(pop(m, &out->value));
    return m->depth ? bad(m, "values are left over at its end") : FV_OK;
}

fv_status fv__pickle_read(fv_context *ctx, fv_arena *arena, const uint8_t *data, size_t size,
                          const fv_pickle_global *allowed, fv_pickle *out) {
    machine m = {.ctx = ctx, .arena = arena, .data = data, .size = size, .allowed = allowed};
    fv_status status = FV_OK;
    while (status == FV_OK && !m.stopped) status = step(&m);
    if (status == FV_OK) status = finish(&m, out);
    fv__free(m.stack);
    fv__free(m.memo);
    return status;
}

bool fv__pickle_is(const fv_pickle_value *value, const char *text) {
    return value->kind == FV_PICKLE_TEXT && same(text, value->text, value->length);
}

const fv_pickle_value *fv__pickle_get(const fv_pickle_value *dict, const char *key) {
    if (dict->kind != FV_PICKLE_DICT) return NULL;
    for (size_t i = 0; i + 1 < dict->list->count; i += 2)
        if (fv__pickle_is(&dict->list->items[i], key)) return &dict->list->items[i + 1];
    return NULL;
}
