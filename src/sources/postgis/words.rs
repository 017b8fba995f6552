//! Texts that are made of others in SQL, and what of folded text it can find.

use super::columns::Compared;
use super::filter::Writer;
use super::sql::Bound;
use crate::expr::folding::Fold;
use crate::expr::function::Function;
use crate::expr::like::Pattern;
use crate::expr::{Comparison, Operand};
use crate::model::value::Value;

/// The blanks that are taken from around a text: all that Unicode has.
const BLANKS: &str = "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\
                      \u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";
/// Longest text that is spelled out as a regular expression, and most of a list.
const LONGEST: usize = 200;
const MOST_SPELLED: usize = 20;
/// What stands between letters where accents do not count: they are signs of their own as well.
const ACCENTS: &str = "[^\u{1}-\u{7f}]*";

impl Writer<'_> {
    /// A text as it is compared and measured by its characters.
    pub(super) fn words(&mut self, operand: &Operand) -> Option<String> {
        match operand {
            Operand::Property(name) => {
                let column = self.column(name)?;
                let is_text = matches!(column.compared, Compared::Text { .. }) && column.is_searched;
                is_text.then(|| format!("{}::text COLLATE \"C\"", column.stored()))
            }
            Operand::Literal(Value::Text(text)) if !text.contains('\0') => {
                let bound = self.bound(Bound::Text(text.clone()), "text");
                Some(format!("{bound} COLLATE \"C\""))
            }
            Operand::Call(Function::Trim, arguments) => match &arguments[..] {
                [text] => {
                    let text = self.words(text)?;
                    let blanks = self.bound(Bound::Text(BLANKS.to_owned()), "text");
                    Some(format!("btrim({text}, {blanks})"))
                }
                _ => None,
            },
            Operand::Call(Function::Concat, arguments) => match &arguments[..] {
                [first, second] => Some(format!("({} || {})", self.words(first)?, self.words(second)?)),
                _ => None,
            },
            _ => None,
        }
    }

    /// A comparison of texts.
    pub(super) fn compared_words(&mut self, left: &Operand, how: Comparison, right: &Operand) -> Option<()> {
        let left = self.words(left)?;
        let right = self.words(right)?;
        self.out.add(&format!("({left} {} {right})", how.sign()));
        Some(())
    }

    /// Whether a text without regard to case is this one, where no letter of it may be made of several others.
    pub(super) fn same_letters(&mut self, operand: &Operand, how: Comparison, text: &str) -> Option<()> {
        let sign = match how {
            Comparison::Equal => "~",
            Comparison::NotEqual => "!~",
            _ => return None,
        };
        let (name, fold) = folded(operand).filter(|(_, fold)| !fold.drops_accents())?;
        let spelled = Spelled::whole(fold, text)?;
        if !spelled.is_all {
            return None;
        }
        self.spell(name, sign, spelled.expression)
    }

    /// Rows whose text, folded, may be this one. An index of pg_trgm on the column serves such an expression.
    pub(super) fn may_be(&mut self, operand: &Operand, text: &str) -> Option<()> {
        let (name, fold) = folded(operand)?;
        self.spell(name, "~", Spelled::whole(fold, text)?.expression)
    }

    /// Rows whose text, folded, may be one of these.
    pub(super) fn may_be_one(&mut self, operand: &Operand, values: &[Value]) -> Option<()> {
        folded(operand).filter(|_| (1..=MOST_SPELLED).contains(&values.len()))?;
        for (at, value) in values.iter().enumerate() {
            let Value::Text(text) = value else { return None };
            self.out.add(if at == 0 { "(" } else { " OR " });
            self.may_be(operand, text)?;
        }
        self.out.add(")");
        Some(())
    }

    /// Rows whose text has the letters of a pattern, each spelled out: what the database takes for the same letter depends on its
    /// locale.
    pub(super) fn may_have(&mut self, operand: &Operand, pattern: &str) -> Option<()> {
        let (name, fold) = folded(operand)?;
        self.spell(name, "~", Spelled::pattern(fold, pattern)?.expression)
    }

    fn spell(&mut self, name: &str, sign: &str, expression: String) -> Option<()> {
        let column = self.column(name).filter(|column| column.is_searched)?;
        let stored = column.stored();
        self.out.add(&format!("{stored} {sign} "));
        self.out.bind(Bound::Text(expression), "text");
        Some(())
    }
}

/// The property whose text is folded, and how.
fn folded(operand: &Operand) -> Option<(&str, Fold)> {
    let (outer, inner) = match operand {
        Operand::Call(outer, arguments) => (*outer, arguments),
        _ => return None,
    };
    let (functions, name) = match &inner[..] {
        [Operand::Property(name)] => (vec![outer], name),
        [Operand::Call(inner, arguments)] => match &arguments[..] {
            [Operand::Property(name)] => (vec![*inner, outer], name),
            _ => return None,
        },
        _ => return None,
    };
    Some((name, Fold::of(&functions)?))
}

/// A regular expression that finds a folded text in rows.
struct Spelled {
    expression: String,
    /// Whether it says something.
    says: bool,
    /// Whether it says all.
    is_all: bool,
}

impl Spelled {
    fn new(fold: Fold, is_anchored: bool) -> Self {
        let begin = match (is_anchored, fold.drops_accents()) {
            (false, _) => String::new(),
            (true, false) => "^".to_owned(),
            (true, true) => format!("^{ACCENTS}"),
        };
        Self { expression: begin, says: false, is_all: true }
    }

    /// The whole text.
    fn whole(fold: Fold, text: &str) -> Option<Self> {
        let letters: Vec<char> = text.chars().take(LONGEST + 1).collect();
        if letters.len() > LONGEST {
            return None;
        }
        let mut spelled = Self::new(fold, true);
        spelled.add(fold, &letters, true);
        spelled.expression.push('$');
        (spelled.says || spelled.is_all).then_some(spelled)
    }

    /// What stands together in a pattern.
    fn pattern(fold: Fold, pattern: &str) -> Option<Self> {
        let pattern = Pattern::new(pattern);
        let mut spelled = Self::new(fold, !pattern.prefix().is_empty());
        for (at, run) in pattern.runs().iter().enumerate() {
            if at > 0 {
                spelled.skip();
            }
            spelled.add(fold, run, false);
        }
        spelled.says.then_some(spelled)
    }

    /// Anything.
    fn skip(&mut self) {
        self.is_all = false;
        if !self.expression.ends_with(".*") {
            self.expression.push_str(".*");
        }
    }

    fn add(&mut self, fold: Fold, run: &[char], is_whole: bool) {
        for (&letter, is_made) in run.iter().zip(fold.made_of_one(run, is_whole)) {
            let letters = if is_made || letter == '\0' { Vec::new() } else { fold.spellings(letter) };
            self.says |= !letters.is_empty();
            match letters[..] {
                // Other letters may stand here, and another number of them.
                [] => {
                    self.skip();
                    continue;
                }
                [one] if one.is_ascii() && !one.is_ascii_alphanumeric() => self.expression.extend(['\\', one]),
                [one] => self.expression.push(one),
                _ => {
                    self.expression.push('[');
                    self.expression.extend(&letters);
                    self.expression.push(']');
                }
            }
            if fold.drops_accents() {
                self.expression.push_str(ACCENTS);
            }
        }
    }
}
