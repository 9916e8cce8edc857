/* SPDX-License-Identifier: MIT */
#include "common/zipf.h"

#include "common/arena.h"
#include "common/check.h"

#include <math.h>

const uint16_t hm_etc_size_bytes[64] = {
    8,   8,   9,   12,  16,  20,  23,  27,  31,   35,   40,   44,   48,
    53,  58,  62,  67,  72,  78,  83,  89,  94,   100,  106,  113,  119,
    126, 133, 140, 148, 156, 164, 172, 181, 191,  200,  211,  221,  233,
    245, 257, 270, 285, 300, 316, 333, 352, 372,  393,  417,  443,  472,
    504, 540, 581, 628, 684, 750, 832, 937, 1079, 1289, 1660, 2721,
};

const uint16_t hm_twitter_size_bytes[64] = {
    1,    2,    4,    6,    10,   18,    28,    32,    36,    40,   45,
    51,   57,   64,   71,   80,   88,    93,    99,    105,   112,  119,
    126,  134,  142,  151,  161,  171,   181,   193,   205,   217,  235,
    258,  284,  313,  344,  378,  416,   458,   504,   554,   610,  671,
    738,  812,  893,  982,  1109, 1286,  1491,  1729,  2005,  2325, 2696,
    3126, 3625, 4203, 6290, 9683, 14907, 22950, 35330, 54390,
};

/* k^(quarters/4) from exact operations only. */
static double zipf_power(double k, unsigned quarters)
{
    double root2 = sqrt(k), root4 = sqrt(root2), power = 1;

    for (; quarters >= 4; quarters -= 4)
        power = power * k;
    if (quarters >= 2) {
        power = power * root2;
        quarters -= 2;
    }
    return quarters >= 1 ? power * root4 : power;
}

static void zipf_fill_cdf(uint32_t *cdf, size_t n, unsigned quarters)
{
    double total = 0, sum = 0;

    for (size_t k = 1; k <= n; k++)
        total = total + 1 / zipf_power((double)k, quarters);
    for (size_t k = 1; k <= n; k++) {
        sum = sum + 1 / zipf_power((double)k, quarters);
        cdf[k - 1] = (uint32_t)floor(sum / total * 4294967295.0);
    }
    cdf[n - 1] = UINT32_MAX;
}

void hm_zipf_init(struct hm_zipf *zipf, size_t n, unsigned quarters)
{
    uint32_t rank = 0;

    HM_CHECK(n >= 1 && n <= UINT32_MAX && quarters >= 1 && quarters <= 8);
    zipf->n = n;
    zipf->cdf = hm_arena_alloc(n * sizeof(zipf->cdf[0]));
    zipf->guide = hm_arena_alloc(HM_ZIPF_GUIDE * sizeof(zipf->guide[0]));
    zipf_fill_cdf(zipf->cdf, n, quarters);
    for (uint32_t top = 0; top < HM_ZIPF_GUIDE; top++) {
        while (zipf->cdf[rank] < top << 16)
            rank++;
        zipf->guide[top] = rank;
    }
}

void hm_zipf_fini(struct hm_zipf *zipf)
{
    hm_arena_release(zipf->cdf, zipf->n * sizeof(zipf->cdf[0]));
    hm_arena_release(zipf->guide, HM_ZIPF_GUIDE * sizeof(zipf->guide[0]));
}
