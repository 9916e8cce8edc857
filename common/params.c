/* SPDX-License-Identifier: MIT */
#include "common/params.h"

#include "common/check.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t hm_params_count(const struct hm_param *table)
{
    size_t n = 0;

    while (table[n].name != NULL)
        n++;
    HM_CHECK(n <= HM_PARAMS_MAX);
    return n;
}

void hm_params_defaults(const struct hm_param *table, int full, uint64_t *value)
{
    size_t n = hm_params_count(table);

    for (size_t i = 0; i < n; i++)
        value[i] = full ? table[i].full : table[i].quick;
}

static unsigned params_shift(char suffix)
{
    switch (suffix) {
    case 'K':
        return 10;
    case 'M':
        return 20;
    case 'G':
        return 30;
    case 'T':
        return 40;
    default:
        return 0;
    }
}

int hm_params_number(const char *text, uint64_t *number)
{
    char *end;
    unsigned long long n;
    unsigned shift;

    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    errno = 0;
    n = strtoull(text, &end, 10);
    if (errno == ERANGE)
        return -ERANGE;
    shift = params_shift(*end);
    if (shift != 0)
        end++;
    if (*end != '\0')
        return -EINVAL;
    if (n > UINT64_MAX >> shift)
        return -ERANGE;
    *number = (uint64_t)n << shift;
    return 0;
}

const char *hm_params_choice(const char *meaning, uint64_t number,
                             size_t *length)
{
    size_t word = strcspn(meaning, "|: ");

    if (meaning[word] != '|')
        return NULL; /* its values have no names */
    for (; number > 0 && meaning[word] == '|'; number--) {
        meaning += word + 1;
        word = strcspn(meaning, "|: ");
    }
    *length = word;
    return number == 0 ? meaning : NULL;
}

int hm_params_value(const char *meaning, const char *text, uint64_t *number)
{
    const char *choice;
    size_t length;

    if (isdigit((unsigned char)text[0]))
        return hm_params_number(text, number);
    for (uint64_t i = 0;
         (choice = hm_params_choice(meaning, i, &length)) != NULL; i++) {
        if (strlen(text) == length && strncmp(choice, text, length) == 0) {
            *number = i;
            return 0;
        }
    }
    return -EINVAL;
}

int hm_params_set(const struct hm_param *table, const char *word,
                  uint64_t *value)
{
    const char *equals = strchr(word, '=');
    size_t length = equals == NULL ? strlen(word) : (size_t)(equals - word);
    uint64_t number;
    int error;

    for (size_t i = 0; table[i].name != NULL; i++) {
        if (strlen(table[i].name) != length ||
            strncmp(table[i].name, word, length) != 0)
            continue;
        error = equals == NULL
                    ? -EINVAL
                    : hm_params_value(table[i].meaning, equals + 1, &number);
        if (error != 0)
            return error;
        if (number < table[i].min || number > table[i].max)
            return -ERANGE;
        value[i] = number;
        return 0;
    }
    return -ENOENT;
}
