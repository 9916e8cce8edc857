/* SPDX-License-Identifier: MIT */
#include "harness/analysis/claims.h"

#include "harness/analysis/stats.h"

#include <math.h>
#include <string.h>

/* What one strategy of a claim says to it. */
struct claim_part {
    enum hm_claim_verdict verdict;
    const char *why;
};

static bool claim_is_of(const struct hm_claim_row *row,
                        const struct hm_claim *claim, const char *strategy)
{
    return row->threads == claim->threads &&
           strcmp(row->workload, claim->workload) == 0 &&
           strcmp(row->strategy, strategy) == 0;
}

static bool claim_is_ok(const struct hm_claim_row *row)
{
    return strcmp(row->status, "ok") == 0;
}

/* A machine may lack the library, the memory or the speed; what crashes or
 * computes something else disagrees. */
static bool claim_is_excused(const struct hm_claim_row *row)
{
    return strcmp(row->status, "unsupported") == 0 ||
           strcmp(row->status, "oom") == 0 ||
           strcmp(row->status, "timeout") == 0;
}

/* What the row is compared with, of the same block; NULL without any. */
static const struct hm_claim_row *claim_against(
    const struct hm_claim_rows *rows, const struct hm_claim *claim,
    const struct hm_claim_row *row)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct hm_claim_row *other = &rows->row[i];

        if (other->block == row->block && claim_is_ok(other) &&
            claim_is_of(other, claim, claim->against))
            return other;
    }
    return NULL;
}

/* The value of a row that is ok, or its ratio to `against`; NaN where there is
 * none of that.  Returns why it has no value although it ought to: that
 * figure was renamed, or is lost; or NULL. */
static const char *claim_row_value(struct hm_pool *pool,
                                   const struct hm_claim_rows *rows,
                                   const struct hm_claim *claim,
                                   const struct hm_claim_row *row,
                                   double *value)
{
    const struct hm_claim_row *other;

    *value = row->value[claim->metric];
    if (!isfinite(*value))
        return "not measured";
    if (claim->against == NULL)
        return NULL;
    other = claim_against(rows, claim, row);
    if (other != NULL && !isfinite(other->value[claim->metric]))
        return hm_pool_format(pool, "that of %s not measured", claim->against);
    *value = other == NULL ? NAN : *value / other->value[claim->metric];
    return NULL;
}

/* "1.41", or "1.41 (1.38..1.52)" where blocks differ in what is printed. */
static const char *claim_numbers(struct hm_pool *pool,
                                 const struct hm_interval *range)
{
    const char *low = hm_pool_format(pool, "%.3g", range->low);
    const char *high = hm_pool_format(pool, "%.3g", range->high);

    if (strcmp(low, high) == 0)
        return low;
    return hm_pool_format(pool, "%.3g (%s..%s)", range->estimate, low, high);
}

static struct claim_part claim_measure(struct hm_pool *pool,
                                       const struct hm_claim *claim,
                                       const double *value, size_t n)
{
    struct hm_interval range;

    if (n == 0 || hm_stats_range(value, n, &range) != 0) {
        return (struct claim_part){HM_CLAIM_NOT_APPLICABLE,
                                   claim->against == NULL
                                       ? "not measured"
                                       : hm_pool_format(pool,
                                                        "nothing to compare "
                                                        "with of %s",
                                                        claim->against)};
    }
    return (struct claim_part){range.estimate >= claim->least &&
                                       range.estimate <= claim->most
                                   ? HM_CLAIM_HOLDS
                                   : HM_CLAIM_VIOLATED,
                               claim_numbers(pool, &range)};
}

static struct claim_part claim_failed(struct hm_pool *pool,
                                      const struct hm_claim_row *row)
{
    return (struct claim_part){
        claim_is_excused(row) ? HM_CLAIM_NOT_APPLICABLE : HM_CLAIM_VIOLATED,
        hm_pool_format(pool, "%s: %s", row->status, row->reason)};
}

/* `version`: what it must begin with. */
static struct claim_part claim_judge_part(struct hm_pool *pool,
                                          const struct hm_claim_rows *rows,
                                          const struct hm_claim *claim,
                                          const char *strategy,
                                          const char *version)
{
    double *value = hm_pool_alloc(pool, (rows->n + 1) * sizeof *value);
    size_t n = 0, seen = 0;
    const char *missing;

    for (size_t i = 0; i < rows->n; i++) {
        const struct hm_claim_row *row = &rows->row[i];

        if (!claim_is_of(row, claim, strategy))
            continue;
        if (!claim_is_ok(row))
            return claim_failed(pool, row);
        if (strncmp(row->version, version, strlen(version)) != 0) {
            return (struct claim_part){
                HM_CLAIM_NOT_APPLICABLE,
                hm_pool_format(pool, "said of versions %s*, not of %s", version,
                               row->version)};
        }
        seen++;
        missing = claim_row_value(pool, rows, claim, row, &value[n]);
        if (missing != NULL)
            return (struct claim_part){HM_CLAIM_VIOLATED, missing};
        n += isfinite(value[n]) ? 1 : 0;
    }
    if (seen == 0)
        return (struct claim_part){HM_CLAIM_NOT_APPLICABLE, "no run"};
    return claim_measure(pool, claim, value, n);
}

/* One strategy's verdict joins that of those before it. */
static void claim_join(struct hm_pool *pool, struct hm_claim_judged *judged,
                       const char *strategy, struct claim_part part)
{
    judged->why =
        hm_pool_format(pool, "%s%s%s %s", judged->why,
                       *judged->why != '\0' ? ", " : "", strategy, part.why);
    if (part.verdict == HM_CLAIM_VIOLATED ||
        judged->verdict == HM_CLAIM_NOT_APPLICABLE)
        judged->verdict = part.verdict;
}

struct hm_claim_judged hm_claim_judge(struct hm_pool *pool,
                                      const struct hm_claim_rows *rows,
                                      const struct hm_claim *claim)
{
    struct hm_claim_judged judged = {HM_CLAIM_NOT_APPLICABLE, ""};
    struct hm_words words = {NULL, 0};

    if (rows->cpus < claim->least_cpus) {
        judged.why =
            hm_pool_format(pool, "needs %u processors, this machine has %u",
                           claim->least_cpus, rows->cpus);
        return judged;
    }
    hm_words_split(pool, &words, claim->strategies);
    for (size_t i = 0; i < words.n; i++) {
        char *version = strchr(words.word[i], ':');

        if (version != NULL)
            *version++ = '\0';
        claim_join(pool, &judged, words.word[i],
                   claim_judge_part(pool, rows, claim, words.word[i],
                                    version != NULL ? version : ""));
    }
    return judged;
}

static const char *claim_bounds(struct hm_pool *pool,
                                const struct hm_claim *claim)
{
    if (isinf(claim->most))
        return hm_pool_format(pool, "at least %.6g", claim->least);
    if (claim->least <= 0 && claim->most > 0)
        return hm_pool_format(pool, "at most %.6g", claim->most);
    if (claim->least == claim->most)
        return hm_pool_format(pool, "%.6g", claim->least);
    return hm_pool_format(pool, "from %.6g to %.6g", claim->least, claim->most);
}

const char *hm_claim_text(struct hm_pool *pool, const struct hm_claim *claim)
{
    static const char *const name[] = {

#define CLAIM_NAME(name, top, less, bottom) #name,
        HM_CLAIM_METRICS(CLAIM_NAME)
#undef CLAIM_NAME
    };

    const char *text = claim->workload;

    if (claim->threads > 1)
        text = hm_pool_format(pool, "%s, %u threads", text, claim->threads);
    text = hm_pool_format(pool, "%s: %s", text, name[claim->metric]);
    if (claim->against != NULL)
        text = hm_pool_format(pool, "%s / that of %s", text, claim->against);
    return hm_pool_format(pool, "%s %s", text, claim_bounds(pool, claim));
}

void hm_claims_print(struct hm_pool *pool, const struct hm_claim_rows *rows,
                     const struct hm_claim *claims, FILE *out,
                     size_t count[HM_CLAIM_VERDICTS_END])
{
    static const char *const name[] = {"holds", "violated", "not applicable"};

    memset(count, 0, HM_CLAIM_VERDICTS_END * sizeof *count);
    for (const struct hm_claim *claim = claims; claim->id != NULL; claim++) {
        struct hm_claim_judged judged = hm_claim_judge(pool, rows, claim);

        count[judged.verdict]++;
        fprintf(out, "%-14s  %s: %s: %s [%s]\n", name[judged.verdict],
                claim->id, hm_claim_text(pool, claim), judged.why,
                claim->source);
    }
    fprintf(out, "claims: %zu hold, %zu violated, %zu not applicable here\n",
            count[HM_CLAIM_HOLDS], count[HM_CLAIM_VIOLATED],
            count[HM_CLAIM_NOT_APPLICABLE]);
}
