// Kernels on the host: one block after another; the threads of a block in turn, each as far as its next barrier.
#define ON_HOST
#define __global__
#define __device__ static inline
#define __shared__ static
#include <math.h>
#include <ucontext.h>

struct index3 { unsigned x, y, z; };
static index3 threadIdx, blockIdx, blockDim, gridDim;

struct half_t;
static float from_half(half_t h);
static half_t to_half(double x);
static half_t to_half(float x);

enum { MOST_THREADS = 256, STACK = 1 << 16 };
static ucontext_t scheduler, threads[MOST_THREADS];
static char stacks[MOST_THREADS][STACK];
static bool finished[MOST_THREADS];
static void thread_body();

static void __syncthreads()
{
    swapcontext(&threads[threadIdx.x], &scheduler);
}

static void thread_entry()
{
    thread_body();
    finished[threadIdx.x] = true;
}

// 0, or 1 where some threads of a block met a barrier that others never came to.
static int run_block(bool backwards)
{
    unsigned count = blockDim.x, left = count;
    for (unsigned t = 0; t < count; t++) {
        finished[t] = false;
        getcontext(&threads[t]);
        threads[t].uc_stack.ss_sp = stacks[t];
        threads[t].uc_stack.ss_size = STACK;
        threads[t].uc_link = &scheduler;
        makecontext(&threads[t], thread_entry, 0);
    }
    while (left) {
        unsigned ended = 0;
        for (unsigned n = 0; n < count; n++) {
            threadIdx.x = backwards ? count - 1 - n : n;
            swapcontext(&scheduler, &threads[threadIdx.x]);
            ended += finished[threadIdx.x];
        }
        if (ended && ended < count) return 1;
        left -= ended;
    }
    return 0;
}

static int run_grid(unsigned blocks, unsigned count, bool barriers, bool backwards)
{
    gridDim.x = blocks;
    blockDim.x = count;
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++) {
        if (barriers) {
            if (run_block(backwards)) return 1;
        } else {
            for (threadIdx.x = 0; threadIdx.x < count; threadIdx.x++) thread_body();
        }
    }
    return 0;
}
