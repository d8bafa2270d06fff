//! Times of many rounds, and how they stand to their controls.

use crate::say;

/// Times of one round, microseconds.
pub struct Round(pub Vec<f64>);

impl Round {
    /// The time this share of the samples is below.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let place = ((sorted.len().saturating_sub(1)) as f64 * share).round() as usize;
        sorted.get(place).copied().unwrap_or(f64::NAN)
    }
}

/// One measurement and its controls, round by round.
pub struct Comparison {
    name: &'static str,
    ours: Vec<Round>,
    controls: Vec<(&'static str, Vec<Round>)>,
}

impl Comparison {
    pub fn new(name: &'static str, controls: &[&'static str]) -> Self {
        Self { name, ours: Vec::new(), controls: controls.iter().map(|name| (*name, Vec::new())).collect() }
    }

    pub fn ours(&mut self, round: Round) {
        self.ours.push(round);
    }

    pub fn control(&mut self, index: usize, round: Round) {
        if let Some((_, rounds)) = self.controls.get_mut(index) {
            rounds.push(round);
        }
    }

    /// Prints medians over rounds with their spread, and ours over the weighted sum of the controls, should there be some.
    pub fn print(&self, weights: &[f64], goal: f64) {
        let ours = line(self.name, &self.ours);
        if self.controls.is_empty() {
            return;
        }
        let sum: f64 =
            self.controls.iter().zip(weights).map(|((name, rounds), weight)| line(name, rounds) * weight).sum();
        let steady = self.controls.iter().all(|(_, rounds)| is_steady(rounds));
        let noise = if steady { "" } else { "  (a control strayed beyond twice its median: run again)" };
        let goal = if goal.is_nan() { String::new() } else { format!("  (goal ≤ {goal})") };
        say(&format!("  ours ÷ control: {:.2}{goal}{noise}", ours / sum));
    }
}

/// Prints times that have no control of their own.
pub fn alone(name: &str, rounds: &[Round]) -> f64 {
    line(name, rounds)
}

/// Prints the median of a figure's rounds with their spread, and answers it.
pub fn figure(name: &str, unit: &str, rounds: &[f64]) -> f64 {
    let (middle, low, high) = (middle(rounds), least(rounds), most(rounds));
    say(&format!("  {name:<34} {middle:>12.1} {unit}  (rounds {low:.1} to {high:.1})"));
    middle
}

fn least(all: &[f64]) -> f64 {
    all.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(all: &[f64]) -> f64 {
    all.iter().copied().fold(0.0, f64::max)
}

fn medians(rounds: &[Round]) -> Vec<f64> {
    rounds.iter().map(|round| round.quantile(0.5)).collect()
}

fn middle(values: &[f64]) -> f64 {
    Round(values.to_vec()).quantile(0.5)
}

fn is_steady(rounds: &[Round]) -> bool {
    let all = medians(rounds);
    let middle = middle(&all);
    all.iter().all(|median| *median < 2.0 * middle && *median > middle / 2.0)
}

fn line(name: &str, rounds: &[Round]) -> f64 {
    let all = medians(rounds);
    let p50 = middle(&all);
    let p99 = middle(&rounds.iter().map(|round| round.quantile(0.99)).collect::<Vec<_>>());
    let (low, high) = (least(&all), most(&all));
    let digits = usize::from(p50 < 100.0);
    say(&format!(
        "  {name:<12} p50 {p50:>8.digits$}  p99 {p99:>8.digits$}  (p50 of rounds {low:.digits$} to {high:.digits$})"
    ));
    p50
}
