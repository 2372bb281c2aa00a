//! What the paper claims of its numbers, decided by ours.
//!
//! A claim says that one method stands above others by a quantity made of metrics. On each seed that has all of them it
//! holds or not; whether it holds of the methods is a question for a test over seeds: see [`vimae_statistics::claim`].

use std::collections::{BTreeMap, BTreeSet};

use vimae_report::{probability, written_difference};
use vimae_spec::{
    Cell, ClaimVerdict, Decision, Direction, Measurement, Paper, PaperClaim, RivalTest, STAND_INS, behind_number, protocol_matches,
    unit_of_difference,
};
use vimae_statistics::{FEWEST_SEEDS, claim, holm, student, wilson};

/// The claims of the paper that cells decide.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Claims {
    /// One cell a seed for each claim: 1 where it holds on that seed, 0 where not.
    pub cells: Vec<Cell>,
    /// Each claim over its seeds.
    pub verdicts: Vec<ClaimVerdict>,
}

/// Decides every claim of each target that the cells have values for.
pub fn of(cells: &[Cell], paper: &Paper) -> Claims {
    let mut all = Claims::default();
    for (target, about) in &paper.0 {
        let mut found = Vec::new();
        for side in sides(cells, target) {
            let values = Side::values(&side, cells);
            for claim in &about.claims {
                let by = |protocol: &String| {
                    Seeds::of(values.iter().filter(|c| protocol_matches(protocol, &c.measurement.protocol.to_string())).copied(), claim)
                };
                found.extend(claim.protocols.iter().find_map(by).map(|seeds| (claim, side.clone(), seeds)));
            }
        }
        let tests: Vec<_> = found.iter().filter_map(|(_, _, seeds)| seeds.test()).collect();
        // One correction over the claims of a table, for each way to decide them.
        let holds = holm(&tests.iter().map(|test| test.p).collect::<Vec<_>>());
        let against = holm(&tests.iter().map(|test| test.p_against).collect::<Vec<_>>());
        let count = tests.len();
        for (((claim, side, seeds), test), corrected) in found.iter().zip(tests).zip(holds.into_iter().zip(against)) {
            let Some(verdict) = seeds.verdict((target, claim), side, test, corrected, count) else { continue };
            all.cells.extend(seeds.cells(&verdict));
            all.verdicts.push(verdict);
        }
    }
    all
}

/// A data set that runs of a target were made on, and the one of the paper that they stand for there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Side<'a> {
    target: &'a str,
    dataset: &'a str,
    paper_dataset: &'a str,
}

fn sides<'a>(cells: &'a [Cell], target: &'a str) -> BTreeSet<Side<'a>> {
    let here = cells.iter().filter(|cell| cell.target == target);
    here.filter_map(|cell| Some(Side { target, dataset: &cell.dataset, paper_dataset: cell.paper_dataset.as_deref()? })).collect()
}

impl Side<'_> {
    /// All cells of the runs that stand for it; some of their values have no row in the paper and another target.
    fn values<'a>(&self, cells: &'a [Cell]) -> Vec<&'a Cell> {
        let here = |cell: &&Cell| {
            cell.target == self.target && cell.dataset == self.dataset && cell.paper_dataset.as_deref() == Some(self.paper_dataset)
        };
        let runs: BTreeSet<&str> = cells.iter().filter(here).map(|cell| cell.spec_sha256.as_str()).collect();
        cells.iter().filter(|cell| runs.contains(cell.spec_sha256.as_str())).collect()
    }
}

/// One seed that has all of a claim.
struct Seed<'a> {
    /// A cell of the best method.
    cell: &'a Cell,
    /// Its quantity beside that of each of the others, in the claim's order; more is better.
    pairs: Vec<[f64; 2]>,
}

impl Seed<'_> {
    /// Whether it is better than each of the others.
    fn holds(&self) -> bool {
        self.pairs.iter().all(|[best, rival]| best > rival)
    }
}

/// Cells of one run by metric, with their values.
type ByMetric<'a> = BTreeMap<&'a str, (&'a Cell, f64)>;

/// What decides a claim.
struct Seeds<'a>(Vec<Seed<'a>>);

impl<'a> Seeds<'a> {
    /// None where no seed has every method and metric.
    fn of(cells: impl Iterator<Item = &'a Cell>, claim: &PaperClaim) -> Option<Self> {
        let asked = |metric: &str| claim.metrics.iter().any(|m| m == metric) || claim.quantity.from() == Some(metric);
        let mut values: BTreeMap<(u64, &str), ByMetric<'a>> = BTreeMap::new();
        for cell in cells.filter(|cell| asked(&cell.measurement.metric)) {
            if let Some(value) = cell.measurement.value {
                values.entry((cell.seed, &cell.method)).or_default().insert(&cell.measurement.metric, (cell, value));
            }
        }
        // More is better in what this gives, whichever way is better in the metrics.
        let quantity = |seed: u64, method: &str| {
            let found = values.get(&(seed, method))?;
            let of_metrics: Option<Vec<f64>> = claim.metrics.iter().map(|metric| found.get(metric.as_str()).map(|(_, v)| *v)).collect();
            let of_metrics = of_metrics.filter(|values| !values.is_empty())?;
            let mean = of_metrics.iter().sum::<f64>() / of_metrics.len() as f64;
            let from = claim.quantity.from().and_then(|metric| found.get(metric)).map(|(_, v)| *v);
            let (cell, _) = found.get(claim.metrics.first()?.as_str())?;
            let sign = if cell.measurement.direction == Direction::Lower { -1.0 } else { 1.0 };
            Some((*cell, sign * claim.quantity.of(mean, from)?))
        };
        let all: BTreeSet<u64> = values.keys().map(|(seed, _)| *seed).collect();
        let of_seed = |seed: u64| {
            let (cell, best) = quantity(seed, &claim.best)?;
            let pairs: Option<Vec<[f64; 2]>> = claim.than.iter().map(|rival| quantity(seed, rival).map(|(_, v)| [best, v])).collect();
            Some(Seed { cell, pairs: pairs? })
        };
        let seeds: Vec<_> = all.into_iter().filter_map(of_seed).collect();
        (!seeds.is_empty() && !claim.than.is_empty()).then_some(Self(seeds))
    }

    /// For each rival the pairs of all seeds.
    fn pairs(&self) -> Vec<Vec<[f64; 2]>> {
        let rivals = self.0.first().map_or(0, |seed| seed.pairs.len());
        (0..rivals).map(|rival| self.0.iter().filter_map(|seed| seed.pairs.get(rival).copied()).collect()).collect()
    }

    fn test(&self) -> Option<claim::ClaimTest> {
        claim::test(&self.pairs())
    }

    /// `corrected`: both p of `test` after correction over `count` claims.
    fn verdict(
        &self,
        (target, claim): (&str, &PaperClaim),
        side: &Side<'_>,
        test: claim::ClaimTest,
        (p_holm, p_against_holm): (Option<f64>, Option<f64>),
        count: usize,
    ) -> Option<ClaimVerdict> {
        let first = &self.0.first()?.cell.measurement;
        let stand_in = self.0.iter().any(|seed| seed.cell.stand_in);
        let rival = |(method, (pairs, p)): (&String, (Vec<[f64; 2]>, &Option<f64>))| RivalTest {
            method: method.clone(),
            better_by: pairs.iter().map(|[best, rival]| best - rival).sum::<f64>() / pairs.len() as f64,
            interval: student::paired_interval(&pairs),
            p: *p,
        };
        let decision = if stand_in { Decision::Undecided } else { claim::decide(test.seeds, p_holm, p_against_holm) };
        let mut verdict = ClaimVerdict {
            target: target.into(),
            dataset: side.dataset.into(),
            paper_dataset: Some(side.paper_dataset.into()),
            stand_in,
            claim: claim.name.clone(),
            text: claim.text.clone(),
            quantity: claim.words(),
            unit: claim.unit(&first.unit).into(),
            protocol: first.protocol.clone(),
            method: claim.best.clone(),
            rivals: claim.than.iter().zip(self.pairs().into_iter().zip(&test.rivals)).map(rival).collect(),
            seeds: test.seeds,
            held: test.held,
            share: wilson::interval(test.held, test.seeds)?,
            hardest: test.hardest.and_then(|rival| claim.than.get(rival)).cloned(),
            p: test.p,
            p_holm,
            p_against: test.p_against,
            p_against_holm,
            decision,
            words: String::new(),
        };
        verdict.words = words(&verdict, count);
        Some(verdict)
    }

    fn cells(&self, verdict: &ClaimVerdict) -> Vec<Cell> {
        let cell = |seed: &Seed<'_>| Cell {
            target: verdict.target.clone(),
            measurement: Measurement {
                value: Some(f64::from(u8::from(seed.holds()))),
                ..Measurement::new(PaperClaim::ENTRY, PaperClaim::metric_of(&verdict.claim), verdict.protocol.clone(), "share of seeds")
                    .sized(1)
                    .better(Direction::Higher)
                    .noted(format!("{}: {}", verdict.text, verdict.words))
            },
            paper_dataset: verdict.paper_dataset.clone(),
            paper: None,
            paper_certainty: None,
            tolerance: None,
            ..seed.cell.clone()
        };
        self.0.iter().map(cell).collect()
    }
}

/// The verdict in a sentence; `count` claims were corrected together.
fn words(verdict: &ClaimVerdict, count: usize) -> String {
    let on = verdict.start();
    let hardest = verdict.rivals.iter().find(|rival| Some(&rival.method) == verdict.hardest.as_ref());
    let nearest = hardest.or_else(|| verdict.rivals.iter().min_by(|a, b| a.better_by.total_cmp(&b.better_by)));
    let Some(rival) = nearest else { return on };
    let unit = behind_number(unit_of_difference(&verdict.protocol, &verdict.unit));
    let side = if rival.better_by < 0.0 { "worse" } else { "better" };
    let amount = written_difference(rival.better_by, rival.interval.map(|[low, high]| (high - low) / 2.0));
    let by = format!("{on}; by {}, {side} by {amount}{unit} than {}", verdict.quantity, rival.method);
    let claims = if count == 1 { "1 claim".into() } else { format!("{count} claims") };
    if verdict.seeds < FEWEST_SEEDS {
        return format!("{by}; fewer than {FEWEST_SEEDS} seeds decide nothing");
    }
    if verdict.stand_in {
        return format!("{by}; {STAND_INS} decide nothing");
    }
    match (verdict.p, verdict.p_holm, verdict.p_against_holm) {
        (Some(p), Some(p_holm), _) if verdict.decision != Decision::Fails => {
            let [p, p_holm] = [p, p_holm].map(probability);
            format!("{by}, the rival with the largest p: {p}, one-sided, {p_holm} by Holm over {claims}")
        }
        (_, _, Some(against)) if verdict.decision == Decision::Fails => {
            let against = probability(against);
            format!("{by}; the p that some rival is better: {against} by Bonferroni over rivals and Holm over {claims}")
        }
        _ => format!("{by}; a difference is the same on all seeds, and has no test"),
    }
}

#[cfg(test)]
mod tests;
