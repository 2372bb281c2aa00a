//! Discrete channels: every expectation is a finite sum, so that identities hold to rounding.

use rand::Rng;
use vimae_core::{Purpose, Streams};

/// Values of x, and of z.
const VALUES: usize = 3;
/// Channels tried.
const TRIALS: u64 = 50;
/// Rounding of sums of a few dozen terms.
const ROUNDING: f64 = 1e-12;

type Law = Vec<f64>;
/// Row x: a law of z, or row z: a law of x.
type Channel = Vec<Law>;

/// An encoder q(z|x) of data p(x), and a decoder p_theta(x|z) with a prior p(z).
struct Model {
    p_x: Law,
    q_z_x: Channel,
    p_z: Law,
    p_x_z: Channel,
}

fn law(rng: &mut impl Rng) -> Law {
    let weights: Vec<f64> = (0..VALUES).map(|_| rng.random_range(0.05..1.0)).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

fn kl(q: &[f64], p: &[f64]) -> f64 {
    q.iter().zip(p).filter(|(q, _)| **q > 0.0).map(|(q, p)| q * (q / p).ln()).sum()
}

fn entropy(p: &[f64]) -> f64 {
    -p.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>()
}

/// The law at the channel's end, and the channel turned round.
fn through(start: &[f64], channel: &Channel) -> (Law, Channel) {
    let end: Law = (0..VALUES).map(|z| (0..VALUES).map(|x| start[x] * channel[x][z]).sum()).collect();
    let back = (0..VALUES).map(|z| (0..VALUES).map(|x| start[x] * channel[x][z] / end[z]).collect()).collect();
    (end, back)
}

/// Mean of `kl(a[i], b[i])` under `weights`.
fn mean_kl(weights: &[f64], a: &Channel, b: &Channel) -> f64 {
    (0..VALUES).map(|i| weights[i] * kl(&a[i], &b[i])).sum()
}

impl Model {
    fn random(trial: u64) -> Self {
        let rng = &mut Streams::new(11).at(Purpose::Evaluation, trial);
        let channel = |rng: &mut _| (0..VALUES).map(|_| law(rng)).collect();
        Self { p_x: law(rng), q_z_x: channel(rng), p_z: law(rng), p_x_z: channel(rng) }
    }

    /// q(z) and q(x|z).
    fn encoded(&self) -> (Law, Channel) {
        through(&self.p_x, &self.q_z_x)
    }

    /// p_theta(x) and p_theta(z|x).
    fn decoded(&self) -> (Law, Channel) {
        through(&self.p_z, &self.p_x_z)
    }

    /// I_q(X, Z).
    fn encoding_information(&self) -> f64 {
        let q_z = self.encoded().0;
        (0..VALUES).map(|x| self.p_x[x] * kl(&self.q_z_x[x], &q_z)).sum()
    }

    /// The rate E KL(q(z|x) || p(z)).
    fn rate(&self) -> f64 {
        (0..VALUES).map(|x| self.p_x[x] * kl(&self.q_z_x[x], &self.p_z)).sum()
    }

    /// E_p(x) E_q(z|x) log p_theta(x|z).
    fn log_likelihood(&self) -> f64 {
        let pairs = (0..VALUES).flat_map(|x| (0..VALUES).map(move |z| (x, z)));
        pairs.map(|(x, z)| self.p_x[x] * self.q_z_x[x][z] * self.p_x_z[z][x].ln()).sum()
    }

    /// I_theta,phi(X, Z) = h(X) + E log p_theta(x|z), equation 6.
    fn variational_information(&self) -> f64 {
        entropy(&self.p_x) + self.log_likelihood()
    }

    /// VIM_theta,phi, equation 7 with the Kullback-Leibler divergence.
    fn infomax(&self, lambda: f64) -> f64 {
        self.log_likelihood() - lambda * kl(&self.encoded().0, &self.p_z)
    }
}

#[test]
fn section_2_3_the_rate_is_the_information_plus_the_divergence_of_q_from_the_prior() {
    for trial in 0..TRIALS {
        let model = Model::random(trial);
        let (information, apart) = (model.encoding_information(), kl(&model.encoded().0, &model.p_z));
        assert!(information > 1e-4 && apart > 1e-6, "trial {trial} shows nothing: {information} {apart}");
        assert!((model.rate() - information - apart).abs() < ROUNDING);
    }
}

#[test]
fn equation_14_the_decoder_misses_the_information_by_its_divergence_from_the_encoder_turned_round() {
    for trial in 0..TRIALS {
        let model = Model::random(trial);
        let (q_z, q_x_z) = model.encoded();
        let missed = mean_kl(&q_z, &q_x_z, &model.p_x_z);
        assert!((model.encoding_information() - model.variational_information() - missed).abs() < ROUNDING);
        assert!(model.variational_information() <= model.encoding_information());
        // Equal where the decoder is the encoder turned round, and nowhere near elsewhere.
        let best = Model { p_x_z: q_x_z, ..model };
        assert!((best.encoding_information() - best.variational_information()).abs() < ROUNDING && missed > 1e-3);
    }
}

#[test]
fn equation_8_the_infomax_objective_decomposes_up_to_the_entropy_of_the_data() {
    for trial in 0..TRIALS {
        let model = Model::random(trial);
        let (q_z, q_x_z) = model.encoded();
        let (p_theta_x, p_theta_z_x) = model.decoded();
        let (data, codes) = (kl(&model.p_x, &p_theta_x), kl(&q_z, &model.p_z));
        let posterior = mean_kl(&model.p_x, &model.q_z_x, &p_theta_z_x);
        for lambda in [0.0, 1.0, 10.0] {
            let objective = model.infomax(lambda) + entropy(&model.p_x);
            // The form of Zhao et al. that the appendix starts from holds for every model.
            let from_zhao = -data - posterior - (lambda - 1.0) * codes + model.encoding_information();
            assert!((objective - from_zhao).abs() < ROUNDING * 10.0);
            // As printed it takes E KL(q(z|x) || p_theta(z|x)) for E KL(q(x|z) || p_theta(x|z)). By the chain rule the two
            // differ by KL(q(z) || p(z)) - KL(p(x) || p_theta(x)), and so does the printed form from the objective.
            let printed = -data - (lambda - 1.0) * codes + model.variational_information();
            assert!((printed - objective - (codes - data)).abs() < ROUNDING * 10.0);
        }
        assert!((mean_kl(&q_z, &q_x_z, &model.p_x_z) - posterior - (data - codes)).abs() < ROUNDING);
        // "By the autoencoder's architecture": where q(x, z) = p_theta(x, z) nothing is left of the difference.
        let consistent = Model { p_z: q_z, p_x_z: q_x_z, ..model };
        let (p_theta_x, _) = consistent.decoded();
        assert!(kl(&consistent.p_x, &p_theta_x) < ROUNDING);
        assert!((consistent.infomax(10.0) + entropy(&consistent.p_x) - consistent.variational_information()).abs() < ROUNDING);
    }
}

/// Joint laws of x and z with marginals `p` and `q` at the corners of their set: mass is given out row by row in some order
/// of rows and columns. With three values of each the order reaches every corner, since their supports are caterpillar trees.
fn corners(p: &[f64], q: &[f64]) -> Vec<Channel> {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut found = Vec::new();
    for rows in ORDERS {
        for columns in ORDERS {
            let mut joint = vec![vec![0.0; VALUES]; VALUES];
            let (mut left_p, mut left_q) = (p.to_vec(), q.to_vec());
            let (mut i, mut j) = (0, 0);
            while i < VALUES && j < VALUES {
                let (x, z) = (rows[i], columns[j]);
                let mass = left_p[x].min(left_q[z]);
                joint[x][z] += mass;
                left_p[x] -= mass;
                left_q[z] -= mass;
                if left_p[x] <= left_q[z] { i += 1 } else { j += 1 }
            }
            found.push(joint);
        }
    }
    found
}

fn information(joint: &Channel, p: &[f64], q: &[f64]) -> f64 {
    let independent = (0..VALUES).flat_map(|x| (0..VALUES).map(move |z| p[x] * q[z])).collect::<Vec<_>>();
    kl(&joint.concat(), &independent)
}

#[test]
fn the_appendix_orders_best_encoding_and_variational_information() {
    for trial in 0..TRIALS {
        let model = Model::random(trial);
        // Information is convex in a joint law with fixed marginals: the most informative one stands at a corner.
        let best = corners(&model.p_x, &model.p_z).iter().map(|j| information(j, &model.p_x, &model.p_z)).fold(0.0, f64::max);
        assert!(best <= entropy(&model.p_x).min(entropy(&model.p_z)) + ROUNDING);
        // An encoder with q(z) = p(z): a random joint law, its rows and columns scaled in turn to the two marginals.
        let mut joint: Channel = model.q_z_x.clone();
        for _ in 0..500 {
            for (row, p) in joint.iter_mut().zip(&model.p_x) {
                let sum: f64 = row.iter().sum();
                row.iter_mut().for_each(|v| *v *= p / sum);
            }
            for z in 0..VALUES {
                let sum: f64 = joint.iter().map(|row| row[z]).sum();
                joint.iter_mut().for_each(|row| row[z] *= model.p_z[z] / sum);
            }
        }
        let q_z_x = (0..VALUES).map(|x| joint[x].iter().map(|v| v / model.p_x[x]).collect()).collect();
        let constrained = Model { q_z_x, ..model };
        assert!(kl(&constrained.encoded().0, &constrained.p_z) < 1e-9, "the constraint of equation 6");
        let (encoding, variational) = (constrained.encoding_information(), constrained.variational_information());
        assert!(best >= encoding && encoding >= variational, "{best} {encoding} {variational}");
        assert!(encoding > 1e-6 && best - encoding > 1e-3, "trial {trial} shows nothing");
    }
    // Equal marginals: the best joint law says all of x.
    let third = vec![1.0 / 3.0; 3];
    let best = corners(&third, &third).iter().map(|j| information(j, &third, &third)).fold(0.0, f64::max);
    assert!((best - 3.0_f64.ln()).abs() < ROUNDING);
}

#[test]
fn section_4_infomax_and_bottleneck_coincide_for_a_deterministic_encoder() {
    // Equation 12 weighs I_q(X, Z), equation 10 the capacity, in proportion to h(Z): without noise the two are one.
    let p_x = vec![0.5, 0.3, 0.2];
    let model = Model { q_z_x: vec![vec![0.0, 1.0, 0.0], vec![0.0, 1.0, 0.0], vec![1.0, 0.0, 0.0]], p_x, ..Model::random(0) };
    let q_z: Law = (0..VALUES).map(|z| (0..VALUES).map(|x| model.p_x[x] * model.q_z_x[x][z]).sum()).collect();
    assert!((model.encoding_information() - entropy(&q_z)).abs() < ROUNDING);
    assert!((entropy(&q_z) - entropy(&[0.2, 0.8])).abs() < ROUNDING);
}
