/* SPDX-License-Identifier: MIT */
#include "harness/campaign/outcome.h"

#include <signal.h>
#include <string.h>

/* The words a cell may use itself. */
static const char *outcome_word(const char *word)
{
    static const char *const words[] = {"ok", "oom", "wrong_allocator",
                                        "unsupported", "saturated"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0)
            return words[i];
    }
    return NULL;
}

static struct hm_outcome outcome_exit(struct hm_pool *pool,
                                      const struct hm_launched *launched,
                                      struct hm_record *record)
{
    const char *said = launched->complaint[0] != '\0' ? ": " : "";
    const char *word;

    if (launched->code != 0) {
        return (struct hm_outcome){
            "crash", hm_pool_format(pool, "exit status %d%s%s", launched->code,
                                    said, launched->complaint)};
    }
    if (!hm_record_finish(record)) {
        return (struct hm_outcome){"crash",
                                   hm_pool_format(pool, "%s%s%s", record->error,
                                                  said, launched->complaint)};
    }
    word = outcome_word(record->status);
    if (word == NULL) {
        return (struct hm_outcome){
            "crash", hm_pool_format(pool, "its record has the status '%s'",
                                    record->status)};
    }
    return (struct hm_outcome){word, hm_pool_copy(pool, record->reason)};
}

/* A runtime whose heap is full may end the process and only say so: V8 does,
 * with SIGABRT. */
static struct hm_outcome outcome_signal(struct hm_pool *pool,
                                        const struct hm_launched *launched)
{
    static const char full[] = "heap out of memory";
    const char *name = sigabbrev_np(launched->code);
    const char *said = launched->complaint;

    if (launched->code == SIGABRT && strstr(said, full) != NULL)
        return (struct hm_outcome){"oom", full};
    return (struct hm_outcome){
        "crash", hm_pool_format(pool, "SIG%s%s%s", name != NULL ? name : "?",
                                said[0] != '\0' ? ": " : "", said)};
}

struct hm_outcome hm_outcome_of(struct hm_pool *pool,
                                const struct hm_launched *launched,
                                struct hm_record *record,
                                const struct hm_census *census,
                                const struct hm_strategy *strategy)
{
    const char *malloc_path = strategy->malloc_path, *differs;
    bool reference = strcmp(strategy->class_name, "reference") == 0;
    struct hm_outcome outcome;

    switch (launched->end) {
    case HM_END_INTERRUPTED:
    case HM_END_TIMEOUT:
        return (struct hm_outcome){"timeout", "killed: over the time limit"};
    case HM_END_OOM:
        return (struct hm_outcome){"oom", "killed: over the memory cap"};
    case HM_END_SIGNAL:
        return outcome_signal(pool, launched);
    case HM_END_EXIT:
        break;
    }
    outcome = outcome_exit(pool, launched, record);
    if (strcmp(outcome.status, "ok") != 0)
        return outcome;
    if (*malloc_path != '\0' && strcmp(record->malloc_path, malloc_path) != 0) {
        return (struct hm_outcome){
            "wrong_allocator",
            hm_pool_format(pool, "malloc came from %s", record->malloc_path)};
    }
    differs = hm_census_differs(pool, census, record, reference);
    if (differs != NULL)
        return (struct hm_outcome){"bad_checksum", differs};
    if (!record->has[HM_RECORD_wall_ns])
        return (struct hm_outcome){"crash", "its record has no wall_ns"};
    return outcome;
}
