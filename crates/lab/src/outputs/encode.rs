//! Codes of images, with a draw of each where the encoder is random, and names and labels beside.

use std::{fmt::Write as _, path::PathBuf};

use candle_core::Tensor;
use vimae_checkpoint::atomic;
use vimae_core::{Code, Purpose, Streams};
use vimae_datasets::{
    ArrayWriter, Element,
    npz::{Values, to_npz},
};

use super::{
    input::{Images, Input},
    place::Out,
};
use crate::{Model, Progress, Result, Shelf};

/// Which images to encode.
#[derive(Debug, Clone)]
pub struct EncodeRequest {
    /// The images.
    pub images: Images,
    /// Of the draws: the same seed gives the same, whatever images stand beside one.
    pub seed: u64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// How many images.
    pub count: usize,
    /// Dimensions of a code.
    pub size: usize,
    /// The files.
    pub files: Vec<PathBuf>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// Codes of a set, row by row.
struct Codes {
    size: usize,
    mean: Vec<f32>,
    /// Where the encoder is random.
    log_var: Option<Vec<f32>>,
    draw: Option<Vec<f32>>,
}

/// Writes the codes of images. By the name's ending:
///
/// - `.npy`: the mean codes, `[N, d]`; beside it, where the encoder is random, `NAME.draw.npy`, and `NAME.images.csv` with
///   index, name and label of each row.
/// - `.npz`: `mean`, `log_var` and `draw` where the encoder is random, `name`, and `label` where a data set has them.
/// - `.csv`: a row for each image.
///
/// In memory are the codes, and a few images at a time.
///
/// # Errors
/// [`Error::Exists`](crate::Error::Exists) and [`Error::Output`](crate::Error::Output) for the place;
/// [`Error::Images`](crate::Error::Images) and [`Error::Data`](crate::Error::Data) for images that cannot be had.
pub fn encode(model: &Model, request: &EncodeRequest, out: Out<'_>, shelf: &mut Shelf, progress: &dyn Progress) -> Result<Encoded> {
    let ending = out.ending();
    if !["npy", "npz", "csv"].contains(&ending.as_str()) {
        return Err(out.wrong("codes go into a file that ends in .npy, .npz or .csv"));
    }
    let [draws, table] = ["draw.npy", "images.csv"].map(|end| out.path.with_extension(end));
    let beside: &[&PathBuf] = if ending == "npy" { &[&draws, &table] } else { &[] };
    out.check()?;
    beside.iter().try_for_each(|path| Out { path, ..out }.check())?;

    let input = Input::open(&request.images, model, shelf)?;
    let codes = of(model, &input, request.seed, progress)?;
    let names: Vec<String> = (0..input.len()).map(|place| input.name(place)).collect();
    let (shape, mut files) = ([input.len(), codes.size], vec![out.path.to_path_buf()]);
    match ending.as_str() {
        "npy" => {
            singles(out.path, &shape, &codes.mean)?;
            if let Some(draw) = &codes.draw {
                singles(&draws, &shape, draw)?;
                files.push(draws.clone());
            }
            atomic::write(&table, csv(&names, input.labels(), None).as_bytes())?;
            files.push(table.clone());
        }
        "npz" => {
            let labels: Option<Vec<i64>> = input.labels().map(|labels| labels.iter().map(|label| i64::from(*label)).collect());
            let rows = [input.len()];
            let mut arrays: Vec<(&str, &[usize], Values<'_>)> = vec![("mean", &shape, Values::Singles(&codes.mean))];
            arrays.extend(codes.log_var.as_deref().map(|values| ("log_var", shape.as_slice(), Values::Singles(values))));
            arrays.extend(codes.draw.as_deref().map(|values| ("draw", shape.as_slice(), Values::Singles(values))));
            arrays.push(("name", &rows, Values::Text(&names)));
            arrays.extend(labels.as_deref().map(|labels| ("label", rows.as_slice(), Values::Whole(labels))));
            atomic::write(out.path, &to_npz(&arrays)?)?;
        }
        _ => atomic::write(out.path, csv(&names, input.labels(), Some(&codes)).as_bytes())?,
    }
    Ok(Encoded { count: input.len(), size: codes.size, files, notes: input.notes() })
}

/// The codes of all images, in their order.
fn of(model: &Model, input: &Input, seed: u64, progress: &dyn Progress) -> Result<Codes> {
    let (size, streams) = (model.network().code_size(), Streams::new(seed).fold_in("encode"));
    let all = || vec![0_f32; input.len() * size];
    let mut codes = Codes { size, mean: all(), log_var: None, draw: None };
    input.visit(model, "codes", progress, &mut |places, _, batch| {
        let Code { mean, log_var } = model.encode(batch)?;
        scatter(&mut codes.mean, places, &mean)?;
        if let Some(log_var) = log_var {
            // Of each image its own, so that its draw is the same whatever stands beside it.
            let noise: Vec<f32> = places.iter().flat_map(|place| streams.normal(Purpose::CodeNoise, *place as u64, size)).collect();
            let noise = Tensor::from_vec(noise, (places.len(), size), mean.device())?;
            scatter(codes.log_var.get_or_insert_with(all), places, &log_var)?;
            let draw = Code { mean, log_var: Some(log_var) }.sample(&noise)?;
            scatter(codes.draw.get_or_insert_with(all), places, &draw)?;
        }
        Ok(())
    })?;
    Ok(codes)
}

/// Puts the rows of `[N, d]` at their places.
fn scatter(all: &mut [f32], places: &[usize], rows: &Tensor) -> Result<()> {
    let size = rows.dim(1)?;
    let values = rows.flatten_all()?.to_vec1::<f32>()?;
    for (place, row) in places.iter().zip(values.chunks_exact(size.max(1))) {
        if let Some(slot) = all.get_mut(place * size..(place + 1) * size) {
            slot.copy_from_slice(row);
        }
    }
    Ok(())
}

fn singles(path: &std::path::Path, shape: &[usize], values: &[f32]) -> Result<()> {
    let mut array = ArrayWriter::create(path, "codes", Element::Single, shape)?;
    for portion in values.chunks(1 << 16) {
        array.write(&portion.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())?;
    }
    Ok(array.finish()?)
}

/// One row an image: its index, name and label, and its code.
fn csv(names: &[String], labels: Option<&[u32]>, codes: Option<&Codes>) -> String {
    let columns: Vec<(&str, &[f32], usize)> = codes
        .into_iter()
        .flat_map(|codes| {
            let random = [("log_var", &codes.log_var), ("draw", &codes.draw)]
                .into_iter()
                .filter_map(|(name, values)| Some((name, values.as_deref()?)));
            [("mean", codes.mean.as_slice())].into_iter().chain(random).map(|(name, values)| (name, values, codes.size)).collect::<Vec<_>>()
        })
        .collect();
    let mut text = String::from("index,name");
    text += if labels.is_some() { ",label" } else { "" };
    for (name, _, size) in &columns {
        (0..*size).for_each(|j| text += &format!(",{name}_{j}"));
    }
    text.push('\n');
    for (index, name) in names.iter().enumerate() {
        // A name may hold a comma, a quotation mark or a line's end.
        let quoted = if name.contains([',', '"', '\n', '\r']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.clone() };
        text += &format!("{index},{quoted}");
        if let Some(label) = labels.and_then(|labels| labels.get(index)) {
            text += &format!(",{label}");
        }
        for (_, values, size) in &columns {
            for value in values.get(index * size..(index + 1) * size).unwrap_or_default() {
                // Writing into a string cannot fail.
                let _ = write!(text, ",{value}");
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_image_and_a_column_for_each_number() {
        let codes = Codes { size: 2, mean: vec![1.0, -0.5, 0.25, 3.0], log_var: None, draw: Some(vec![1.5, 0.0, 2.0, 4.0]) };
        let names = ["a,b".to_owned(), "c\"d".to_owned()];
        assert_eq!(
            csv(&names, Some(&[7, 3]), Some(&codes)),
            "index,name,label,mean_0,mean_1,draw_0,draw_1\n0,\"a,b\",7,1,-0.5,1.5,0\n1,\"c\"\"d\",3,0.25,3,2,4\n"
        );
        assert_eq!(csv(&names[1..], None, None), "index,name\n0,\"c\"\"d\"\n");
    }
}
