/* The split in C (gcc -O3 -march=native): a galloping k-way merge by exact landed price.
   Same inputs, same rule and same outputs as engine/kernels/sweep.py; used by split_peers.py. */
#include <stdint.h>

typedef int64_t i64;
typedef uint64_t u64;
typedef unsigned __int128 u128;

#define VENUES_MAX 32
#define UNREACHABLE INT64_MAX
#define NANO 1000000000ULL

typedef struct {
    i64 rate, constant, lot, qty_min, notional_min, tick;
} Rule;

typedef struct {
    i64 qty, limit, worst;
    u64 cost_high, cost_low;
} Result;

static inline i64 landed(const Rule *rule, i64 sign, i64 price, i64 *rest) {
    u64 shifted = (u64)(rule->rate + (i64)NANO), whole = (u64)price / NANO;
    u64 product = ((u64)price - whole * NANO) * shifted, quotient = product / NANO;
    *rest = (i64)(product - quotient * NANO);
    return (sign - 1) * price + (i64)(whole * shifted) + rule->constant + (i64)quotient;
}

/* block: [venues][2][rows][2], row 0 the header, best last. Returns the quantity placed, or -1
   when a lot or a minimum is broken. */
i64 split_merge(const i64 *block, i64 venues, i64 rows, const Rule *rules, i64 side, i64 qty,
                i64 worst, i64 slack, Result *results) {
    const i64(*levels[VENUES_MAX])[2];
    i64 row[VENUES_MAX], left[VENUES_MAX], key[VENUES_MAX], rest[VENUES_MAX];
    u128 cost[VENUES_MAX];
    i64 sign = 1 - 2 * side, bound = worst ? sign * worst : (sign > 0 ? INT64_MAX : 0);
    i64 wanted = qty;
    for (i64 v = 0; v < venues; v++) {
        levels[v] = (const i64(*)[2])(block + ((v * 2 + 1 - side) * rows) * 2);
        row[v] = levels[v][0][0];
        results[v].qty = 0;
        cost[v] = 0;
        key[v] = UNREACHABLE;
        if (row[v] && sign * levels[v][row[v]][0] <= bound) {
            left[v] = levels[v][row[v]][1];
            key[v] = landed(&rules[v], sign, levels[v][row[v]][0], &rest[v]);
        }
    }
    while (qty > 0) {
        i64 best = UNREACHABLE, second = UNREACHABLE, v = -1;
        for (i64 i = 0; i < venues; i++) {
            if (key[i] < best) {
                second = best;
                best = key[i];
                v = i;
            } else if (key[i] < second)
                second = key[i];
        }
        if (v < 0) break;
        if (second == best)
            for (i64 i = v + 1; i < venues; i++)
                if (key[i] == best &&
                    (rest[i] < rest[v] ||
                     (rest[i] == rest[v] &&
                      sign * levels[i][row[i]][0] < sign * levels[v][row[v]][0])))
                    v = i;
        i64 r = row[v], l = left[v], taken = 0, k = best;
        u128 money = 0;
        for (;;) {
            i64 part = l < qty ? l : qty, price = levels[v][r][0];
            taken += part;
            qty -= part;
            money += (u128)(u64)price * (u64)part;
            if (part) results[v].worst = price;
            if (!qty) break;
            r--;
            k = UNREACHABLE;
            if (!r || sign * levels[v][r][0] > bound) break;
            l = levels[v][r][1];
            k = landed(&rules[v], sign, levels[v][r][0], &rest[v]);
            if (k >= second) break;
        }
        row[v] = r;
        left[v] = l;
        key[v] = k;
        results[v].qty += taken;
        cost[v] += money;
    }
    for (i64 v = 0; v < venues; v++) {
        i64 taken = results[v].qty;
        if (!taken) continue;
        results[v].cost_high = (u64)(cost[v] >> 62);
        results[v].cost_low = (u64)cost[v] & ((1ULL << 62) - 1);
        const Rule *rule = &rules[v];
        if (taken % rule->lot || taken < rule->qty_min ||
            cost[v] < (u128)(u64)rule->notional_min * 100000000ULL)
            return -1;
        i64 limit = results[v].worst;
        if (slack) {
            i64 step = limit / 10000 > rule->tick ? limit / 10000 : rule->tick;
            limit += sign * step;
            if (sign > 0) {
                if (worst && limit > worst) limit = worst;
                limit -= limit % rule->tick;
            } else {
                if (limit < worst) limit = worst;
                i64 up = limit % rule->tick;
                if (up) limit += rule->tick - up;
            }
        }
        results[v].limit = limit;
    }
    return wanted - qty;
}

/* `count` problems in turn, `repeat` times over, to time the kernel alone. A problem is nine
   cells: block, venues, rows, rules, side, qty, worst, slack, results (pointers as integers). */
i64 split_repeat(const i64 *problems, i64 count, i64 repeat) {
    i64 sum = 0;
    for (i64 i = 0; i < repeat; i++)
        for (i64 n = 0; n < count; n++) {
            const i64 *p = problems + 9 * n;
            sum += split_merge((const i64 *)p[0], p[1], p[2], (const Rule *)p[3], p[4], p[5], p[6],
                               p[7], (Result *)p[8]);
        }
    return sum;
}
