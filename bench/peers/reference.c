/* The kernels' limits: what a compiler makes of the same work, written plainly in C.
   Same memory layouts, same checks, same answers as engine/kernels; see the modules named below. */
#include <stdint.h>
#include <string.h>

typedef int64_t i64;

enum { BID_MOVED = 1, ASK_MOVED = 2, BOOK_FULL = -1, BAD_VALUE = -2, SCAN_MAX = 16 };
#define PRICE_BOUND 4000000000000000000LL

/* ---- book_write.apply_deltas: one side is a header (count, version), then levels, best last */

typedef struct { i64 price, qty; } Level;

static inline i64 find_row(const Level *side, i64 count, i64 key, i64 sign) {
    i64 row = count, stop = count > SCAN_MAX ? count - SCAN_MAX : 0;
    for (; row > stop; row--)
        if (sign * side[row].price <= key) return row;
    i64 low = 0;
    while (low < row) {
        i64 middle = (low + row + 1) >> 1;
        if (sign * side[middle].price <= key) low = middle; else row = middle - 1;
    }
    return low;
}

static inline i64 write_level(Level *side, i64 sign, i64 depth, i64 price, i64 qty) {
    i64 count = side[0].price, row = find_row(side, count, sign * price, sign);
    if (row > 0 && side[row].price == price) {
        if (qty > 0) { side[row].qty = qty; return 0; }
        memmove(side + row, side + row + 1, (size_t)(count - row) * sizeof(Level));
        side[0].price = count - 1;
    } else if (qty > 0) {
        if (count + 1 >= depth) return BOOK_FULL;
        memmove(side + row + 2, side + row + 1, (size_t)(count - row) * sizeof(Level));
        side[row + 1] = (Level){price, qty};
        side[0].price = count + 1;
    }
    return 0;
}

i64 book_apply(i64 *block, i64 depth, i64 venue, const i64 *rows, i64 start, i64 count) {
    Level *sides[2] = {(Level *)block + 2 * venue * depth, (Level *)block + (2 * venue + 1) * depth};
    Level before[2] = {{0, 0}, {0, 0}};
    i64 touched = 0, result = 0;
    for (int s = 0; s < 2; s++)
        if (sides[s][0].price) before[s] = sides[s][sides[s][0].price];
    for (i64 i = start; i < start + count; i++) {
        i64 side = rows[3 * i], price = rows[3 * i + 1], qty = rows[3 * i + 2];
        if (side < 0 || side > 1 || price <= 0 || price >= PRICE_BOUND || qty < 0) {
            result = BAD_VALUE;
            break;
        }
        touched |= 1 << side;
        result = write_level(sides[side], 1 - 2 * side, depth, price, qty);
        if (result < 0) break;
    }
    i64 moved = 0;
    for (int s = 0; s < 2; s++) {
        Level after = {0, 0};
        sides[s][0].qty += touched >> s & 1;
        if (sides[s][0].price) after = sides[s][sides[s][0].price];
        if (after.price != before[s].price || after.qty != before[s].qty) moved |= 1 << s;
    }
    return result < 0 ? result : moved;
}

/* runs of `batch` rows, as messages bring them; the moved bits of each run make a checksum */
i64 book_apply_runs(i64 *block, i64 depth, i64 venue, const i64 *rows, i64 count, i64 batch) {
    i64 sum = 0;
    for (i64 start = 0; start < count; start += batch) {
        i64 run = count - start < batch ? count - start : batch;
        sum = sum * 3 + book_apply(block, depth, venue, rows, start, run);
    }
    return sum;
}

/* ---- decimals.parse_levels, layout PAIR with strings, digit by digit */

static i64 number(const char *raw, i64 *place, i64 length, i64 decimals) {
    i64 i = *place, value = 0, digits = 0, fraction = -1;
    for (; i < length; i++) {
        if (raw[i] >= '0' && raw[i] <= '9') {
            if (++digits > 18) return -1;
            value = value * 10 + (raw[i] - '0');
            fraction += fraction >= 0;
        } else if (raw[i] == '.' && fraction < 0 && digits) {
            fraction = 0;
        } else {
            break;
        }
    }
    if (!digits || fraction == 0 || fraction > decimals) return -1;
    for (i64 k = fraction < 0 ? 0 : fraction; k < decimals; k++)
        if (__builtin_mul_overflow(value, 10, &value)) return -1;
    *place = i;
    return value;
}

static i64 text_number(const char *raw, i64 *place, i64 length, i64 decimals) {
    if (*place >= length || raw[*place] != '"') return -1;
    ++*place;
    i64 value = number(raw, place, length, decimals);
    if (value < 0 || *place >= length || raw[*place] != '"') return -1;
    ++*place;
    return value;
}

static int expect(const char *raw, i64 *place, i64 length, char wanted) {
    if (*place >= length || raw[*place] != wanted) return 0;
    ++*place;
    return 1;
}

static i64 levels(const char *raw, i64 *i, i64 length, i64 *rows, i64 count, i64 end, i64 side) {
    if (!expect(raw, i, length, '[')) return -1;
    if (expect(raw, i, length, ']')) return count;
    for (;;) {
        if (count >= end || !expect(raw, i, length, '[')) return -1;
        i64 price = text_number(raw, i, length, 9);
        if (price <= 0 || !expect(raw, i, length, ',')) return -1;
        i64 qty = text_number(raw, i, length, 8);
        if (qty < 0 || !expect(raw, i, length, ']')) return -1;
        rows[3 * count] = side;
        rows[3 * count + 1] = price;
        rows[3 * count + 2] = qty;
        count++;
        if (expect(raw, i, length, ']')) return count;
        if (!expect(raw, i, length, ',')) return -1;
    }
}

/* frames of `lengths[k]` bytes one after the other, each holding its bids at `bids[k]` and its
   asks at `asks[k]`; the sum of all counts, or -1 */
i64 parse_frames(const char *raw, const i64 *offsets, const i64 *lengths, const i64 *bids,
                 const i64 *asks, i64 frames, i64 *rows, i64 end) {
    i64 sum = 0;
    for (i64 k = 0; k < frames; k++) {
        const char *frame = raw + offsets[k];
        i64 place = bids[k], count = levels(frame, &place, lengths[k], rows, 0, end, 0);
        if (count < 0) return -1;
        place = asks[k];
        count = levels(frame, &place, lengths[k], rows, count, end, 1);
        if (count < 0) return -1;
        sum += count;
    }
    return sum;
}

/* ---- capacity.capacity_curve: terms of a venue are (eligible, fee rate, penalty) */

enum { VENUES_MAX = 32 };

i64 capacity_curve(const i64 *block, i64 venues, i64 depth, i64 side, const double *terms,
                   const i64 *sizes, i64 count, double *costs) {
    double heads[VENUES_MAX];
    i64 rows[VENUES_MAX];
    const double unreachable = __builtin_inf(), sign = 1 - 2 * side;
    const Level *books = (const Level *)block;
    for (i64 v = 0; v < venues; v++) {
        const Level *book = books + (2 * v + 1 - side) * depth;
        rows[v] = terms[3 * v] != 0 ? book[0].price : 0;
        heads[v] = rows[v] ? sign * ((double)book[rows[v]].price * (1.0 + sign * terms[3 * v + 1])
                                     + sign * terms[3 * v + 2]) : unreachable;
    }
    i64 point = 0, filled = 0;
    double cost = 0.0;
    while (point < count) {
        i64 best = 0;
        double key = unreachable, next = unreachable;
        for (i64 v = 0; v < venues; v++) {
            if (heads[v] < key) { next = key; key = heads[v]; best = v; }
            else if (heads[v] < next) next = heads[v];
        }
        if (key == unreachable) break;
        const Level *book = books + (2 * best + 1 - side) * depth;
        double factor = 1.0 + sign * terms[3 * best + 1], extra = sign * terms[3 * best + 2];
        i64 row = rows[best];
        do {
            i64 qty = book[row].qty;
            double landed = sign * key;
            while (point < count && sizes[point] <= filled + qty)
                { costs[point] = cost + landed * (double)(sizes[point] - filled); point++; }
            cost += landed * (double)qty;
            filled += qty;
            row--;
            key = row ? sign * ((double)book[row].price * factor + extra) : unreachable;
        } while (key < next && point < count);
        rows[best] = row;
        heads[best] = key;
    }
    for (i64 m = point; m < count; m++) costs[m] = -1.0;
    return point;
}

/* the same question over several blocks in turn, so that no branch predictor learns one answer */
i64 capacity_curves(const i64 *const *blocks, i64 problems, i64 repeat, i64 venues, i64 depth,
                    i64 side, const double *terms, const i64 *sizes, i64 count, double *costs) {
    i64 sum = 0;
    for (i64 r = 0; r < repeat; r++)
        for (i64 p = 0; p < problems; p++)
            sum += capacity_curve(blocks[p], venues, depth, side, terms, sizes, count, costs);
    return sum;
}
