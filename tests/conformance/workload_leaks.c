/* SPDX-License-Identifier: MIT */
/* workload_leaks.c -- runs one workload under malloc and ends like any
 * program, so that LeakSanitizer looks at what it left: it must find nothing,
 * but where the workload loses it. */
#include "tests/conformance/workload_run.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    static struct hm_workload_result result;
    struct hm_workload_case one = {
        .seed = 12345,
        .input_dir = HM_TEST_INPUT_DIR,
    };

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: workload_leaks WORKLOAD [\"NAME=VALUE...\"]\n");
        return 2;
    }
    one.workload = argv[1];
    one.params = argc == 3 ? argv[2] : "";
    hm_workload_run(&one, &result);
    if (result.wrong[0] != '\0') {
        fprintf(stderr, "workload_leaks: %s: %s\n", argv[1], result.wrong);
        return 2;
    }
    printf("%s: %llu operations\n", argv[1], (unsigned long long)result.ops);
    return 0;
}
