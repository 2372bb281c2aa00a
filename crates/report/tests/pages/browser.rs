//! The page in a real browser: Chromium, from Debian's package `chromium` or where the variable `CHROME` says.
#![expect(clippy::unwrap_used, reason = "tests may fail where they stand")]

#[path = "../../examples/screenshot/browser.rs"]
mod driver;

use std::path::Path;

use driver::{Browser, Screen, find};
use serde_json::{Value, json};
use tempfile::TempDir;
use vimae_report::{PageInput, page};
use vimae_spec::{Cell, Comparisons, Measurement, PairedComparison, SummaryRow};
use vimae_testing::need;

use crate::made_up::{MadeUp, results};

const DESK: Screen = Screen { width: 1280, height: 900, scale: 1.0, dark: false, phone: false };
const PHONE: Screen = Screen { width: 375, height: 812, scale: 1.0, dark: false, phone: true };
const AUDIT: &str = include_str!("browser/audit.js");

/// A browser, or why there is none.
fn browser() -> Result<Browser, &'static str> {
    let program = find().ok_or("no chromium, chromium-browser or google-chrome in PATH, and CHROME names none")?;
    Ok(Browser::start(&program).unwrap())
}

/// Pages to look at, by what is special about them.
fn pages(folder: &TempDir) -> Vec<(&'static str, String)> {
    let fresh = |seeds| results(folder.path(), seeds).unwrap();
    let mut pages = vec![("all there", fresh(3))];
    let mut missing = fresh(1);
    missing.experiments.iter_mut().for_each(|experiment| experiment.runs.clear());
    (missing.cells, missing.summary) = (Vec::new(), Vec::new());
    pages.push(("nothing finished", missing));
    let mut odd = fresh(2);
    for (i, row) in odd.summary.iter_mut().enumerate() {
        row.mean = [None, Some(f64::NAN), Some(f64::INFINITY), Some(-1e300)][i % 4];
        row.interval = Some([f64::NAN, f64::INFINITY]);
        row.note = Some("NaN in 1 of 3 seeds".into());
        row.protocol.name += "(with,a=very,long=protocol,that,does=not,break=at,any=space,since=there,are=none)";
    }
    odd.cells.iter_mut().for_each(|cell| cell.measurement.value = Some(f64::NAN));
    odd.experiments[0].runs.iter_mut().for_each(|run| run.record.spec.method += "[objective.beta=0.125,noise.sigma=0.01]");
    pages.push(("not finite", odd));
    let made = |made_up: &MadeUp| {
        let comparisons = Comparisons { pairs: (1..30).map(pair).collect(), ..made_up.comparisons.clone() };
        page(&PageInput { comparisons: Some(&comparisons), ..made_up.input() }).unwrap()
    };
    pages.into_iter().map(|(name, made_up)| (name, made(&made_up))).collect()
}

/// Two methods on the same seeds; a single seed has no test.
fn pair(n: usize) -> PairedComparison {
    let several = |value: f64| (n > 1).then_some(value);
    PairedComparison {
        target: "table3".into(),
        dataset: "digits".into(),
        paper_dataset: None,
        metric: "accuracy.mask_0_5".into(),
        protocol: "svm.transductive(kernel=rbf,labels=1000,pool=1000,noise=test,code=mean)".into(),
        unit: "percent".into(),
        direction: vimae_spec::Direction::Higher,
        method: "vae".into(),
        other: format!("other{n}"),
        n,
        difference: 5.0 - n as f64,
        interval: (n > 1).then_some([3.0 - n as f64, 7.0 - n as f64]),
        t: several(1.0),
        p_t: several(0.01),
        p_t_holm: several(0.1 / n as f64),
        p_permutation: several(0.01),
        p_permutation_floor: several(0.0625),
        p_permutation_holm: several(0.00001 * n as f64),
        exact: true,
    }
}

fn open(browser: &mut Browser, folder: &Path, html: &str, anchor: &str, screen: Screen) {
    let path = folder.join("page.html");
    std::fs::write(&path, html).unwrap();
    browser.open(&path, anchor, screen).unwrap();
}

/// What one of the functions of `audit.js` finds.
fn audit(browser: &mut Browser, call: &str) -> Value {
    browser.evaluate(&format!("{}.{call}", AUDIT.trim_end())).unwrap()
}

/// Errors on the console, broken rules of the page's policy, and requests but for the page and what is inside it.
fn complaints(browser: &Browser) -> Vec<String> {
    let complaint = |event: &Value| {
        let parameters = &event["params"];
        let url = parameters["request"]["url"].as_str().unwrap_or_default();
        match event["method"].as_str()? {
            "Runtime.exceptionThrown" => Some(parameters["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" => Some(parameters["args"].to_string()),
            "Log.entryAdded" => Some(parameters["entry"]["text"].to_string()),
            "Network.requestWillBeSent" if !url.starts_with("data:") && !url.ends_with("/page.html") => Some(url.to_owned()),
            _ => None,
        }
    };
    browser.events.iter().filter_map(complaint).collect()
}

#[test]
fn pages_are_quiet_ask_nothing_of_a_network_and_bring_their_font() {
    let mut browser = need!(browser());
    let folder = tempfile::tempdir().unwrap();
    for (name, html) in pages(&folder) {
        open(&mut browser, folder.path(), &html, "", DESK);
        browser.evaluate("scrollTo(0, 1e9)").unwrap();
        audit(&mut browser, "unfold()");
        assert_eq!(complaints(&browser), [""; 0], "{name}");
        let fonts = browser.evaluate("[...document.fonts].map((font) => font.status)").unwrap();
        assert_eq!(fonts, json!(["loaded"]), "{name}");
        let family = browser
            .evaluate("document.querySelectorAll('svg text')[0] && getComputedStyle(document.querySelector('svg text')).fontFamily")
            .unwrap();
        assert!(name == "nothing finished" || family.as_str().unwrap().starts_with("\"Inter page\""), "{name}: {family}");
        assert!(browser.print().unwrap().starts_with(b"%PDF"), "{name}");
        let image = browser.image(true).unwrap();
        let height = png::Decoder::new(std::io::Cursor::new(&image)).read_info().unwrap().info().height;
        assert_eq!(json!(height), browser.evaluate("document.documentElement.scrollHeight").unwrap(), "{name}");
    }
    // The same eyes see what is wrong with another page, and the policy stops what the page must not fetch.
    let wrong = "<!DOCTYPE html><title>x</title><script>console.error('no'); nowhere();</script><img src='file:///nowhere.png'>";
    open(&mut browser, folder.path(), wrong, "", DESK);
    let complaints_found = complaints(&browser).join("\n");
    for expected in ["no", "nowhere is not defined", "file:///nowhere.png"] {
        assert!(complaints_found.contains(expected), "{expected} in {complaints_found}");
    }
    let (_, html) = pages(&folder).swap_remove(0);
    let fetching = html.replace("</main>", "<img src=\"http://127.0.0.1:9/x.png\" alt=\"x\"></main>");
    open(&mut browser, folder.path(), &fetching, "", DESK);
    assert!(complaints(&browser).iter().any(|c| c.contains("Content Security Policy")), "{:?}", complaints(&browser));
}

#[test]
fn letters_stand_out_images_have_words_and_headings_are_in_order() {
    let mut browser = need!(browser());
    let folder = tempfile::tempdir().unwrap();
    for (name, html) in pages(&folder) {
        for dark in [false, true] {
            open(&mut browser, folder.path(), &html, "", Screen { dark, ..DESK });
            audit(&mut browser, "unfold()");
            assert!(audit(&mut browser, "texts()").as_u64().unwrap() > 30, "{name}");
            assert_eq!(audit(&mut browser, "contrast()"), json!([]), "{name}, dark: {dark}");
            assert_eq!(audit(&mut browser, "unnamed()"), json!([]), "{name}");
            let back = browser.evaluate("getComputedStyle(document.body).backgroundColor").unwrap();
            assert_eq!(back == json!("rgb(255, 255, 255)"), !dark, "{name}: {back}");
        }
    }
    let faint = "<!DOCTYPE html><body style='background: #fff'><h2 style='color: #999'>faint</h2><p style='color: #767676'>enough</p><img src='data:,'>";
    open(&mut browser, folder.path(), faint, "", DESK);
    assert_eq!(audit(&mut browser, "contrast()"), json!(["2.85 to 1: h2. \"faint\""]));
    assert_eq!(audit(&mut browser, "unnamed()"), json!(["img ", "h2 after h0"]));
}

#[test]
fn nothing_scrolls_sideways_on_a_phone() {
    let mut browser = need!(browser());
    let folder = tempfile::tempdir().unwrap();
    for (name, html) in pages(&folder) {
        for screen in [PHONE, Screen { width: 320, ..PHONE }, Screen { width: 768, phone: false, ..PHONE }] {
            open(&mut browser, folder.path(), &html, "", screen);
            assert_eq!(audit(&mut browser, "wide()"), json!([]), "{name} at {}", screen.width);
            audit(&mut browser, "unfold()");
            assert_eq!(audit(&mut browser, "wide()"), json!([]), "{name} unfolded at {}", screen.width);
        }
    }
    let wide = "<!DOCTYPE html><meta name=viewport content='width=device-width'><p style='width: 500px'>wide</p>";
    open(&mut browser, folder.path(), wide, "", PHONE);
    assert_ne!(audit(&mut browser, "wide()"), json!([]));
}

#[test]
fn every_table_sorts_by_every_column() {
    let mut browser = need!(browser());
    let folder = tempfile::tempdir().unwrap();
    for (name, html) in pages(&folder) {
        open(&mut browser, folder.path(), &html, "", DESK);
        assert_eq!(audit(&mut browser, "unsorted()"), json!([]), "{name}");
        assert_eq!(complaints(&browser), [""; 0], "{name}");
    }
    // A script that does not sort is found out.
    let (_, html) = pages(&folder).swap_remove(0);
    open(&mut browser, folder.path(), &html.replace("up ? a - b", "up ? b - a"), "", DESK);
    assert_ne!(audit(&mut browser, "unsorted()"), json!([]));
}

#[test]
fn a_link_to_a_folded_value_unfolds_it() {
    let mut browser = need!(browser());
    let folder = tempfile::tempdir().unwrap();
    let (_, html) = pages(&folder).swap_remove(0);
    let place = |name: &str| {
        format!(
            "(() => {{ const box = document.getElementById('{name}').getBoundingClientRect(); return box.height > 0 && box.top >= 0 && box.top < innerHeight }})()"
        )
    };
    for kind in ["v", "m", "run-"] {
        let start = html.find(&format!(" id=\"{kind}")).map(|at| at + 5).unwrap();
        let name = html[start..].split('"').next().unwrap();
        open(&mut browser, folder.path(), &html, &format!("#{name}"), DESK);
        assert_eq!(browser.evaluate(&place(name)).unwrap(), json!(true), "{name} when opened");
        open(&mut browser, folder.path(), &html, "", DESK);
        assert_eq!(browser.evaluate(&place(name)).unwrap(), json!(false), "{name} is not folded");
        let followed =
            format!("new Promise((done) => {{ addEventListener('hashchange', () => setTimeout(done)); location.hash = '{name}' }})");
        browser.evaluate(&followed).unwrap();
        assert_eq!(browser.evaluate(&place(name)).unwrap(), json!(true), "{name} when followed");
    }
}

#[test]
fn ten_thousand_values_stay_folded_and_sort() {
    let mut browser = need!(browser());
    let folder = tempfile::tempdir().unwrap();
    let many = |cells: usize| -> (MadeUp, usize) {
        let mut made_up = results(folder.path(), 1).unwrap();
        let (cell, row): (Cell, SummaryRow) = (made_up.cells[0].clone(), made_up.summary[0].clone());
        let value = |i: usize| Some(((i * 7_919) % cells) as f64);
        made_up.cells.extend((0..cells).map(|i| Cell {
            measurement: Measurement { metric: format!("metric{i}"), value: value(i), ..cell.measurement.clone() },
            ..cell.clone()
        }));
        made_up.summary.extend((0..cells / 2).map(|i| SummaryRow { method: format!("method{i}"), mean: value(i), ..row.clone() }));
        let size = page(&made_up.input()).unwrap().len();
        (made_up, size)
    };
    let ((_, small), (made_up, size)) = (many(10), many(10_000));
    assert!(size - small < 15_000_000, "{} bytes for 10 000 values and 5 000 means", size - small);
    let html = page(&made_up.input()).unwrap();
    open(&mut browser, folder.path(), &html, "", PHONE);
    let height = browser.evaluate("document.documentElement.scrollHeight").unwrap();
    assert!(height.as_u64().unwrap() < 40_000, "{height} px before anything is unfolded");
    let sorted = "(() => {
        const table = document.querySelector('#values table');
        document.querySelector('#values details').open = true;
        const value = [...table.tHead.rows[0].cells].findIndex((head) => head.textContent === 'Value');
        table.tHead.rows[0].cells[value].querySelector('button').click();
        const values = [...table.tBodies[0].rows].map((row) => Number(row.cells[value].dataset.value)).filter((v) => !Number.isNaN(v));
        return [values.length, values.every((v, i) => i === 0 || values[i - 1] <= v)];
    })()";
    let found = browser.evaluate(sorted).unwrap();
    assert!(found[0].as_u64().unwrap() >= 10_000 && found[1] == json!(true), "{found}");
    assert_eq!(audit(&mut browser, "wide()"), json!([]));
    assert_eq!(complaints(&browser), [""; 0]);
}
