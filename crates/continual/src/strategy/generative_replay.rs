//! # Samples in the place of earlier images
//! Before a task the network is copied and frozen: the teacher. In task k a share n_k / (n_1 + .. + n_k) of each step are
//! images of the task, the rest are images that the teacher decodes from draws of its prior (Shin et al. 2017). No image
//! is kept.
//!
//! With `consistency` w > 0 the student's codes are held to the teacher's (Ramapuram et al. 2017): the loss gains
//! w (R / N) mean KL(q(z|x) || q_teacher(z|x)) over the R replayed images among the N of a step. Codes without a variance
//! have half their squared distance, the same KL at variance 1. Not taken over: their discrete code of the task and their
//! regulariser of its information.

use candle_core::{Device, Tensor};
use vimae_core::{Batch, Code, Entry, Mode, Objective, Pass, Purpose, Streams, settings::Schema};

use crate::{BuildStrategy, Kept, Memory, Past, Replay, Result, Strategy, Task, Teacher};

pub(crate) const ENTRY: Entry<BuildStrategy> = Entry {
    name: "generative_replay",
    summary: "a frozen copy of the network draws what earlier tasks were like",
    source: "Shin et al., Continual Learning with Deep Generative Replay, 2017; consistency of codes: Ramapuram, Gregorova, Kalousis, Lifelong Generative Modeling, 2017",
    settings: Schema::of::<Generative>,
    build: |settings| Ok(Box::new(settings.read::<Generative>()?)),
};

vimae_core::settings! {
    /// The replay.
    struct Generative {
        /// weight of the divergence of codes of replayed images from the copy's; 0 leaves it out
        consistency: f64 = 0.0, from 0.0, to 1e6;
    }
}

/// The label of an image that nobody has labelled.
const NO_LABEL: u32 = u32::MAX;

impl Strategy for Generative {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn lacks(&self, _: &[Task], objective: &dyn Objective) -> Option<String> {
        objective.ex_post().map(|_| {
            let name = objective.name();
            format!("it draws from the prior, and {name} has none: its density is fitted to codes of all images at the end; take replay")
        })
    }

    fn recall(&self, past: &Past<'_>) -> Result<Box<dyn Memory>> {
        let streams = past.streams.fold_in("continual.generated");
        Ok(Box::new(Remembered { teacher: (past.teacher)()?, consistency: self.consistency, streams, device: past.device.clone() }))
    }
}

struct Remembered {
    teacher: Teacher,
    consistency: f64,
    streams: Streams,
    device: Device,
}

impl Memory for Remembered {
    fn replay(&self) -> Option<&dyn Replay> {
        Some(self)
    }

    fn penalty(&self, pass: &Pass<'_>, replayed: usize) -> vimae_core::Result<Option<(&'static str, Tensor)>> {
        if self.consistency == 0.0 || replayed == 0 {
            return Ok(None);
        }
        let count = pass.images.dim(0)?;
        let rows = |tensor: &Tensor| tensor.narrow(0, count - replayed, replayed);
        let teacher = self.teacher.model.encode(&rows(pass.images)?, Mode::Evaluate)?.map(|tensor| Ok(tensor.detach()))?;
        let student = pass.code.map(rows)?;
        Ok(Some(("consistency", (apart(&student, &teacher)? * (self.consistency / count as f64))?)))
    }

    fn kept(&self) -> Kept {
        Kept { images: 0, bytes: self.teacher.bytes }
    }
}

/// The sum of KL(student || teacher) over the rows.
fn apart(student: &Code, teacher: &Code) -> vimae_core::Result<Tensor> {
    let squared = (&student.mean - &teacher.mean)?.sqr()?;
    let twice = match (&student.log_var, &teacher.log_var) {
        (Some(own), Some(other)) => {
            let ratio = (own - other)?;
            (((squared / other.exp()?)? + ratio.exp()?)? - ratio)?.affine(1.0, -1.0)?
        }
        _ => squared,
    };
    Ok((twice.sum_all()? * 0.5)?)
}

impl Replay for Remembered {
    fn batch(&self, step: u64, count: usize) -> vimae_core::Result<Batch> {
        let Teacher { model, prior, .. } = &self.teacher;
        let size = model.code_size();
        let codes = prior.draw(&self.streams, Purpose::PriorSample, step, count, size)?;
        let codes = Tensor::from_vec(codes, (count, size), &self.device)?;
        Ok(Batch { images: model.decode(&codes, Mode::Evaluate)?.detach(), labels: vec![NO_LABEL; count] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_apart_by_the_divergence_of_their_gaussians() {
        let row = |values: &[f64]| Tensor::new(values, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let code = |mean: &[f64], variances: Option<&[f64]>| Code {
            mean: row(mean),
            log_var: variances.map(|v| row(&v.iter().map(|v| v.ln()).collect::<Vec<_>>())),
        };
        let value = |a: &Code, b: &Code| apart(a, b).unwrap().to_scalar::<f64>().unwrap();
        let (own, other) = (code(&[1.0, 0.0], Some(&[0.5, 1.0])), code(&[0.0, 0.0], Some(&[2.0, 1.0])));
        // KL(N(1, 1/2) || N(0, 2)) = (ln 4 + (1/2 + 1) / 2 - 1) / 2.
        assert!((value(&own, &other) - 0.5 * (4.0_f64.ln() + 0.75 - 1.0)).abs() < 1e-12);
        assert_eq!(value(&own, &own), 0.0);
        assert_eq!(value(&code(&[3.0, 0.0], None), &code(&[0.0, 4.0], None)), 12.5);
    }
}
