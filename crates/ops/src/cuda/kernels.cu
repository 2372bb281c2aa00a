// The kernels of vimae-ops for NVIDIA GPUs, compiled at run time for float and for double (REAL).
//
// Images are [n, c, h, w]. Sums go over pieces that depend on shapes alone, and a block adds its
// threads in a tree: the same bits every time. Sums are merged in double.

typedef unsigned int u32;
typedef unsigned long long u64;

// Threads of a block of a reduction.
#define THREADS 256

#define NONE 0
#define RELU 1
#define SIGMOID 2
#define TANH 3

// Rows of the tables, [row, c].
#define SCALE 0
#define SHIFT 1
#define MEAN 2
#define INVERSE 3
#define BATCH_MEAN 4
#define BATCH_VAR 5
#define SLOPE 0
#define OFFSET 1
#define GAMMA_GRADIENT 2
#define BETA_GRADIENT 3

// NaN stays visible.
__device__ __forceinline__ REAL rectify(REAL v) { return v < REAL(0) ? REAL(0) : v; }

__device__ __forceinline__ REAL apply(REAL v, int function) {
  switch (function) {
    case RELU: return rectify(v);
    case SIGMOID: return REAL(1) / (REAL(1) + exp(-v));
    case TANH: return tanh(v);
    default: return v;
  }
}

// A launch over rows: x is the place in a row, y goes through rows.
#define FOR_ROWS(outer, n) \
  for (u32 n = blockIdx.y * blockDim.y + threadIdx.y; n < (outer); n += gridDim.y * blockDim.y)

// y = function(window of x + bias): target pixel (i, j) takes source pixel (i + dy, j + dx), or zero.
extern "C" __global__ void window(const REAL *x, REAL *y, const REAL *bias, u32 outer, u32 c, u32 from_h, u32 from_w, u32 to_h,
                                  u32 to_w, int dy, int dx, int function) {
  const u32 pixels = to_h * to_w, row = c * pixels;
  const u32 place = blockIdx.x * blockDim.x + threadIdx.x;
  if (place >= row) return;
  const u32 channel = place / pixels, pixel = place - channel * pixels;
  const int i = int(pixel / to_w) + dy, j = int(pixel % to_w) + dx;
  const bool inside = i >= 0 && i < int(from_h) && j >= 0 && j < int(from_w);
  const u64 from_row = u64(c) * from_h * from_w;
  const u64 at = inside ? (u64(channel) * from_h + i) * from_w + j : 0;
  const REAL add = bias ? bias[channel] : REAL(0);
  FOR_ROWS(outer, n) {
    const REAL v = inside ? x[n * from_row + at] : REAL(0);
    y[u64(n) * row + place] = apply(v + add, function);
  }
}

// dx = grad times the derivative of the function, by its result y.
extern "C" __global__ void function_gradient(const REAL *y, const REAL *grad, REAL *dx, u64 count, int function) {
  const u64 step = u64(gridDim.x) * blockDim.x;
  for (u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const REAL v = y[i], g = grad[i];
    switch (function) {
      case RELU: dx[i] = v <= REAL(0) ? REAL(0) : g; break;
      case SIGMOID: dx[i] = g * v * (REAL(1) - v); break;
      case TANH: dx[i] = g * (REAL(1) - v * v); break;
      default: dx[i] = g;
    }
  }
}

// Element e of a channel of [outer, c, inner].
__device__ __forceinline__ u64 address(u32 e, u32 channel, u32 c, u32 inner) {
  const u32 n = e / inner;
  return (u64(n) * c + channel) * inner + (e - n * inner);
}

struct Moments {
  double count, mean, squares;
};

// Chan, Golub and LeVeque (1979).
__device__ __forceinline__ Moments merge(Moments a, Moments b) {
  if (b.count == 0) return a;
  if (a.count == 0) return b;
  const double count = a.count + b.count, delta = b.mean - a.mean;
  return {count, a.mean + delta * (b.count / count), a.squares + b.squares + delta * delta * (a.count * b.count / count)};
}

// Count, mean and squares about it of a piece of a channel. Grid (c, splits).
extern "C" __global__ void moments(const REAL *x, double *pieces, u32 c, u32 inner, u32 count, u32 per_split) {
  __shared__ Moments shared[THREADS];
  const u32 channel = blockIdx.x, t = threadIdx.x, first = blockIdx.y * per_split;
  const u32 end = min(first + per_split, count);
  // Welford (1962): a large mean costs no digits.
  REAL mean = 0, squares = 0;
  u32 seen = 0;
  for (u32 e = first + t; e < end; e += THREADS) {
    const REAL v = x[address(e, channel, c, inner)];
    const REAL delta = v - mean;
    mean += delta / REAL(++seen);
    squares += delta * (v - mean);
  }
  shared[t] = {double(seen), double(mean), double(squares)};
  for (u32 half = THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (t < half) shared[t] = merge(shared[t], shared[t + half]);
  }
  if (t == 0) {
    double *piece = pieces + (u64(channel) * gridDim.y + blockIdx.y) * 3;
    piece[0] = shared[0].count;
    piece[1] = shared[0].mean;
    piece[2] = shared[0].squares;
  }
}

__device__ __forceinline__ void coefficients(REAL *table, u32 c, u32 channel, double mean, double var, double unbiased, REAL gamma,
                                             REAL beta, double bias, double eps) {
  const double inverse = 1.0 / sqrt(var + eps), scale = double(gamma) * inverse;
  table[SCALE * c + channel] = REAL(scale);
  table[SHIFT * c + channel] = REAL(double(beta) - mean * scale);
  table[MEAN * c + channel] = REAL(mean);
  table[INVERSE * c + channel] = REAL(inverse);
  table[BATCH_MEAN * c + channel] = REAL(mean + bias);
  table[BATCH_VAR * c + channel] = REAL(unbiased);
}

// The coefficients of a batch from its pieces, a thread a channel.
extern "C" __global__ void batch_coefficients(const double *pieces, u32 splits, const REAL *gamma, const REAL *beta, const REAL *bias,
                                              REAL *table, u32 c, double eps) {
  const u32 channel = blockIdx.x * blockDim.x + threadIdx.x;
  if (channel >= c) return;
  Moments total = {0, 0, 0};
  for (u32 split = 0; split < splits; split++) {
    const double *piece = pieces + (u64(channel) * splits + split) * 3;
    total = merge(total, {piece[0], piece[1], piece[2]});
  }
  coefficients(table, c, channel, total.mean, total.squares / total.count, total.squares / (total.count - 1), gamma[channel],
               beta[channel], bias ? double(bias[channel]) : 0.0, eps);
}

// The same from given statistics.
extern "C" __global__ void given_coefficients(const REAL *mean, const REAL *var, const REAL *gamma, const REAL *beta, REAL *table, u32 c,
                                              double eps) {
  const u32 channel = blockIdx.x * blockDim.x + threadIdx.x;
  if (channel >= c) return;
  coefficients(table, c, channel, mean[channel], var[channel], var[channel], gamma[channel], beta[channel], 0.0, eps);
}

// y = scale x + shift, then perhaps ReLU.
extern "C" __global__ void normalise(const REAL *x, const REAL *table, REAL *y, u32 outer, u32 c, u32 inner, int relu) {
  const u32 row = c * inner, place = blockIdx.x * blockDim.x + threadIdx.x;
  if (place >= row) return;
  const u32 channel = place / inner;
  const REAL scale = table[SCALE * c + channel], shift = table[SHIFT * c + channel];
  FOR_ROWS(outer, n) {
    const u64 at = u64(n) * row + place;
    const REAL v = x[at] * scale + shift;
    y[at] = relu ? rectify(v) : v;
  }
}

// The gradient that passes ReLU; its argument is formed again, which spares reading the result.
__device__ __forceinline__ REAL passed(REAL x, REAL grad, REAL scale, REAL shift, int relu) {
  return relu && x * scale + shift <= REAL(0) ? REAL(0) : grad;
}

// Over a piece of a channel the sums of the passed gradient and of it times (x - mean); without a
// table the sum of grad alone. Grid (c, splits).
extern "C" __global__ void sums(const REAL *x, const REAL *grad, const REAL *table, double *pieces, u32 c, u32 inner, u32 count,
                                u32 per_split, int relu) {
  __shared__ double shared[2][THREADS];
  const u32 channel = blockIdx.x, t = threadIdx.x, first = blockIdx.y * per_split;
  const u32 end = min(first + per_split, count);
  REAL scale = 0, shift = 0, mean = 0;
  if (table) {
    scale = table[SCALE * c + channel];
    shift = table[SHIFT * c + channel];
    mean = table[MEAN * c + channel];
  }
  REAL sum = 0, product = 0;
  for (u32 e = first + t; e < end; e += THREADS) {
    const u64 at = address(e, channel, c, inner);
    if (table) {
      const REAL v = x[at], g = passed(v, grad[at], scale, shift, relu);
      sum += g;
      product += g * (v - mean);
    } else {
      sum += grad[at];
    }
  }
  shared[0][t] = sum;
  shared[1][t] = product;
  for (u32 half = THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (t < half) {
      shared[0][t] += shared[0][t + half];
      shared[1][t] += shared[1][t + half];
    }
  }
  if (t == 0) {
    double *piece = pieces + (u64(channel) * gridDim.y + blockIdx.y) * 2;
    piece[0] = shared[0][0];
    piece[1] = shared[1][0];
  }
}

// The corrections [4, c] from the sums, a thread a channel; `batch` where the statistics are x's own.
extern "C" __global__ void corrections(const double *pieces, u32 splits, const REAL *table, REAL *out, u32 c, double count, int batch) {
  const u32 channel = blockIdx.x * blockDim.x + threadIdx.x;
  if (channel >= c) return;
  double sum = 0, product = 0;
  for (u32 split = 0; split < splits; split++) {
    sum += pieces[(u64(channel) * splits + split) * 2];
    product += pieces[(u64(channel) * splits + split) * 2 + 1];
  }
  const double inverse = table[INVERSE * c + channel], through = batch ? -double(table[SCALE * c + channel]) / count : 0.0;
  const double gamma_gradient = product * inverse;
  out[SLOPE * c + channel] = REAL(through * gamma_gradient * inverse);
  out[OFFSET * c + channel] = REAL(through * sum);
  out[GAMMA_GRADIENT * c + channel] = REAL(gamma_gradient);
  out[BETA_GRADIENT * c + channel] = REAL(sum);
}

// The first of the sums alone, [c].
extern "C" __global__ void totals(const double *pieces, u32 splits, REAL *out, u32 c) {
  const u32 channel = blockIdx.x * blockDim.x + threadIdx.x;
  if (channel >= c) return;
  double sum = 0;
  for (u32 split = 0; split < splits; split++) sum += pieces[(u64(channel) * splits + split) * 2];
  out[channel] = REAL(sum);
}

// dx = scale g + slope (x - mean) + offset, g being what passes ReLU.
extern "C" __global__ void norm_gradient(const REAL *x, const REAL *grad, const REAL *table, const REAL *more, REAL *dx, u32 outer, u32 c,
                                         u32 inner, int relu) {
  const u32 row = c * inner, place = blockIdx.x * blockDim.x + threadIdx.x;
  if (place >= row) return;
  const u32 channel = place / inner;
  const REAL scale = table[SCALE * c + channel], shift = table[SHIFT * c + channel], mean = table[MEAN * c + channel];
  const REAL slope = more[SLOPE * c + channel], offset = more[OFFSET * c + channel];
  FOR_ROWS(outer, n) {
    const u64 at = u64(n) * row + place;
    const REAL v = x[at];
    dx[at] = passed(v, grad[at], scale, shift, relu) * scale + (v - mean) * slope + offset;
  }
}

// The parameters of one launch of Adam; the Rust side has the same fields.
#define PARAMETERS 64
struct Table {
  REAL *parameter[PARAMETERS];
  const REAL *gradient[PARAMETERS];
  REAL *m[PARAMETERS];
  REAL *v[PARAMETERS];
  u64 size[PARAMETERS];
  u32 first_block[PARAMETERS + 1];
  u32 count;
};

static_assert(sizeof(Table) == 2824, "as on the Rust side");

struct Step {
  REAL keep, take, weight, remaining, size, root, epsilon;
  u32 near_end;
};
static_assert(sizeof(Step) == 8 * sizeof(REAL), "as on the Rust side");

// Adam as PyTorch computes it, all parameters at once.
extern "C" __global__ void adam(const Table table, const Step f) {
  // The last parameter whose first block is not behind this one.
  u32 low = 0, high = table.count - 1;
  while (low < high) {
    const u32 middle = (low + high + 1) / 2;
    if (table.first_block[middle] <= blockIdx.x) low = middle; else high = middle - 1;
  }
  const u64 first = u64(blockIdx.x - table.first_block[low]) * (4 * THREADS);
  const u64 end = min(first + 4 * THREADS, table.size[low]);
  REAL *p = table.parameter[low], *m = table.m[low], *v = table.v[low];
  const REAL *gradient = table.gradient[low];
  for (u64 i = first + threadIdx.x; i < end; i += THREADS) {
    const REAL g = gradient[i];
    const REAL mean = f.near_end ? m[i] + f.weight * (g - m[i]) : g - (g - m[i]) * f.remaining;
    const REAL square = v[i] * f.keep + f.take * g * g;
    m[i] = mean;
    v[i] = square;
    p[i] -= f.size * (mean / (sqrt(square) / f.root + f.epsilon));
  }
}
