//! A made-up data set of two kinds of stripes.

use vimae_core::{ImageSet, PixelRange, Silent, Split};

use super::*;

struct Stripes {
    set: ImageSet,
    classes: usize,
}

impl Stripes {
    fn new(count: usize) -> Self {
        let shape = ImageShape { channels: 1, height: 9, width: 8 };
        // Class 0 across, class 1 down; phase and strength vary.
        let pixel = |i: usize, y: usize, x: usize| {
            let at = if i.is_multiple_of(2) { y } else { x };
            if (at + i / 2).is_multiple_of(3) { (120 + i * 37 % 130) as u8 } else { (i * 11 % 40) as u8 }
        };
        let pixels = (0..count).flat_map(|i| (0..9).flat_map(move |y| (0..8).map(move |x| pixel(i, y, x)))).collect();
        let set = ImageSet::new(shape, pixels, (0..count as u32).map(|i| i % 2).collect()).unwrap();
        Self { set, classes: 2 }
    }
}

impl Dataset for Stripes {
    fn name(&self) -> &str {
        "stripes"
    }
    fn range(&self) -> PixelRange {
        PixelRange::Unit
    }
    fn classes(&self) -> usize {
        self.classes
    }
    fn sha256(&self) -> &str {
        "made up"
    }
    fn split(&self, _: Split) -> Result<&ImageSet> {
        Ok(&self.set)
    }
}

fn images(set: &ImageSet) -> Vec<ImageView<'_>> {
    set.pixels().chunks(set.shape().len()).map(|bytes| ImageView { shape: set.shape(), bytes }).collect()
}

#[test]
fn it_learns_the_labels_and_is_a_function_of_the_data() {
    let stripes = Stripes::new(400);
    let network = Classifier::train(&stripes, &Silent).unwrap();
    let outputs = network.run(&images(&stripes.set)).unwrap();
    let (classes, logits) = outputs.logits.unwrap();
    let right = logits.chunks(classes).zip(stripes.set.labels()).filter(|(l, label)| (l[1] > l[0]) == (**label == 1)).count();
    assert!(right > 380, "{right} of 400");
    assert_eq!((outputs.features.len(), classes), (400 * 64, 2));
    let squares: f32 = outputs.features.iter().map(|v| v * v).sum();
    assert!((squares / outputs.features.len() as f32 - 1.0).abs() < 1e-3);
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let again = single.install(|| Classifier::train(&stripes, &Silent).unwrap());
    assert_eq!(again.source(), network.source());
    assert!(network.source().to_string().starts_with("classifier(stripes).feature@"), "{}", network.source());
    // The same bits in any company.
    for range in [77..78, 77..79, 60..100, 0..400] {
        let some = network.run(&images(&stripes.set)[range.clone()]).unwrap();
        assert_eq!(some.features, outputs.features[range.start * 64..range.end * 64]);
        assert_eq!(some.logits.unwrap().1, logits[range.start * classes..range.end * classes]);
    }
}

#[test]
fn other_images_weights_and_data_without_labels_are_refused() {
    let stripes = Stripes::new(100);
    let network = Classifier::train(&stripes, &Silent).unwrap();
    let square = ImageView { shape: ImageShape { channels: 1, height: 8, width: 8 }, bytes: &[0; 64] };
    let error = network.run(&[square]).unwrap_err();
    assert!(error.to_string().contains("8x8x1") && error.to_string().contains("9x8x1"), "{error}");
    // Three channels that are the same are one; of colours it sees the brightness.
    let plane: Vec<u8> = (0..72).map(|i| i * 3).collect();
    let (one, mut three) = (stripes.set.shape(), plane.repeat(3));
    let shape = ImageShape { channels: 3, ..one };
    let run = |shape, bytes: &[u8]| network.run(&[ImageView { shape, bytes }]);
    assert_eq!(run(shape, &three).unwrap(), run(one, &plane).unwrap());
    three[..72].fill(200);
    three[72..144].fill(100);
    three[144..].fill(50);
    assert_eq!(run(shape, &three).unwrap(), run(one, &[124; 72]).unwrap());
    let again = Classifier::new(network.weights().clone(), network.shape(), "mine").unwrap();
    assert_eq!(again.source().sha256(), network.source().sha256());
    let mut fewer = network.weights().clone();
    fewer.remove("class.bias");
    assert!(
        matches!(Classifier::new(fewer, network.shape(), "mine"), Err(vimae_core::Error::Parameter { name, .. }) if name == "class.bias")
    );
    assert!(Classifier::new(network.weights().clone(), square.shape, "mine").is_err());
    let none = Stripes { classes: 1, ..stripes };
    assert!(matches!(Classifier::train(&none, &Silent), Err(vimae_core::Error::Unsupported { .. })));
}

#[test]
fn of_several_sizes_the_first_that_the_weights_fit_is_taken() {
    let network = Classifier::train(&Stripes::new(100), &Silent).unwrap();
    let shape = |height, width| ImageShape { channels: 3, height, width };
    let of = |shapes: &[ImageShape]| Classifier::of_weights(network.weights().clone(), shapes, Path::new("mine.safetensors"));
    // Both convolutions leave 3 x 2 places of 9 x 8 pixels, and of 12 x 7.
    let found = of(&[shape(8, 8), shape(9, 8), shape(12, 7)]).unwrap();
    assert_eq!(found.shape(), network.shape());
    assert_eq!(of(&[shape(12, 7), shape(9, 8)]).unwrap().shape(), ImageShape { channels: 1, height: 12, width: 7 });
    let error = of(&[shape(8, 8), shape(28, 28), shape(4, 4), shape(40, 30), shape(50, 30)]).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    let said = error.to_string();
    let sizes = "images of 8 x 8, 28 x 28, 4 x 4 and 2 more sizes in the classifier mine.safetensors";
    assert!(said.starts_with(sizes) && said.contains("of 6 squares of 4 x 4 pixels; bring"), "{said}");
    let four = of(&[shape(8, 8), shape(28, 28), shape(4, 4), shape(40, 30)]).unwrap_err().to_string();
    assert!(four.starts_with("images of 8 x 8, 28 x 28, 4 x 4 and 1 more size in the classifier"), "{four}");
    let none = of(&[]).unwrap_err();
    assert!(matches!(none, Error::Unsupported { .. }), "{none}");
    assert!(none.to_string().starts_with("the classifier mine.safetensors without images"), "{none}");
    // 28 x 28 pixels are 7 x 7 squares.
    assert!(none_fits(Path::new("x"), &[shape(8, 8)], 49).to_string().contains("49 squares of 4 x 4 pixels, 28 x 28 for instance"));
    let mut other = network.weights().clone();
    other.remove("conv1.weight");
    let missing = Classifier::of_weights(other, &[shape(8, 8)], Path::new("x")).unwrap_err();
    assert!(matches!(&missing, Error::Parameter { name, .. } if name == "conv1.weight"), "{missing}");
}
