//! The document around a page: its language, its policy, its font and its style.

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");
/// Inter, cut down to the letters of a page; `font/subset.sh` makes it.
const FONT: &[u8] = include_bytes!("font/inter.woff2");
/// Lets the browser enforce what the page promises: nothing comes from outside of it.
const POLICY: &str = "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// One self-contained document with `body`.
pub(crate) fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                // A browser asks a server for an icon where a page names none.
                link rel="icon" href="data:,";
                style { (PreEscaped(font_face())) (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

fn font_face() -> String {
    let data = BASE64_STANDARD.encode(FONT);
    format!(
        "@font-face {{ font-family: \"Inter page\"; font-weight: 400 650; src: url(data:font/woff2;base64,{data}) format(\"woff2\"); }}\n"
    )
}
