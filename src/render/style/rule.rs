//! A rule: which features, at which scales, with which symbols.

use serde::{Deserialize, Deserializer, de};

use super::symbol::Symbol;
use crate::expr::{Expr, check, cql2};
use crate::model::schema::Schema;

/// A rule of a style.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What the legend says.
    pub title: Option<String>,
    /// Which features it draws; all where left out. In CQL2 text.
    pub filter: Option<Expr>,
    /// Whether it draws what no rule with a filter took.
    pub otherwise: bool,
    /// It draws from this scale denominator.
    pub min_scale: Option<f64>,
    /// It draws below this scale denominator.
    pub max_scale: Option<f64>,
    /// What it draws, the first at the bottom.
    pub symbols: Vec<Symbol>,
}

impl Rule {
    /// A rule that draws everything.
    pub fn new(symbols: Vec<Symbol>) -> Self {
        Self { title: None, filter: None, otherwise: false, min_scale: None, max_scale: None, symbols }
    }

    /// Whether it draws at a scale, given by its denominator.
    pub fn shows_at(&self, scale: f64) -> bool {
        self.min_scale.is_none_or(|min| min <= scale) && self.max_scale.is_none_or(|max| scale < max)
    }

    pub(super) fn check(&mut self, schema: &Schema) -> Result<(), String> {
        if let Some(filter) = &self.filter {
            // The rows that are drawn have the map's coordinates, and fewer vertices.
            if filter.reads_geometry() {
                return Err("a rule's filter is about properties, not about the geometry".to_owned());
            }
            let checked = check(filter, schema)?;
            checked.fields(schema).map_err(|name| format!("there is no property '{name}'"))?;
            self.filter = Some(checked);
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            title: Option<String>,
            filter: Option<String>,
            #[serde(default)]
            otherwise: bool,
            min_scale: Option<f64>,
            max_scale: Option<f64>,
            symbols: Vec<Symbol>,
        }
        let Written { title, filter, otherwise, min_scale, max_scale, symbols } = Written::deserialize(deserializer)?;
        let wrong = |message: String| Err(de::Error::custom(message));
        let filter = match filter.as_deref().map(cql2::parse).transpose() {
            Ok(filter) => filter,
            Err(fault) => return wrong(format!("the filter cannot be read: {fault}")),
        };
        if otherwise && filter.is_some() {
            return wrong("a rule has a filter, or draws what is left with otherwise = true, not both".to_owned());
        }
        for scale in [min_scale, max_scale].into_iter().flatten() {
            if !(scale > 0.0 && scale.is_finite()) {
                return wrong(format!("a scale is the denominator, such as 50000 for 1:50000, and {scale} is none"));
            }
        }
        if let (Some(min), Some(max)) = (min_scale, max_scale)
            && min >= max
        {
            return wrong(format!("min_scale {min} is not below max_scale {max}, so that the rule never draws"));
        }
        Ok(Self { title, filter, otherwise, min_scale, max_scale, symbols })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        toml::from_str::<Rule>(text).unwrap_err().message().to_owned()
    }

    #[test]
    fn a_slip_of_the_pen_is_told() {
        for (text, words) in [
            ("symbols = []\nfilter = 'a ='", "the filter cannot be read"),
            ("symbols = [{ fil = 'red' }]", "unknown variant `fil`"),
            ("symbols = [{ fill = 'reed' }]", "'reed' is no colour"),
            ("symbols = [{ fill = { color = 'red', opacty = 1 } }]", "unknown field `opacty`"),
            ("symbols = [{ fill = { color = 'red', opacity = 2 } }]", "between 0 and 1"),
            ("symbols = [{ stroke = { color = 'red', width = '2 km' } }]", "'2 km' is no length"),
            ("symbols = [{ stroke = { color = 'red', dash = [0, 0] } }]", "dash and gap"),
            ("symbols = [{ stroke = { color = 'red', join = 'mitre' } }]", "mitre"),
            ("symbols = [{ marker = { shape = 'cube' } }]", "cube"),
            ("symbols = []\nmin_scale = 10\nmax_scale = 5", "never draws"),
            ("symbols = []\nmin_scale = 0", "denominator"),
            ("symbols = []\nfilter = 'a = 1'\notherwise = true", "not both"),
            ("symbols = []\nminscale = 10", "unknown field `minscale`"),
        ] {
            assert!(fault(text).contains(words), "{text}: {}", fault(text));
        }
    }
}
