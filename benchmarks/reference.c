/* Reference works A and B, written by hand in C: the yardstick for the product's speed.
 *
 *     reference A|B contacts seed      prints one line of JSON
 *
 * What a careful engineer would write in an afternoon, and no more:
 *   - next-event simulation; arrivals come in order, so they stay outside the event heap;
 *   - a 4-ary heap of events, whose top is replaced in place when an agent takes the next customer;
 *   - patience is settled lazily: a customer who hung up stays in line until an agent would have taken it,
 *     and is counted then, with the wait it really had;
 *   - xoshiro256++ and ziggurats for random numbers, drawn when first needed.
 * Counters only, no record per contact. Every contact is followed to its end: arrivals stop, queues drain.
 * Times are seconds.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEAN_GAP_S (60.0 / 50.0)
#define ANSWER_WITHIN_S 20.0

/* ---- random numbers ------------------------------------------------------------------------------------ */

static uint64_t state[4];

static uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

/* xoshiro256++ 1.0, Blackman & Vigna (2019), public domain. */
static inline uint64_t next_bits(void) {
    uint64_t result = rotl(state[0] + state[3], 23) + state[0], t = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = rotl(state[3], 45);
    return result;
}

/* splitmix64 spreads a small seed over the whole state. */
static void seed_bits(uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        state[i] = z ^ (z >> 31);
    }
}

static inline double to_unit(uint64_t bits) { return (double)(bits >> 11) * 0x1.0p-53; } /* [0, 1) */
static inline double uniform(void) { return to_unit(next_bits()); }

/* Ziggurat, Marsaglia & Tsang (2000): 256 layers of equal area under a falling density. */
#define LAYERS 256
typedef struct {
    double x[LAYERS + 1]; /* right edge of each layer, falling to 0 */
    double f[LAYERS + 1]; /* density there */
} Ziggurat;

static Ziggurat exponential_layers, normal_layers;
static const double EXPONENTIAL_TAIL = 7.69711747013104972, EXPONENTIAL_AREA = 0.0039496598225815571993;
static const double NORMAL_TAIL = 3.6541528853610088, NORMAL_AREA = 0.00492867323399;

static double exponential_density(double x) { return exp(-x); }
static double exponential_edge(double f) { return -log(f); }
static double normal_density(double x) { return exp(-0.5 * x * x); }
static double normal_edge(double f) { return sqrt(-2.0 * log(f)); }

static void build(Ziggurat *z, double tail, double area, double (*density)(double), double (*edge)(double)) {
    z->x[0] = area / density(tail); /* the base layer, as wide as if it held the tail in a rectangle */
    z->x[1] = tail;
    for (int i = 1; i < LAYERS - 1; i++) z->x[i + 1] = edge(area / z->x[i] + density(z->x[i]));
    z->x[LAYERS] = 0.0;
    for (int i = 0; i <= LAYERS; i++) z->f[i] = density(z->x[i]);
}

static inline double exponential(double mean) {
    const Ziggurat *z = &exponential_layers;
    for (;;) {
        uint64_t bits = next_bits();
        int i = bits & (LAYERS - 1);
        double x = to_unit(bits) * z->x[i];
        if (x < z->x[i + 1]) return mean * x;
        if (i == 0) return mean * (EXPONENTIAL_TAIL - log(1.0 - uniform()));
        if (z->f[i] + uniform() * (z->f[i + 1] - z->f[i]) < exp(-x)) return mean * x;
    }
}

static inline double normal(void) {
    const Ziggurat *z = &normal_layers;
    for (;;) {
        uint64_t bits = next_bits();
        int i = bits & (LAYERS - 1);
        double sign = (bits & LAYERS) ? -1.0 : 1.0;
        double x = to_unit(bits) * z->x[i];
        if (x < z->x[i + 1]) return sign * x;
        if (i == 0) {
            double beyond, y;
            do {
                beyond = -log(1.0 - uniform()) / NORMAL_TAIL;
                y = -log(1.0 - uniform());
            } while (2.0 * y < beyond * beyond);
            return sign * (NORMAL_TAIL + beyond);
        }
        if (z->f[i] + uniform() * (z->f[i + 1] - z->f[i]) < exp(-0.5 * x * x)) return sign * x;
    }
}

typedef struct {
    double mu, sigma;
} LogNormal;

static LogNormal log_normal_of(double mean, double cv) {
    double variance = log(1.0 + cv * cv);
    return (LogNormal){log(mean) - 0.5 * variance, sqrt(variance)};
}

static inline double log_normal(const LogNormal *law) { return exp(law->mu + law->sigma * normal()); }

/* ---- event heap: four children a node, earliest on top ------------------------------------------------- */

typedef enum { AGENT_FREE, SESSION_END } Kind;

typedef struct {
    double at_s;
    Kind kind;
} Event;

#define MOST_EVENTS 512 /* at most one event for each agent and each AI session: 150, or 70 + 200 */
static Event heap[MOST_EVENTS];
static int events;

static inline double next_event_s(void) { return events ? heap[0].at_s : INFINITY; }

static inline void push(double at_s, Kind kind) {
    int hole = events++;
    while (hole > 0) {
        int parent = (hole - 1) / 4;
        if (heap[parent].at_s <= at_s) break;
        heap[hole] = heap[parent];
        hole = parent;
    }
    heap[hole] = (Event){at_s, kind};
}

static inline void replace_top(Event event) {
    int hole = 0;
    for (;;) {
        int first = 4 * hole + 1, last = first + 4 < events ? first + 4 : events;
        if (first >= last) break;
        int least = first;
        for (int child = first + 1; child < last; child++)
            if (heap[child].at_s < heap[least].at_s) least = child;
        if (event.at_s <= heap[least].at_s) break;
        heap[hole] = heap[least];
        hole = least;
    }
    heap[hole] = event;
}

static inline void pop(void) {
    Event last = heap[--events];
    if (events) replace_top(last);
}

/* ---- customers in line --------------------------------------------------------------------------------- */

typedef struct {
    double joined_s, patience_s;
} Customer;

typedef struct {
    Customer *ring;
    uint64_t head, tail, capacity; /* capacity is a power of two */
} Line;

static void join(Line *line, double now_s, double patience_s) {
    if (line->tail - line->head == line->capacity) {
        uint64_t capacity = line->capacity ? 2 * line->capacity : 1024, waiting = line->tail - line->head;
        Customer *ring = malloc(capacity * sizeof *ring);
        if (!ring) exit(3);
        for (uint64_t i = 0; i < waiting; i++) ring[i] = line->ring[(line->head + i) & (line->capacity - 1)];
        free(line->ring);
        *line = (Line){ring, 0, waiting, capacity};
    }
    line->ring[line->tail++ & (line->capacity - 1)] = (Customer){now_s, patience_s};
}

/* ---- what is counted, the same in every program -------------------------------------------------------- */

typedef struct {
    long offered, answered, abandoned, answered_within_20s;
    double wait_s; /* total, of answered and abandoned customers */
} Tally;

static inline void answer(Tally *tally, double wait_s) {
    tally->answered++;
    tally->answered_within_20s += wait_s <= ANSWER_WITHIN_S;
    tally->wait_s += wait_s;
}

/* Answer the first customer still there at now_s, counting those before it who hung up; 0 if none is. */
static inline int answer_first(Line *line, double now_s, Tally *tally) {
    while (line->head != line->tail) {
        Customer customer = line->ring[line->head++ & (line->capacity - 1)];
        double wait_s = now_s - customer.joined_s;
        if (wait_s <= customer.patience_s) {
            answer(tally, wait_s);
            return 1;
        }
        tally->abandoned++;
        tally->wait_s += customer.patience_s;
    }
    return 0;
}

/* ---- work A: M/M/n+M ----------------------------------------------------------------------------------- */

static Tally work_a(long contacts) {
    const int agents = 150;
    const double mean_service_s = 180.0, mean_patience_s = 120.0;
    Tally tally = {0};
    Line line = {0};
    int busy = 0;
    long to_come = contacts;
    double arrival_s = exponential(MEAN_GAP_S);

    while (to_come > 0 || events > 0) {
        if (to_come > 0 && arrival_s <= next_event_s()) {
            tally.offered++;
            if (busy < agents) {
                busy++;
                answer(&tally, 0.0);
                push(arrival_s + exponential(mean_service_s), AGENT_FREE);
            } else {
                join(&line, arrival_s, exponential(mean_patience_s));
            }
            to_come--;
            arrival_s += exponential(MEAN_GAP_S);
        } else {
            double now_s = heap[0].at_s;
            if (answer_first(&line, now_s, &tally)) {
                replace_top((Event){now_s + exponential(mean_service_s), AGENT_FREE});
            } else {
                busy--;
                pop();
            }
        }
    }
    free(line.ring);
    return tally;
}

/* ---- work B: an AI fleet in front of a two-priority human queue ---------------------------------------- */

static Tally work_b(long contacts) {
    const int agents = 70, fleet_cap = 200;
    const double ai_share = 0.80, escalated_share = 0.25, mean_patience_s = 180.0;
    const LogNormal session = log_normal_of(120.0, 0.5);
    const LogNormal handling[2] = {log_normal_of(360.0, 0.8), log_normal_of(240.0, 0.8)};
    enum { HIGH, LOW }; /* escalated; direct, or turned away by a full fleet */
    Tally tally = {0};
    Line lines[2] = {{0}, {0}};
    int busy = 0, in_session = 0;
    long to_come = contacts;
    double arrival_s = exponential(MEAN_GAP_S);

    while (to_come > 0 || events > 0) {
        int asks = -1; /* the priority of whoever asks for a person at this event */
        double now_s;

        if (to_come > 0 && arrival_s <= next_event_s()) {
            now_s = arrival_s;
            if (uniform() < ai_share && in_session < fleet_cap) {
                in_session++;
                push(now_s + log_normal(&session), SESSION_END);
            } else {
                asks = LOW;
            }
            to_come--;
            arrival_s += exponential(MEAN_GAP_S);
        } else if (heap[0].kind == SESSION_END) {
            now_s = heap[0].at_s;
            in_session--;
            pop();
            if (uniform() < escalated_share) asks = HIGH;
        } else {
            now_s = heap[0].at_s;
            if (answer_first(&lines[HIGH], now_s, &tally)) {
                replace_top((Event){now_s + log_normal(&handling[HIGH]), AGENT_FREE});
            } else if (answer_first(&lines[LOW], now_s, &tally)) {
                replace_top((Event){now_s + log_normal(&handling[LOW]), AGENT_FREE});
            } else {
                busy--;
                pop();
            }
        }

        if (asks >= 0) {
            tally.offered++;
            if (busy < agents) {
                busy++;
                answer(&tally, 0.0);
                push(now_s + log_normal(&handling[asks]), AGENT_FREE);
            } else {
                join(&lines[asks], now_s, exponential(mean_patience_s));
            }
        }
    }
    free(lines[HIGH].ring);
    free(lines[LOW].ring);
    return tally;
}

int main(int argc, char **argv) {
    if (argc != 4 || (strcmp(argv[1], "A") && strcmp(argv[1], "B"))) {
        fprintf(stderr, "usage: %s A|B contacts seed\n", argv[0]);
        return 2;
    }
    long contacts = atol(argv[2]);
    struct timespec began, ended;

    clock_gettime(CLOCK_MONOTONIC, &began);
    seed_bits(strtoull(argv[3], NULL, 10));
    build(&exponential_layers, EXPONENTIAL_TAIL, EXPONENTIAL_AREA, exponential_density, exponential_edge);
    build(&normal_layers, NORMAL_TAIL, NORMAL_AREA, normal_density, normal_edge);
    Tally tally = argv[1][0] == 'A' ? work_a(contacts) : work_b(contacts);
    clock_gettime(CLOCK_MONOTONIC, &ended);

    double seconds = (double)(ended.tv_sec - began.tv_sec) + 1e-9 * (double)(ended.tv_nsec - began.tv_nsec);
    printf("{\"seconds\": %.9f, \"contacts\": %ld, \"offered\": %ld, \"answered\": %ld, \"abandoned\": %ld, "
           "\"answered_within_20s\": %ld, \"wait_s\": %.9g}\n",
           seconds, contacts, tally.offered, tally.answered, tally.abandoned, tally.answered_within_20s,
           tally.wait_s);
    return 0;
}
