//! What stands in which column, and what is marked.

use super::*;

/// Two standard errors either way: enough to see what is done with an interval.
fn two_errors(values: &[f64]) -> Option<[f64; 2]> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let error = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
    (values.len() > 1).then_some([mean - 2.0 * error, mean + 2.0 * error])
}

fn accuracy(values: &[(&str, [f64; 3])], protocol: &str) -> Vec<(String, u64, Measurement)> {
    let one = |value: f64| {
        Measurement::new("accuracy", "accuracy.clean", protocol.into(), "percent").valued(value, None).better(Direction::Higher)
    };
    let of = |(method, values): &(&str, [f64; 3])| {
        (0..).zip(*values).map(|(seed, value)| ((*method).to_owned(), seed, one(value))).collect::<Vec<_>>()
    };
    values.iter().flat_map(of).collect()
}

fn table(made: &[(String, u64, Measurement)]) -> HeadlineTable {
    table_of(made, |_| "")
}

/// With the digest of the images of each method.
fn table_of(made: &[(String, u64, Measurement)], data: impl Fn(&str) -> &'static str) -> HeadlineTable {
    let observations = made.iter().map(|(method, seed, measurement)| Observation {
        method,
        dataset: "digits",
        data: data(method),
        seed: *seed,
        code: Some(8),
        unsettled: None,
        measurement,
    });
    HeadlineTable::of(observations, two_errors)
}

#[test]
fn rows_keep_the_order_of_the_file_and_intervals_stay_inside_what_is_possible() {
    let made = accuracy(&[("another", [60.0, 61.0, 62.0]), ("vae", [98.0, 99.0, 100.0])], "svm(labels=10)");
    let table = table(&made);
    assert_eq!(table.rows.iter().map(|row| row.method.as_str()).collect::<Vec<_>>(), ["another", "VAE"]);
    let vae = &table.rows[1].values[0];
    let [low, high] = vae.interval.unwrap();
    assert_eq!((vae.mean, vae.deviation, high, vae.seeds), (Some(99.0), Some(1.0), 100.0, 3));
    assert!((low - 97.845).abs() < 1e-3, "{low}");
}

#[test]
fn a_method_of_fewer_seeds_than_others_is_named() {
    let made = accuracy(&[("another", [60.0, 61.0, 62.0]), ("vae", [98.0, 99.0, 100.0])], "svm(labels=10)");
    assert_eq!(table(&made).of_fewer_seeds(), None);
    let fewer: Vec<_> = made.into_iter().filter(|(method, seed, _)| method != "vae" || *seed < 2).collect();
    let table = table(&fewer);
    assert_eq!(table.of_fewer_seeds().as_deref(), Some("Of fewer seeds: VAE (2)."));
    assert!(table.legend(false).starts_with("Mean ± standard deviation over 3 seeds. Of fewer seeds: VAE (2)."), "{}", table.legend(false));
    assert!(crate::headline_text(&table, 100).contains("over 3 seeds. Of fewer seeds: VAE (2)."));
}

#[test]
fn the_best_is_marked_only_where_seeds_leave_no_doubt() {
    let best = |table: &HeadlineTable| table.rows.iter().map(|row| row.values[0].best).collect::<Vec<_>>();
    let clear = accuracy(&[("a", [60.0, 61.0, 62.0]), ("b", [70.0, 71.5, 72.0])], "svm(labels=10)");
    assert_eq!(best(&table(&clear)), [false, true]);
    let noisy = accuracy(&[("a", [60.0, 61.0, 62.0]), ("b", [59.0, 71.0, 63.0])], "svm(labels=10)");
    assert_eq!(best(&table(&noisy)), [false, false]);
    // Two seeds say too little, and other protocols do not compare.
    let two: Vec<_> = clear.iter().filter(|(_, seed, _)| *seed < 2).cloned().collect();
    assert_eq!(best(&table(&two)), [false, false]);
    assert_eq!(table(&two).rows[0].values[0].interval, None);
    let mut mixed = clear;
    for (_, _, measurement) in mixed.iter_mut().take(3) {
        measurement.protocol = "svm(labels=20)".into();
    }
    let mixed = table(&mixed);
    assert_eq!(best(&mixed), [false, false]);
    assert_eq!(mixed.columns[0].heading(), "Accuracy ↑ ‡");
    assert!(mixed.legend(false).ends_with("(b by svm(labels=10); a by svm(labels=20)): compare only equal protocols."));
}

#[test]
fn a_doubtful_value_is_not_the_best_and_neither_is_the_next() {
    let clear = [("a", [60.0, 61.0, 62.0]), ("b", [70.0, 71.5, 72.0]), ("c", [50.0, 51.0, 52.0])];
    let mut made = accuracy(&clear, "svm(labels=10)");
    assert!(table(&made).rows[1].values[0].best);
    for (_, _, measurement) in made.iter_mut().filter(|(method, seed, _)| method == "b" && *seed == 0) {
        measurement.doubts.push(Doubt::FewImages);
    }
    let table = table(&made);
    assert_eq!(table.rows.iter().map(|row| row.values[0].best).collect::<Vec<_>>(), [false; 3]);
    let why = "?: do not rely on it (on some seeds fewer than 30 images). No such value is marked as best.";
    assert!(table.legend(false).contains(why) && crate::headline_text(&table, 100).contains(why), "{}", table.legend(false));
    assert_eq!(table.rows[1].values[0].remarks().unwrap(), "do not rely on it: on some seeds fewer than 30 images");
}

#[test]
fn a_method_without_a_value_keeps_no_others_from_comparing() {
    let mut made = accuracy(&[("a", [60.0, 61.0, 62.0]), ("b", [70.0, 71.5, 72.0])], "svm(labels=10)");
    made.extend(accuracy(&[("c", [0.0; 3])], "none").into_iter().map(|(method, seed, mut measurement)| {
        measurement.value = None;
        (method, seed, measurement)
    }));
    let table = table(&made);
    assert_eq!(table.rows.iter().map(|row| row.values[0].best).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!((table.columns[0].heading().as_str(), table.columns[0].protocols.len()), ("Accuracy ↑", 1));
    assert!(!table.legend(false).contains("different methods"), "{}", table.legend(false));
}

#[test]
fn other_images_of_one_data_set_are_said_and_nothing_is_marked() {
    let clear = accuracy(&[("a", [60.0, 61.0, 62.0]), ("b", [70.0, 71.5, 72.0]), ("c", [50.0, 51.0, 52.0])], "svm(labels=10)");
    let binary = |method: &str| if method == "c" { "binary" } else { "gray" };
    let (same, other) = (table(&clear), table_of(&clear, binary));
    assert_eq!(same.rows.iter().map(|row| row.values[0].best).collect::<Vec<_>>(), [false, true, false]);
    assert!(other.rows.iter().all(|row| !row.values[0].best));
    assert!(other.legend(false).contains("on different images: a, b; c. Do not compare"), "{}", other.legend(false));
    assert!(!same.legend(false).contains("different images"));
}

#[test]
fn likelihoods_of_different_kinds_never_share_a_column() {
    let protocols = [
        ("vae", "nll.iwae(500,likelihood=bernoulli,binarise=stochastic(0),N=500)"),
        // More draws and fewer images are another estimate of the same.
        ("iwae", "nll.iwae(5000,likelihood=bernoulli,binarise=stochastic(0),N=50)"),
        ("fixed", "nll.iwae(500,likelihood=bernoulli,binarise=fixed(0),N=500)"),
        ("gray", "nll.iwae(500,likelihood=continuous_bernoulli,N=500)"),
        ("dequantised", "nll.iwae(500,likelihood=continuous_bernoulli,dequantised=0,N=500)"),
        ("levels", "nll.iwae(500,likelihood=discretised_logistic,N=500)"),
        ("plain", "nll.iwae(500,sigma=0.1,N=500)"),
    ];
    let made: Vec<(String, u64, Measurement)> = (0..3)
        .flat_map(|seed| {
            protocols.map(|(method, protocol)| {
                let value = Measurement::new("iwae", "nll", protocol.into(), "nats").better(Direction::Lower);
                let nats = if method == "iwae" { 90.0 } else { 95.0 } + 0.1 * seed as f64;
                (method.to_owned(), seed, value.valued(nats, None))
            })
        })
        .collect();
    let table = table(&made);
    let kinds: Vec<String> = table.columns.iter().map(HeadlineColumn::name).collect();
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    assert_eq!(kinds[0], "nll_iwae(likelihood=bernoulli, binarise=stochastic(0))");
    assert_eq!(kinds[3], "nll_iwae(likelihood=continuous_bernoulli, dequantised=0)");
    let filled = |row: &HeadlineRow| row.values.iter().map(|value| value.mean.is_some()).collect::<Vec<_>>();
    let places: Vec<usize> = table.rows.iter().map(|row| filled(row).iter().position(|filled| *filled).unwrap()).collect();
    assert_eq!(places, [0, 0, 1, 2, 3, 4, 5]);
    assert!(table.rows.iter().all(|row| filled(row).iter().filter(|filled| **filled).count() == 1));
    // What stands alone in its column is the best of nothing.
    let best: Vec<bool> = table.rows.iter().map(|row| row.values.iter().any(|value| value.best)).collect();
    assert_eq!(best, [false; 7]);
    assert!(table.keeps_apart());
    let alike: Vec<_> = made.into_iter().filter(|(method, ..)| method == "vae" || method == "iwae").collect();
    let alike = self::table(&alike);
    assert!(!alike.keeps_apart() && alike.columns.len() == 1 && alike.columns[0].name() == "nll_iwae");
}

#[test]
fn a_count_is_whole_where_all_seeds_say_so_and_has_its_most() {
    let units =
        |value: f64| Measurement::new("information", "information.active_units", "active_units(N=9)".into(), "1").valued(value, None);
    let units = |value: f64| units(value).noted("of 8".to_owned());
    let shown = |values: [f64; 2]| {
        let made: Vec<_> = (0..).zip(values).map(|(seed, value)| ("a".to_owned(), seed, units(value))).collect();
        let text = crate::headline_text(&table(&made), 100);
        assert!(!text.contains("Active units: of 8."), "{text}");
        text.lines().find_map(|line| line.strip_prefix("a ")).map(|rest| rest.trim().to_owned())
    };
    assert_eq!([shown([7.0, 7.0]), shown([7.0, 8.0])].map(Option::unwrap), ["7 of 8", "7.5 ± 0.7 of 8"]);
    // Two seeds without an active unit do not say that no seed has one.
    assert_eq!(shown([0.0, 0.0]).unwrap(), "0 of 8");
    // Where its most is not known, as in an export without a plan, it has no ± either.
    let made = [0, 1].map(|seed| ("a".to_owned(), seed, units(5.0)));
    let mut alone = table(&made);
    alone.rows[0].values[0].out_of = None;
    let text = crate::headline_text(&alone, 100);
    assert!(text.lines().any(|line| line.split_whitespace().eq(["a", "5"])), "{text}");
    // An interval ends where a count does.
    let made: Vec<_> = (0..).zip([1.0, 8.0, 8.0]).map(|(seed, value)| ("a".to_owned(), seed, units(value))).collect();
    let [low, high] = table(&made).rows[0].values[0].interval.unwrap();
    assert!((low - 1.0).abs() < 1e-9 && high == 8.0, "{low} {high}");
    let wide = HeadlineTable::of(
        made.iter().map(|(method, seed, measurement)| Observation {
            method,
            dataset: "",
            data: "",
            seed: *seed,
            code: None,
            unsettled: None,
            measurement,
        }),
        |_| Some([-3.0, 12.0]),
    );
    assert_eq!(wide.rows[0].values[0].interval, Some([0.0, 12.0]));
    // What is no count has its deviation, 0 or not.
    let alike = table(&accuracy(&[("a", [60.0; 3])], "svm(labels=10)"));
    assert_eq!(HeadlineTable::deviation(&alike.rows[0].values[0]), Some(0.0));
}

#[test]
fn a_rate_beside_no_active_unit_is_explained_below_the_table() {
    let of = |method: &str, units: f64, rate: f64| {
        let one = |entry: &str, metric: &str, protocol: &str, value: f64| {
            (method.to_owned(), 0_u64, Measurement::new(entry, metric, protocol.into(), "1").valued(value, None))
        };
        [
            one("information", "information.active_units", "active_units(variance=0.01,N=9)", units),
            one("rate", "rate", "rate.noise(K=64)", rate),
        ]
    };
    let small = table(&[of("vimae_l", 0.0, 30.0), of("vae", 8.0, 20.0)].concat());
    for legend in [small.legend(false), crate::headline_text(&small, 100)] {
        assert!(legend.contains("VIMAE-l has a rate and no active unit") && legend.contains("a variance above 0.01. The rate"), "{legend}");
    }
    let units = small.columns.iter().find(|column| column.headline.name == "active_units").unwrap();
    assert_eq!(units.about, "dimensions of the code whose mean varies over the images, by a variance above 0.01");
    // A method that has collapsed has no rate to speak of, and is said to have.
    for other in [of("vimae_l", 1.0, 30.0), of("vimae_l", 0.0, 0.05)] {
        assert!(!table(&[other, of("vae", 8.0, 20.0)].concat()).legend(false).contains("no active unit"));
    }
}

#[test]
fn a_collapsed_method_is_named_and_not_marked() {
    let of = |method: &str, seed: u64, metric: &str, value: f64| {
        let entry = metric.split('.').next().unwrap();
        (method.to_owned(), seed, Measurement::new(entry, metric, metric.into(), "1").valued(value, None).better(Direction::Lower))
    };
    let runs = |rate: f64| -> Vec<(String, u64, Measurement)> {
        let one = |seed: u64| {
            let noise = 0.001 * seed as f64;
            [of("a", seed, "mmd", noise), of("a", seed, "rate", rate), of("b", seed, "mmd", 0.5 - noise), of("b", seed, "rate", 9.0)]
        };
        (0..3).flat_map(one).collect()
    };
    let marked = |table: &HeadlineTable| table.rows.iter().map(|row| row.values[0].best).collect::<Vec<_>>();
    let (alive, collapsed) = (table(&runs(8.0)), table(&runs(0.01)));
    assert_eq!((marked(&alive), marked(&collapsed)), (vec![true, false], vec![false, false]));
    assert!(!alive.legend(false).contains("collapsed") && collapsed.legend(false).contains(" a has collapsed: its codes"));
    let rate = Measurement::new("rate", "rate", "rate.noise".into(), "nats").noted("infinite: trained without noise".to_owned());
    let without_rate = table(&[of("a", 0, "mmd", 0.1), ("a".to_owned(), 0, rate)]);
    assert!(without_rate.legend(false).ends_with("Rate has no value: infinite: trained without noise."), "{}", without_rate.legend(false));
    // Two seeds mark nothing, and it is said once.
    let two = table(&runs(0.01).into_iter().filter(|(_, seed, _)| *seed < 2).collect::<Vec<_>>());
    for legend in [two.legend(true), crate::headline_text(&two, 100)] {
        assert!(legend.contains("2 seeds, too few to mark anything as best.") && legend.contains("a has collapsed: its codes"), "{legend}");
        assert!(!legend.contains("None of its values") && legend.matches("as best").count() == 1, "{legend}");
    }
    // Of a training too short for batch norm that cannot be said.
    let made = runs(0.01);
    let observations = made.iter().map(|(method, seed, measurement)| Observation {
        method,
        dataset: "digits",
        data: "",
        seed: *seed,
        code: Some(8),
        unsettled: Some(10),
        measurement,
    });
    let short = HeadlineTable::of(observations, two_errors);
    let legend = short.legend(false);
    assert!(!legend.contains("collapsed") && legend.contains(" a was trained for 10 steps, too few for "), "{legend}");
    assert_eq!(marked(&short), [false, false]);
    let without_mmd = table(&runs(0.01).into_iter().filter(|(_, _, one)| one.metric != "mmd").collect::<Vec<_>>());
    assert!(collapsed.legend(false).contains("small MMD") && !without_mmd.legend(false).contains("MMD"));
}

#[test]
fn notes_of_values_stand_below_the_table_on_a_terminal() {
    let noted = |method: &str, note: &str| {
        let value = Measurement::new("fid_classifier", "fid_classifier", "fid.classifier(reference=test,N=9)".into(), "1");
        (method.to_owned(), 0_u64, value.valued(3.0, 0.5).noted((!note.is_empty()).then(|| note.to_owned())))
    };
    let text = |made: &[(String, u64, Measurement)]| crate::headline_text(&table(made), 100);
    let alike = text(&[noted("vae", "far"), noted("b", "far")]);
    assert!(alike.ends_with("\nFID (classifier): far.\n"), "{alike}");
    let apart = text(&[noted("vae", "far"), noted("b", "near"), noted("c", "far"), noted("d", "")]);
    assert!(apart.ends_with("\nFID (classifier) of VAE, c: far.\nFID (classifier) of b: near.\n"), "{apart}");
    // Over seeds each is that of one of them.
    let mut seeds = vec![noted("vae", "far"), noted("vae", "other")];
    seeds[1].1 = 1;
    assert!(text(&seeds).ends_with("\nFID (classifier) on 1 of 2 seeds: far.\n"), "{}", text(&seeds));
    seeds[1].2.note = Some("far".into());
    assert!(text(&seeds).ends_with("\nFID (classifier): far.\n"), "{}", text(&seeds));
    seeds[1].2.note = Some("5 count (median)".into());
    assert_eq!(table(&seeds).rows[0].values[0].remarks().unwrap(), "on 1 of 2 seeds: far");
    // Many are counted.
    let of = |count: usize| text(&(0..count).map(|i| noted(&format!("m{i}"), &format!("note {i}"))).collect::<Vec<_>>());
    let many = of(7);
    assert!(many.contains(" of m3: note 3.\n") && !many.contains("note 4"), "{many}");
    assert!(many.ends_with("FID (classifier): 3 more notes are not shown.\n"), "{many}");
    assert!(of(5).ends_with("FID (classifier): 1 more note is not shown.\n"), "{}", of(5));
}
