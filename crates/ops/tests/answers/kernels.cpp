// Runs every kernel of src/cuda/kernels.cu on the CPU and compares it with its definition in double.
// One thread of the CPU stands for each thread of a block where the block synchronises; elsewhere they
// run in turn. kernels.rs compiles this with -DREAL=float and with -DREAL=double.
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __shared__ static
using std::exp;
using std::sqrt;
using std::tanh;

struct Index {
  unsigned x = 1, y = 1;
};
static thread_local Index threadIdx, blockIdx;
static Index blockDim, gridDim;

// All threads of a block wait for each other.
class Barrier {
  std::mutex mutex;
  std::condition_variable woken;
  unsigned size, waiting = 0, round = 0;

 public:
  explicit Barrier(unsigned size) : size(size) {}
  void wait() {
    std::unique_lock<std::mutex> lock(mutex);
    const unsigned mine = round;
    if (++waiting == size) {
      waiting = 0;
      round++;
      woken.notify_all();
    } else {
      woken.wait(lock, [&] { return round != mine; });
    }
  }
};
static Barrier *barrier;
static void __syncthreads() { barrier->wait(); }
template <class T>
static T min(T a, T b) {
  return a < b ? a : b;
}

#include "../../src/cuda/kernels.cu"

template <class F>
static void launch(Index grid, Index block, bool synchronises, F kernel) {
  gridDim = grid;
  blockDim = block;
  const unsigned threads = block.x * block.y;
  for (unsigned b = 0; b < grid.x * grid.y; b++) {
    Barrier here(threads);
    barrier = &here;
    const auto run = [&](unsigned t) {
      blockIdx = {b % grid.x, b / grid.x};
      threadIdx = {t % block.x, t / block.x};
      kernel();
    };
    if (!synchronises) {
      for (unsigned t = 0; t < threads; t++) run(t);
      continue;
    }
    std::vector<std::thread> running;
    for (unsigned t = 0; t < threads; t++) running.emplace_back(run, t);
    for (auto &thread : running) thread.join();
  }
}

// Blocks and threads as `grid::rows` and `grid::flat` give them.
static Index rows_block(u32 row) {
  u32 width = 1;
  while (width < row && width < THREADS) width *= 2;
  return {width, THREADS / width};
}
static Index rows_grid(u32 row) { return {(row + rows_block(row).x - 1) / rows_block(row).x, 3}; }
static const Index LINE = {THREADS, 1};
static Index line_grid(u32 count) { return {(count + THREADS - 1) / THREADS, 1}; }

static const double TOLERANCE = sizeof(REAL) == 4 ? 2e-4 : 1e-10;
static unsigned compared = 0;

static void close(const char *what, double got, double expected, double times = 1) {
  compared++;
  if (!(std::fabs(got - expected) <= TOLERANCE * times * (1e-3 + std::fabs(expected)))) {
    std::printf("%s: expected %.9g, got %.9g\n", what, expected, got);
    std::exit(1);
  }
}

static std::vector<REAL> values(size_t count, double shift = 0) {
  static u32 state = 1;
  std::vector<REAL> values(count);
  for (auto &v : values) {
    state = state * 1664525u + 1013904223u;
    v = REAL((state >> 8) / double(1 << 23) - 1 + shift);
  }
  return values;
}

static void norm(u32 outer, u32 c, u32 inner, u32 splits, double shift) {
  const u32 count = outer * inner, row = c * inner, per_split = (count + splits - 1) / splits;
  splits = (count + per_split - 1) / per_split;
  const double eps = 1e-5;
  const auto x = values(size_t(count) * c, shift), grad = values(x.size());
  const auto gamma = values(c, 2), beta = values(c), bias = values(c);
  std::vector<REAL> y(x.size(), NAN), dx(x.size(), NAN), table(6 * c, NAN), more(4 * c, NAN), total(c, NAN);
  std::vector<double> threes(c * splits * 3, NAN), pairs(c * splits * 2, NAN);
  const Index grid = {c, splits};
  launch(grid, LINE, true, [&] { moments(x.data(), threes.data(), c, inner, count, per_split); });
  launch(line_grid(c), LINE, false,
         [&] { batch_coefficients(threes.data(), splits, gamma.data(), beta.data(), bias.data(), table.data(), c, eps); });
  launch(rows_grid(row), rows_block(row), false, [&] { normalise(x.data(), table.data(), y.data(), outer, c, inner, 1); });
  launch(grid, LINE, true, [&] { sums(x.data(), grad.data(), table.data(), pairs.data(), c, inner, count, per_split, 1); });
  launch(line_grid(c), LINE, false, [&] { corrections(pairs.data(), splits, table.data(), more.data(), c, count, 1); });
  launch(rows_grid(row), rows_block(row), false,
         [&] { norm_gradient(x.data(), grad.data(), table.data(), more.data(), dx.data(), outer, c, inner, 1); });
  launch(grid, LINE, true, [&] { sums(nullptr, grad.data(), nullptr, pairs.data(), c, inner, count, per_split, 0); });
  launch(line_grid(c), LINE, false, [&] { totals(pairs.data(), splits, total.data(), c); });
  for (u32 k = 0; k < c; k++) {
    const auto at = [&](u32 e) { return (size_t(e / inner) * c + k) * inner + e % inner; };
    double mean = 0, squares = 0, all = 0, sum = 0, product = 0;
    for (u32 e = 0; e < count; e++) mean += double(x[at(e)]) / count, all += grad[at(e)];
    for (u32 e = 0; e < count; e++) squares += (x[at(e)] - mean) * (x[at(e)] - mean);
    const double inverse = 1 / std::sqrt(squares / count + eps);
    const auto standard = [&](u32 e) { return (x[at(e)] - mean) * inverse; };
    const auto result = [&](u32 e) { return standard(e) * gamma[k] + beta[k]; };
    const auto passes = [&](u32 e) { return result(e) > 0 ? double(grad[at(e)]) : 0.0; };
    for (u32 e = 0; e < count; e++) sum += passes(e), product += passes(e) * standard(e);
    close("batch mean", table[BATCH_MEAN * c + k], mean + bias[k]);
    close("batch variance", table[BATCH_VAR * c + k], squares / (count - 1));
    close("sum", total[k], all, 10);
    close("gamma's gradient", more[GAMMA_GRADIENT * c + k], product, 20);
    close("beta's gradient", more[BETA_GRADIENT * c + k], sum, 20);
    for (u32 e = 0; e < count; e++) {
      // Next to ReLU's kink rounding decides.
      if (std::fabs(result(e)) < 1e-3) continue;
      close("normalise", y[at(e)], std::fmax(result(e), 0), 20);
      const double expected = gamma[k] * inverse * (passes(e) - sum / count - standard(e) * product / count);
      close("norm gradient", dx[at(e)] + 1, expected + 1, 20);
    }
  }
  const auto mean = values(c), var = values(c, 1.5);
  launch(line_grid(c), LINE, false,
         [&] { given_coefficients(mean.data(), var.data(), gamma.data(), beta.data(), table.data(), c, eps); });
  for (u32 k = 0; k < c; k++) {
    const double scale = gamma[k] / std::sqrt(double(var[k]) + eps);
    close("given scale", table[SCALE * c + k], scale);
    close("given shift", table[SHIFT * c + k], beta[k] - mean[k] * scale, 20);
  }
}

static void windows(u32 n, u32 c, u32 from_h, u32 from_w, u32 to_h, u32 to_w, int dy, int dx, bool biased, int function) {
  const auto x = values(size_t(n) * c * from_h * from_w), bias = values(c);
  std::vector<REAL> y(size_t(n) * c * to_h * to_w, NAN), gradient(y.size(), NAN);
  const auto grad = values(y.size());
  const u32 row = c * to_h * to_w;
  launch(rows_grid(row), rows_block(row), false, [&] {
    window(x.data(), y.data(), biased ? bias.data() : nullptr, n, c, from_h, from_w, to_h, to_w, dy, dx, function);
  });
  launch({2, 1}, LINE, false, [&] { function_gradient(y.data(), grad.data(), gradient.data(), y.size(), function); });
  for (size_t at = 0; at < y.size(); at++) {
    const u32 plane = at / (to_h * to_w);
    const int i = int(at / to_w % to_h) + dy, j = int(at % to_w) + dx;
    const bool inside = i >= 0 && j >= 0 && i < int(from_h) && j < int(from_w);
    const double v = (inside ? double(x[(size_t(plane) * from_h + i) * from_w + j]) : 0.0) + (biased ? double(bias[plane % c]) : 0.0);
    const double results[] = {v, std::fmax(v, 0), 1 / (1 + std::exp(-v)), std::tanh(v)}, r = results[function];
    const double derivatives[] = {1, v > 0 ? 1.0 : 0.0, r * (1 - r), 1 - r * r};
    close("window", y[at], r);
    close("function gradient", gradient[at], grad[at] * derivatives[function], 10);
  }
}

static void optimiser(double beta1) {
  // Sizes around a block's 1024 elements.
  const std::vector<u32> sizes = {5, 1024, 1025, 3000, 1};
  Table table = {};
  table.count = sizes.size();
  std::vector<std::vector<REAL>> p, g, m, v;
  u32 blocks = 0;
  for (u32 size : sizes) {
    p.push_back(values(size)), g.push_back(values(size)), m.push_back(values(size)), v.push_back(values(size, 1.5));
  }
  const auto before = p, mean = m, square = v;
  for (u32 i = 0; i < sizes.size(); i++) {
    table.parameter[i] = p[i].data(), table.gradient[i] = g[i].data(), table.m[i] = m[i].data(), table.v[i] = v[i].data();
    table.size[i] = sizes[i];
    table.first_block[i] = blocks;
    blocks += (sizes[i] + 1023) / 1024;
  }
  const Step step = {REAL(0.999), REAL(0.001), REAL(1 - beta1), REAL(beta1), REAL(0.01), REAL(0.5), REAL(1e-8), beta1 > 0.5};
  launch({blocks, 1}, LINE, false, [&] { adam(table, step); });
  for (u32 i = 0; i < sizes.size(); i++) {
    for (u32 k = 0; k < sizes[i]; k++) {
      const double a = beta1 * mean[i][k] + (1 - beta1) * g[i][k], b = 0.999 * square[i][k] + 0.001 * g[i][k] * g[i][k];
      close("adam m", m[i][k], a);
      close("adam v", v[i][k], b);
      close("adam", p[i][k], before[i][k] - 0.01 * a / (std::sqrt(b) / 0.5 + 1e-8));
    }
  }
}

int main() {
  norm(5, 3, 7, 1, 0);
  norm(20, 7, 49, 3, 0);
  norm(300, 5, 1, 2, 0);
  norm(4, 2, 1000, 4, 3);
  norm(2, 20, 4, 1, 0);
  windows(3, 2, 5, 6, 8, 9, -1, -2, false, NONE);
  windows(3, 2, 8, 9, 5, 6, 1, 2, true, SIGMOID);
  windows(2, 4, 7, 7, 7, 7, 0, 0, true, TANH);
  windows(300, 1, 1, 5, 1, 5, 0, 0, false, RELU);
  windows(2, 3, 4, 4, 6, 6, 1, 1, true, NONE);
  optimiser(0.5);
  optimiser(0.9);
  std::printf("%u elements agree\n", compared);
}
