//! HTML that is well-formed as XML too: every element is closed where it was opened, and every text escaped.

use std::fmt::{Display, Write};

/// A document being written.
#[derive(Debug, Default)]
pub(super) struct Html {
    text: String,
}

impl Html {
    /// A whole page with this title, this style and what `body` writes.
    pub(super) fn page(title: &str, style: &str, body: impl FnOnce(&mut Self)) -> String {
        let mut html = Self { text: "<!DOCTYPE html>\n".to_owned() };
        html.element("html", &[("lang", "en"), ("xmlns", XHTML)], |html| {
            html.element("head", &[], |html| {
                html.void("meta", &[("charset", "utf-8")]);
                html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
                html.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
                html.leaf("title", &[], title);
                // The style is the crate's own, and holds nothing to escape.
                html.element("style", &[], |html| html.text.push_str(style));
            });
            html.element("body", &[], body);
        });
        html.text.push('\n');
        html.text
    }

    /// An element and what `content` writes into it.
    pub(super) fn element(&mut self, name: &str, attributes: &[(&str, &str)], content: impl FnOnce(&mut Self)) {
        self.open(name, attributes);
        self.text.push('>');
        content(self);
        self.text.extend(["</", name, ">"]);
        // Not after words: a space there would show.
        if BLOCKS.contains(&name) {
            self.text.push('\n');
        }
    }

    /// An element that holds a text alone.
    pub(super) fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: impl Display) {
        self.element(name, attributes, |html| html.text(text));
    }

    /// An element that holds nothing, such as `meta` or a shape of SVG.
    pub(super) fn void(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.open(name, attributes);
        self.text.push_str("/>");
    }

    /// Text, escaped.
    pub(super) fn text(&mut self, text: impl Display) {
        escape(&mut self.text, text);
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.text.extend(["<", name]);
        for (name, value) in attributes {
            self.text.extend([" ", name, "=\""]);
            escape(&mut self.text, value);
            self.text.push('"');
        }
    }
}

const XHTML: &str = "http://www.w3.org/1999/xhtml";
/// Elements that end a line of the file.
const BLOCKS: [&str; 12] = ["head", "header", "section", "h1", "h2", "tr", "dl", "p", "li", "figure", "svg", "footer"];

/// Appends `text` so that it is text: markup is escaped, and what no document may hold is replaced.
fn escape(to: &mut String, text: impl Display) {
    let mut raw = String::new();
    // Writing to a string cannot fail.
    let _ = write!(raw, "{text}");
    for letter in raw.chars() {
        match letter {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            '\t' | '\n' => to.push(letter),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => to.push('\u{fffd}'),
            letter => to.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_never_markup() {
        let mut html = Html::default();
        html.leaf("b", &[("title", "\"<&>'")], "<script>\u{0}\u{7}");
        assert_eq!(html.text, "<b title=\"&quot;&lt;&amp;&gt;&#39;\">&lt;script&gt;\u{fffd}\u{fffd}</b>");
    }
}
