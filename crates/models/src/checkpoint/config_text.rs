//! The Python text of an OpenMMLab config (`meta.cfg` of a checkpoint), read as data: nothing is evaluated.
//!
//! mmengine prints a config as assignments of literals (`model = dict(backbone=dict(...), ...)`), so a parser of
//! literals reads it. In: the text from `openmmlab`. Out: the hints that shapes cannot give.

use super::Hints;
use std::collections::BTreeMap;

/// How deep literals may nest: mmdet's deepest config has 11 levels.
const MAX_DEPTH: usize = 64;

/// A Python literal. Numbers are f64, as every number wanted from a config is small.
#[derive(Clone, Debug, PartialEq)]
enum Literal {
    None,
    Bool(bool),
    Number(f64),
    Text(String),
    /// A list or a tuple.
    Sequence(Vec<Self>),
    Dict(BTreeMap<String, Self>),
}

/// What the `model` of a config says of the things that shapes are silent about. A text that has no readable `model`
/// says nothing.
#[must_use]
pub fn hints_of(text: &str) -> Hints {
    let Some(model) = assigned(text, "model") else { return Hints::default() };
    let test = |key: &str| model.number(&["test_cfg", key]);
    Hints {
        exp_on_reg: model.flag(&["bbox_head", "exp_on_reg"]),
        score_thr: test("score_thr").map(|value| value as f32),
        nms_pre: test("nms_pre").and_then(count),
        iou_threshold: model.number(&["test_cfg", "nms", "iou_threshold"]).map(|value| value as f32),
        max_per_img: test("max_per_img").and_then(count),
        share_conv: None,
        // mmpretrain's backbone has them in `arch`, mmpose 0.x's in itself.
        num_heads: model
            .number(&["backbone", "arch", "num_heads"])
            .or_else(|| model.number(&["backbone", "num_heads"]))
            .and_then(count),
    }
}

/// A number that counts something: whole and not negative.
fn count(value: f64) -> Option<usize> {
    (value.fract() == 0.0 && (0.0..=1e9).contains(&value)).then_some(value as usize)
}

/// The literal that a line starting with `name =` assigns, when it is one.
fn assigned(text: &str, name: &str) -> Option<Literal> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let value = line.strip_prefix(name).map(str::trim_start).and_then(|rest| rest.strip_prefix('='));
        if let Some(value) = value.filter(|value| !value.starts_with('=')) {
            let offset = start + line.len() - value.len();
            return Parser { rest: &text[offset..] }.literal(0);
        }
        start += line.len();
    }
    None
}

impl Literal {
    fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| match value {
            Self::Dict(entries) => entries.get(*key),
            _ => None,
        })
    }

    fn flag(&self, path: &[&str]) -> Option<bool> {
        match self.at(path)? {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn number(&self, path: &[&str]) -> Option<f64> {
        match self.at(path)? {
            Self::Number(value) => Some(*value),
            _ => None,
        }
    }
}

/// A cursor over the text not read yet. Every method gives `None` where the text is no literal.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn literal(&mut self, depth: usize) -> Option<Literal> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            '[' => self.sequence('[', ']', depth),
            '(' => self.sequence('(', ')', depth),
            '{' => self.mapping(depth),
            '\'' | '"' => self.text().map(Literal::Text),
            '+' | '-' | '.' | '0'..='9' => self.number(),
            _ => self.word(depth),
        }
    }

    /// `None`, `True`, `False`, or a `dict(...)` by any class's name (`ConfigDict(...)`).
    fn word(&mut self, depth: usize) -> Option<Literal> {
        match self.name()? {
            "None" => Some(Literal::None),
            "True" => Some(Literal::Bool(true)),
            "False" => Some(Literal::Bool(false)),
            "inf" => Some(Literal::Number(f64::INFINITY)),
            "nan" => Some(Literal::Number(f64::NAN)),
            "dict" | "ConfigDict" => self.keywords(depth),
            _ => None,
        }
    }

    fn keywords(&mut self, depth: usize) -> Option<Literal> {
        self.expect('(')?;
        let mut entries = BTreeMap::new();
        while !self.accept(')') {
            let key = self.name()?.to_owned();
            self.expect('=')?;
            entries.insert(key, self.literal(depth + 1)?);
            self.separator(')')?;
        }
        Some(Literal::Dict(entries))
    }

    /// `{'key': value}`. A key that is no text (`{0: 'nose'}`) is read and left out: nothing here is looked up by it.
    fn mapping(&mut self, depth: usize) -> Option<Literal> {
        self.expect('{')?;
        let mut entries = BTreeMap::new();
        while !self.accept('}') {
            let key = self.literal(depth + 1)?;
            self.expect(':')?;
            let value = self.literal(depth + 1)?;
            if let Literal::Text(key) = key {
                entries.insert(key, value);
            }
            self.separator('}')?;
        }
        Some(Literal::Dict(entries))
    }

    fn sequence(&mut self, open: char, close: char, depth: usize) -> Option<Literal> {
        self.expect(open)?;
        let mut items = Vec::new();
        while !self.accept(close) {
            items.push(self.literal(depth + 1)?);
            self.separator(close)?;
        }
        Some(Literal::Sequence(items))
    }

    fn number(&mut self) -> Option<Literal> {
        let digits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let text = self.take_while(digits);
        text.parse().ok().map(Literal::Number)
    }

    fn text(&mut self) -> Option<String> {
        let quote = self.peek()?;
        self.expect(quote)?;
        let mut value = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => value.push(characters.next()?.1),
                '\n' => return None,
                _ if character == quote => {
                    self.rest = &self.rest[at + quote.len_utf8()..];
                    return Some(value);
                }
                _ => value.push(character),
            }
        }
        None
    }

    fn name(&mut self) -> Option<&'a str> {
        self.skip_space();
        let name = self.take_while(|c| c.is_alphanumeric() || c == '_');
        (!name.is_empty()).then_some(name)
    }

    /// A comma, or the bracket that ends the list and is left for the caller.
    fn separator(&mut self, close: char) -> Option<()> {
        (self.accept(',') || self.peek() == Some(close)).then_some(())
    }

    fn expect(&mut self, wanted: char) -> Option<()> {
        self.accept(wanted).then_some(())
    }

    fn accept(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        found
    }

    fn peek(&mut self) -> Option<char> {
        self.skip_space();
        self.rest.chars().next()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RTMDET: &str = "\
work_dir = 'model = dict()'
model_wrapper_cfg = dict(test_cfg=dict(score_thr=9))
model = dict(
    backbone=dict(arch='P5', norm_cfg=dict(type='SyncBN')),
    bbox_head=dict(
        anchor_generator=dict(offset=0, strides=[8, 16, 32], type='MlvlPointGenerator'),
        exp_on_reg=True),
    data_preprocessor=dict(bgr_to_rgb=False, mean=(103.53, 116.28, 123.675,), batch_augments=None),
    test_cfg=dict(
        max_per_img=300, min_bbox_size=0, nms=dict(iou_threshold=0.65, type='nms'), nms_pre=30000, score_thr=0.001),
    train_cfg=dict(nms=dict(iou_threshold=0.1), allowed_border=-1, weights={0: 1e-05, 'b c': -.5}),
    type='RTMDet')
optim_wrapper = dict(type=<class 'x'>)
";

    #[test]
    fn what_an_rtmdet_config_says_of_its_head_and_its_tests_is_found() {
        let expected = Hints {
            exp_on_reg: Some(true),
            score_thr: Some(0.001),
            nms_pre: Some(30_000),
            iou_threshold: Some(0.65),
            max_per_img: Some(300),
            ..Hints::default()
        };
        assert_eq!(hints_of(RTMDET), expected);
    }

    #[test]
    fn a_vitpose_config_tells_its_heads_when_it_spells_its_architecture_out() {
        let spelled = "model = dict(backbone=dict(arch=dict(embed_dims=48, num_heads=3)))";
        assert_eq!(hints_of(spelled).num_heads, Some(3));
        assert_eq!(hints_of("model = dict(backbone=dict(arch='base'))"), Hints::default());
    }

    #[test]
    fn text_that_is_no_literal_says_nothing() {
        for text in
            ["", "model", "model = ", "model = dict(", "model = open('x')", "model = dict(a=1", "model == dict()"]
        {
            assert_eq!(hints_of(text), Hints::default(), "{text}");
        }
    }

    #[test]
    fn escapes_and_both_quotes_are_text() {
        let text = r#"{"it's": 'say \'x\'', 'a\\b': "c"}"#;
        let expected =
            [("it's", "say 'x'"), ("a\\b", "c")].map(|(key, value)| (key.to_owned(), Literal::Text(value.to_owned())));
        assert_eq!(Parser { rest: text }.literal(0), Some(Literal::Dict(BTreeMap::from(expected))));
    }

    #[test]
    fn brackets_nested_without_end_are_given_up_on() {
        let bomb = format!("model = {}", "[".repeat(1_000_000));
        assert_eq!(hints_of(&bomb), Hints::default());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,200}") {
            let _ = hints_of(&text);
            let _ = hints_of(&format!("model = {text}"));
        }

        #[test]
        fn a_damaged_config_is_read_without_panic(cut in 0..RTMDET.len(), at in 0..RTMDET.len(), to in "[\\(\\)\\[\\]{}'\"=,\\\\]") {
            let _ = hints_of(&RTMDET[..cut]);
            let mut damaged = RTMDET.to_owned();
            damaged.replace_range(at..=at, &to);
            let _ = hints_of(&damaged);
        }
    }
}
